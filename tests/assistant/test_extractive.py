"""The window of a reading that answers where the claims are silent (assistant/writers/extractive.py)."""

from __future__ import annotations

import pytest

from assistant.retrieval import PassageFound
from assistant.writers.extractive import WINDOW_COSINE, window
from ingest.documents import Mark, Parsed
from ingest.index.store import StoredPassage
from ingest.passages import cut

ALONE = "Momentum keeps a running mean of the gradients."
GOES_ON = "It damps the steps that zigzag across a valley."
AWAY = "Figure 3 shows the path of such a step in the plane."


def found(text: str, best: str, cosine: float = 0.9, marks: tuple[Mark, ...] = ()) -> PassageFound:
    """The first passage of a text, found by the sentence that begins with ``best``."""
    (passage,) = cut(Parsed(text, marks=marks), lambda texts: [len(t.split()) for t in texts])
    at = next(n for n, s in enumerate(passage.sentences) if text[s.start :].startswith(best))
    return PassageFound(StoredPassage("p", "doe/paper.md", passage), 1.0, cosine, at, cosine)


def shown(text: str, best: str, cosine: float = 0.9, marks: tuple[Mark, ...] = ()) -> str | None:
    """The words of the window, or None."""
    made = window([found(text, best, cosine, marks)], lambda passage, start, end: text[start:end])
    return text[made[1] : made[2]] if made else None


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        (f"{ALONE} {GOES_ON} {GOES_ON}", ALONE, f"{ALONE} {GOES_ON}"),
        (f"{ALONE} {GOES_ON}", "It damps", f"{ALONE} {GOES_ON}"),
        (f"{GOES_ON} {ALONE}", "It damps", None),
        (f"{ALONE} {AWAY}", ALONE, ALONE),
        (f"{ALONE} {AWAY}", "Figure 3", None),
        (f"{ALONE}\n\n{GOES_ON}", ALONE, ALONE),
        (f"{ALONE}\n\n{GOES_ON}", "It damps", None),
        (f"{ALONE} The sign \ufffd is not told by the file.", ALONE, ALONE),
        (f"{ALONE} {GOES_ON} {GOES_ON} They are few.", "They", None),
    ],
)
def test_a_window_opens_with_what_makes_sense_alone(text: str, best: str, expected: str | None) -> None:
    """The best sentence, with the ones before it that it needs and one more; never what points at something not shown."""
    assert shown(text, best) == expected


def test_a_window_does_not_leap_over_a_formula() -> None:
    """A sentence behind a formula that is not shown is not part of the window."""
    text = f"{ALONE} $$v = a + b$$ {GOES_ON}"
    start = text.index("$$")
    assert shown(text, ALONE, marks=(Mark(start, text.rindex("$$") + 2, "formula"),)) == ALONE


def test_better_no_window_than_one_far_from_the_question() -> None:
    """Below the least cosine there is none."""
    assert shown(ALONE, ALONE, WINDOW_COSINE - 0.01) is None
    assert shown(ALONE, ALONE, WINDOW_COSINE) == ALONE
