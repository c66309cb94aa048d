"""Cutting documents into passages (ingest/passages.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Mark, Parsed, Section
from ingest.passages import PASSAGE_TOKENS, cut, stands_alone

LONG = "Gradient descent walks downhill in small steps until the ground is flat."


def count(texts: object) -> list[int]:
    return [len(str(t).split()) for t in texts]  # type: ignore[attr-defined]


def document(paragraphs: list[str], marks: tuple[Mark, ...] = ()) -> Parsed:
    text = "\n\n".join(paragraphs)
    return Parsed(text, sections=(Section(0, len(text), ("Chapter", "Descent")),), marks=marks)


def test_passages_follow_headings():
    """A passage never runs from one section into the next, and carries its heading path."""
    text = f"One\n\n{LONG}\n\nTwo\n\n{LONG}"
    second = text.index("Two")
    parsed = Parsed(
        text,
        sections=(Section(0, second, ("One",)), Section(second, len(text), ("Two",))),
        marks=(Mark(0, 3, "heading"), Mark(second, second + 3, "heading")),
    )
    passages = cut(parsed, count)
    assert [(p.heading, text[p.start : p.end]) for p in passages] == [(("One",), LONG), (("Two",), LONG)]
    whole, spans = passages[0].embedded(text)
    assert whole == f"One: {LONG}"
    assert [whole[a:b] for a, b in spans] == [text[s.start : s.end] for s in passages[0].sentences]


def test_passages_fit_the_model():
    """Whole sentences are gathered up to the size that the model reads."""
    parsed = document([" ".join([LONG] * 60)])
    passages = cut(parsed, count)
    assert len(passages) > 3
    assert all(sum(count([parsed.text[s.start : s.end] for s in p.sentences])) <= PASSAGE_TOKENS for p in passages)
    assert "".join(parsed.text[p.start : p.end].replace(" ", "") for p in passages) == parsed.text.replace(" ", "")


def test_marked_text_is_left_out():
    """References, formulas and captions are neither searched nor quoted."""
    parsed = document([LONG, "Doe, J. (2001). A paper that is cited here. Journal of Papers, 3."])
    start = parsed.text.index("Doe")
    marked = document(parsed.text.split("\n\n"), (Mark(start, len(parsed.text), "reference"),))
    assert "Doe" in parsed.text[cut(parsed, count)[-1].start : cut(parsed, count)[-1].end]
    assert all("Doe" not in marked.text[p.start : p.end] for p in cut(marked, count))


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        (LONG, True),
        ("This lowers the loss in every single step of training.", False),
        ("However, the loss may still rise again after a while.", False),
        ("Figure 3 shows the loss of the network over time.", False),
        ("The loss is minimised by the rule given in equation (4).", False),
        ("Cubuk et al. (2018) propose AutoAugment to augment the data by itself.", True),
        ("The example below shows the graph of such a width in two colours.", False),
        ("The agent that solved the maze in the end uses one such heuristic.", False),
        ("The documentation has more information about the rule of descent.", False),
        ("A similar function computes the distance between all of the points.", False),
        ("We use the following rule for all of the steps:", False),
        ("A short one.", False),
        ("In the rest of the chapter we will look at other rules of descent.", False),
        ("The authors propose a rule that scales each step by its size.", False),
        ("With vectors we can encode this ability in the geometry of the words.", False),
        ("A step is scaled by its size, and this step is then taken by all.", True),
        ("The rule that follows from (??) is the one that people use.", False),
        ("Let me go back to the matrix that we had at the start.", False),
        ("In the above example the gradient is zero for half of the units.", False),
        ("The sign \ufffd of this book is not told by its file.", False),
        ("Momentum in the plane of parameters is a vector of R^20 here.", True),
        ("x = y + z - 4 * 7 / 2 and 3 = 4 * 9 + 2.", False),
        ("A feature has the response exp 2σ 2 i ) that falls with the distance.", False),
        ("The kernel methods of Scholkopf and Smola ¨ are much older than that.", False),
        ("The target of the data {x {i}} N i is the label of the pair.", False),
        ("1If the problem were one of control, the reward would be negative.", False),
        ("7.3 Traces that accumulate were introduced in the year of 1988.", False),
        ("The plan has two parts: 1) look at the slope, and b) take a step.", True),
        ("The share of the reward lies in the interval [0, 1) for each step (and never more).", True),
        ("The step is scaled by $a ( b$ where the book leaves its bracket open.", True),
        ("where the gradient is taken with respect to every weight.", False),
    ],
)
def test_sentences_that_make_sense_alone_are_known(sentence: str, alone: bool):
    """A sentence with an unresolved opening, or that points at what is not shown, does not stand alone."""
    assert stands_alone(sentence) is alone


@given(st.lists(st.text(alphabet="abc .?!\n\"'()", max_size=80), max_size=8))
def test_spans_are_ordered_and_inside(paragraphs: list[str]):
    """Passages and their sentences are ordered, disjoint spans of the text, without white space at their ends."""
    parsed = document(paragraphs)
    last = 0
    for passage in cut(parsed, count):
        for sentence in passage.sentences:
            assert last <= sentence.start < sentence.end <= len(parsed.text)
            assert parsed.text[sentence.start : sentence.end].strip() == parsed.text[sentence.start : sentence.end]
            last = sentence.end
        assert (passage.start, passage.end) == (passage.sentences[0].start, passage.sentences[-1].end)
