"""Answers as text (assistant/references.py) and what each citation says (assistant/answers.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.answering import Assistant
from assistant.answers import Citation, Quote
from assistant.references import to_markdown, to_terminal
from ingest.documents import Locator

QUOTE = Quote("the very words", "0" * 64, 3, 17)


@pytest.fixture
def citation(small: Assistant) -> Citation:
    return replace(small.ask("How does gradient descent work?").citations[0], locator=Locator(written="sec. 2", page=4))


@pytest.mark.parametrize(
    ("change", "says", "solid"),
    [
        ({"check": "not_held"}, "The text is not here, so nothing was checked", False),
        ({"check": None}, "held here, but to no single sentence", False),
        ({"check": "not_held", "basis": "record"}, "the full text was not read", False),
        ({"check": "words_found", "quote": QUOTE}, "our author's judgement", True),
        ({"check": "moved", "quote": QUOTE}, "elsewhere in this edition", True),
        ({"check": "words_found", "quote": QUOTE, "relation": "quotes"}, "word for word. Found in our copy", True),
        ({"check": "words_found", "quote": QUOTE, "relation": "related"}, "not checked to support", True),
        ({"check": "altered", "quote": QUOTE, "relation": "quotes"}, "The words were changed", False),
        ({"check": "misattributed", "quote": QUOTE}, "in another resource", False),
        ({"check": "fabricated", "quote": QUOTE}, "No held resource", False),
    ],
)
def test_every_case_is_told_in_plain_words(citation: Citation, change: dict, says: str, solid: bool):
    """What was checked, and whose words they are, is said for each case; only found words make a solid mark."""
    changed = replace(citation, **change)
    assert says in changed.explanation
    assert changed.solid is solid
    assert "Doe (2001), sec. 2, p. 4" in changed.explanation
    assert ("Our words" in changed.explanation) is (
        changed.relation == "paraphrases" and changed.check not in ("altered", "misattributed", "fabricated")
    )


def test_the_terminal_shows_everything(small: Assistant):
    """Notice, text, a mark a citation, its explanation and address, and what to read next."""
    shown = to_terminal(small.ask("What is momentum?"))
    assert shown.startswith("From our study notes")
    assert "□ [1] Slopes and Valleys" in shown
    assert "https://example.org/slopes" in shown
    assert "Read next:" in shown


def test_markdown_has_a_footnote_for_each_citation(small: Assistant):
    """Every marker of the text has its footnote, and no other."""
    answer = small.ask("Are momentum and gradient descent the same thing?")
    shown = to_markdown(answer)
    assert all(shown.count(f"[^{c.number}]:") == 1 for c in answer.citations)
    assert f"[^{len(answer.citations) + 1}]" not in shown
