"""The window of a reading that answers where the claims are silent (assistant/writers/windows.py)."""

from __future__ import annotations

import pytest

from assistant.retrieval import PassageFound
from assistant.writers.windows import COVERED, NEAR, covered, says, window
from ingest.documents import Mark, Parsed
from ingest.index.store import StoredPassage
from ingest.passages import cut

ALONE = "Momentum keeps a running mean of the gradients."
GOES_ON = "It damps the steps that zigzag across a valley."
ASKED = "What does momentum damp across a valley?"
AWAY = "Figure 3 shows the path of such a step in the plane."


def found(text: str, best: str, cosine: float = 0.9, marks: tuple[Mark, ...] = ()) -> PassageFound:
    """The first passage of a text, found by the sentence that begins with ``best``."""
    (passage,) = cut(Parsed(text, marks=marks), lambda texts: [len(t.split()) for t in texts])
    at = next(n for n, s in enumerate(passage.sentences) if text[s.start :].startswith(best))
    return PassageFound(StoredPassage("p", "doe/paper.md", passage), 1.0, cosine, at, cosine)


def shown(
    text: str, best: str, cosine: float = 0.9, marks: tuple[Mark, ...] = (), asked: str = ASKED, least: float = 0.0
) -> str | None:
    """The words of the window, or None."""
    made = window([found(text, best, cosine, marks)], asked, lambda stem: 1.0, lambda _, a, b: text[a:b], least)
    return text[made[1] : made[2]] if made else None


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        (f"{ALONE} {GOES_ON} {GOES_ON}", ALONE, f"{ALONE} {GOES_ON}"),
        (f"{ALONE} {GOES_ON}", "It damps", f"{ALONE} {GOES_ON}"),
        (f"{GOES_ON} {ALONE}", "It damps", None),
        (f"{ALONE} Snow falls on the hut in every winter.", ALONE, ALONE),
        (f"{ALONE} {AWAY}", ALONE, ALONE),
        (f"{ALONE} {AWAY}", "Figure 3", None),
        (f"{ALONE}\n\n{GOES_ON}", ALONE, ALONE),
        (f"{ALONE}\n\n{GOES_ON}", "It damps", None),
        (f"{ALONE} The sign \ufffd is not told by the file.", ALONE, ALONE),
        (f"{ALONE} {GOES_ON} {GOES_ON} They are few.", "They", None),
    ],
)
def test_a_window_opens_with_what_makes_sense_alone(text: str, best: str, expected: str | None) -> None:
    """The best sentence, with the ones before it that it needs and one more on the matter; nothing that points elsewhere."""
    assert shown(text, best) == expected


def test_a_window_does_not_leap_over_a_formula() -> None:
    """A sentence behind a formula that is not shown is not part of the window."""
    text = f"{ALONE} $$v = a + b$$ {GOES_ON}"
    start = text.index("$$")
    assert shown(text, ALONE, marks=(Mark(start, text.rindex("$$") + 2, "formula"),)) == ALONE


def test_better_no_window_than_one_far_from_the_question() -> None:
    """Below the least cosine there is none."""
    assert shown(ALONE, ALONE, NEAR - 0.01) is None
    assert shown(ALONE, ALONE, NEAR) == ALONE


def test_better_no_window_than_one_on_another_subject() -> None:
    """A stretch near the question that lacks its words is none; the heading above counts as said."""
    assert shown(ALONE, ALONE, asked="What is the running mean of gradients?", least=COVERED) == ALONE
    assert shown(ALONE, ALONE, asked="What is the running mean of weights?", least=COVERED) is None


def test_a_number_is_not_answered_without_one() -> None:
    """Asked how many or when, a stretch without any number is none."""
    steps = "Momentum takes some steps across the valley."
    assert shown(steps, steps, asked="How many steps does momentum take?") is None
    counted = "Momentum takes 12 steps across the valley."
    assert shown(counted, counted, asked="How many steps does momentum take?") == counted


@pytest.mark.parametrize(
    ("question", "text", "share"),
    [
        ("policy-based", "Off-policy methods learn.", 0.0),
        ("policy-based", "Policy-free methods learn.", 0.0),
        ("policy-based", "A policy gradient is estimated.", 1.0),
        ("policy-based", "Policy-based methods learn.", 1.0),
        ("policy", "Policy-based methods learn.", 1.0),
        ("policy", "Off-policy methods learn.", 0.0),
        ("feed forward network", "A feedforward network is deep.", 1.0),
        ("feedforward network", "A feed-forward network is deep.", 1.0),
        ("backpropagation", "By back propagation the gradient is found.", 1.0),
        ("What is momentum for valleys?", "Momentum is old.", 0.5),
        ("What is it?", "Momentum is old.", 0.0),
    ],
)
def test_hyphenated_words_match_whole_or_by_their_first_part(question: str, text: str, share: float) -> None:
    """A later part of a hyphenated word, or another second part, is another thing; spelt apart or as one it is the same."""
    assert covered(question, text, lambda stem: 1.0) == share


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        ("What is a tuple?", "There is more to learn about tuples.", False),
        ("What is a tuple?", "A tuple is an ordered list of values.", True),
        ("What is a tuple?", "The tuple is adapted from a book.", False),
        ("What are tuples?", "Tuples – ordered lists that never change.", True),
        ("What is AutoAugment?", "Cubuk et al. (2018) propose AutoAugment for images.", True),
        ("What is DualGAN?", "Many use a testbed, e.g., CycleGAN and DualGAN.", False),
        ("What does the hidden layer do?", "The hidden layer computes the features of the input.", True),
        ("What does a hidden layer do?", "We saw one hidden layer.", False),
        ("What is a tuple in Python?", "Python has lists and tuples.", False),
        ("What is the acrobot?", "One aim of controlling the acrobot is to swing its tip.", False),
        ("What is the acrobot?", "In mechanics, the acrobot is a robot of two links.", True),
        ("What is Thorndike's Law of Effect?", "Thorndike later modified the law of effect.", False),
        ("What are applications of tuples?", "Applications of tuples include keys of tables.", True),
        ("What is the size of a tuple?", "There is more to learn about tuples.", True),
        ("Why use tuples?", "There is more to learn about tuples.", True),
    ],
)
def test_what_a_thing_is_must_be_told_of_it(question: str, text: str, told: bool) -> None:
    """A stretch that only names the thing does not say what it is; of an attribute and other questions nothing is asked."""
    assert says(question, text) is told


def test_rare_words_weigh_more() -> None:
    """What names the subject counts more than words that are everywhere."""
    weights = {"momentum": 9.0, "slope": 1.0}
    assert covered("slope momentum", "The momentum is kept.", weights.__getitem__) == pytest.approx(0.9)
