"""Quotations in any text and who is named beside them (assistant/quotations.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.quotations import names_of, quotations
from ingest.catalogue import load_catalogue

WORDS = "five words and then more"
DOE, ROE = ("doe-2001-descent",), ("roe-2002-slopes",)


def found(corpus: Path, text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(" ".join(q.split()), named) for q, named in quotations(text, names_of(load_catalogue(corpus)))]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"Doe (2001) says “{WORDS}”.", DOE),
        (f"Doe 2001: \"{WORDS}\"", DOE),
        (f"As Jane Doe put it in 2001, «{WORDS}».", DOE),
        (f"See roe-2002-slopes: „{WORDS}“", ROE),
        (f"Somebody says “{WORDS}”.", ()),
        (f"Walking Downhill says “{WORDS}”.", ()),
        ("Doe (2001) writes:\n\n> five words\n> and then more\n", DOE),
        (f"> {WORDS}\n>\n> — Roe (2002)\n", ROE),
        (f"Doe (2001) is good.\n\n“{WORDS}”", ()),
        (f"[^1]: Doe (2001). “{WORDS}”\n[^2]: Roe (2002). Nothing.", DOE),
        (f"- Roe (2002) has “{WORDS}”\n- Doe (2001) has nothing", ROE),
        ("“Doe (2001) is where these words stand”, says Roe (2002).", ROE),
        ("\"five words\nand then more\" (Doe, 2001)", DOE),
    ],
)  # fmt: skip
def test_a_quotation_belongs_to_those_its_paragraph_names(corpus: Path, text: str, named: tuple[str, ...]):
    """By id, by surname and year, above a block quote or below it; a short title or a name inside the quotation names nobody."""
    assert [n for _, n in found(corpus, text)] == [named]


def test_marks_of_markdown_are_no_words(corpus: Path):
    """Escapes and entities are read as what they stand for."""
    assert found(corpus, r"“five \*words\* and x \< y &amp; more”") == [("five *words* and x < y & more", ())]


def test_phrases_are_no_quotations(corpus: Path):
    """Fewer than four words are passed over."""
    assert found(corpus, "A “short phrase here” and a 'word'.") == []
