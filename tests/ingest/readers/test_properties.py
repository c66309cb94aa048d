"""Properties that hold for any bytes: spans are sorted and within the text, and only ``ReadingError`` is raised."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.documents import Parsed
from ingest.errors import ReadingError
from ingest.readers import Guard, captions
from ingest.readers.guard import READERS, from_json, read_here, to_json

ALPHABET = st.sampled_from(list("ab Z.?\n#*_`$\\()[]{}<>|-=:;>1\u00ad\ufb01\x0c\ue001é漢"))
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(parsed: Parsed) -> None:
    size = len(parsed.text)
    for spans in (parsed.sections, parsed.boxes, parsed.marks):
        assert all(0 <= span.start < span.end <= size for span in spans)
        assert [span.start for span in spans] == sorted(span.start for span in spans)
    starts = [place.start for place in parsed.places]
    assert starts == sorted(starts)
    assert all(0 <= start < max(1, size) for start in starts)
    assert all(0 <= b.left <= b.right <= 1 and 0 <= b.top <= b.bottom <= 1 for b in parsed.boxes)
    assert "\n\n\n" not in parsed.text
    parsed.text.encode("utf-8")
    assert not set(parsed.text) & set("\x00\x0c\x1f\u00ad")


def read(format_: str, data: bytes) -> None:
    with suppress(ReadingError):
        parsed = read_here(data, READERS[format_])
        check(parsed)
        assert from_json(json.loads(to_json(parsed))) == parsed


@SLOW
@given(st.text(ALPHABET, max_size=300))
@pytest.mark.parametrize("format_", ["markdown", "html", "captions"])
def test_any_text_is_read_or_refused(format_: str, text: str) -> None:
    """Whatever a text file holds."""
    read(format_, text.encode("utf-8", "replace"))


@SLOW
@given(st.binary(max_size=300))
@pytest.mark.parametrize("format_", ["markdown", "html", "captions", "notebook"])
def test_any_bytes_are_read_or_refused(format_: str, data: bytes) -> None:
    """Whatever bytes a file holds."""
    read(format_, data)


@SLOW
@given(st.lists(st.tuples(st.floats(0, 9e4), st.text(ALPHABET, max_size=60)), max_size=12))
def test_any_captions_have_sorted_seconds(cues: list[tuple[float, str]]) -> None:
    """Cues in any order come out by time, and their places within the text."""
    lines = ["WEBVTT", ""]
    for second, text in cues:
        minutes, rest = divmod(second, 60)
        stamp = f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{int(rest):02d}.000"
        lines += [f"{stamp} --> {stamp}", text, ""]
    try:
        parsed = captions.read("\n".join(lines).encode("utf-8", "replace"))
    except ReadingError:
        return
    check(parsed)
    seconds = [place.seconds or 0.0 for place in parsed.places]
    assert seconds == sorted(seconds)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "worksheets", "level", "markdown"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@SLOW
@given(JSON)
def test_any_json_as_a_notebook(value: object) -> None:
    """JSON of any shape is a notebook with what text it has, or refused."""
    read("notebook", json.dumps(value).encode())


@pytest.fixture(scope="module")
def fragile() -> object:
    with Guard() as guard:
        yield guard


@SLOW
@given(data=st.data())
def test_mutated_pdfs_are_read_or_refused(
    data: st.DataObject, fragile: Guard, make_pdf: Callable[..., bytes], lines_at: Callable[..., list[object]]
) -> None:
    """Flipped, lost and repeated bytes never bring down more than their own file."""
    made = bytearray(make_pdf([lines_at(["1 Heading of it", "Some words in a line."] * 4) for _ in range(2)]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(9, len(made) - 1))
        how = data.draw(st.integers(0, 2))
        if how == 0:
            made[at] = data.draw(st.integers(0, 255))
        elif how == 1:
            del made[at : at + data.draw(st.integers(1, 40))]
        else:
            made[at:at] = made[max(0, at - 20) : at]
    with suppress(ReadingError):
        check(fragile.read(bytes(made), "mutated.pdf", "pdf"))


@SLOW
@given(
    st.lists(
        st.tuples(
            st.floats(-50, 700),
            st.floats(-50, 900),
            st.floats(1, 40),
            st.sampled_from("FBT"),
            st.text("ab 1.=-(", max_size=30),
        ),
        max_size=40,
    )
)
def test_any_layout_has_sound_spans(
    fragile: Guard, make_pdf: Callable[..., bytes], drawn: list[tuple[float, float, float, str, str]]
) -> None:
    """Words strewn over a page in any sizes."""
    with suppress(ReadingError):
        check(fragile.read(make_pdf([drawn, drawn]), "strewn.pdf", "pdf"))
