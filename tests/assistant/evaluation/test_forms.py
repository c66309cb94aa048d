"""One question in other forms (assistant/evaluation/forms.py), and that answers do not hang on the form."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from assistant.answering import Assistant
from assistant.evaluation.forms import Kept, forms, kept, key_words, misspelt, other_spelling
from assistant.talk import asked_alone, without_talk
from tests.assistant.test_questions import NAMES
from tests.conftest import ROOT

FORMS = {"misspelt", "British or American", "plural or singular", "abbreviation", "key words", "chatty"}
#: The share of questions whose form finds the same first claim.
LEAST = 0.9


def asked(count: int) -> list[str]:
    """Every n-th question of the test split that the list answers."""
    rows = [
        json.loads(line)
        for name in ("bank-list", "practice")
        for line in (ROOT / "corpus" / "questions" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    found = [r["question"] for r in rows if r["split"] == "test" and r["answerable"] == "yes"]
    return found[:: max(1, len(found) // count)][:count]


def finding(assistant: Assistant) -> Callable[[str], list[str]]:
    """Which claims an answer is made of, in order."""
    return lambda question: [c.claim or "" for c in assistant.ask(question).citations]


def test_the_forms_are_made_by_rule(real: Assistant):
    """Each form is the question as somebody else would type it; a form that changes nothing is left out."""
    made = forms("Why does batch normalisation need the mean of a convolutional neural network?", real.vocabulary)
    assert made.keys() == FORMS
    assert made["misspelt"] == "Why does batch normalsiation need the mean of a convolutional neural network?"
    assert made["British or American"].startswith("Why does batch normalization")
    assert made["key words"] == "Why batch normalisation need convolutional neural network"
    assert forms("Why?", real.vocabulary).keys() == {"key words", "chatty"}


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        ("regularise", "regularize"),
        ("Optimizer color", "Optimiser colour"),
        ("size", "size"),
        ("modelling", "modeling"),
    ],
)
def test_spelling_goes_both_ways(typed: str, other: str):
    """British becomes American where there is any, else the other way; what only looks like it stays."""
    assert other_spelling(typed) == other


def test_small_rules():
    """Letters are swapped inside the longest word; key words keep what tells one question from another."""
    assert misspelt("What is dropout?") == "What is drooput?"
    assert misspelt("What is a CNN?") == "What is a CNN?"
    assert key_words("What is the difference between a CNN and an RNN?") == "difference between CNN and RNN"


def test_counting_what_is_kept():
    """A form counts where the question finds a claim; the first claim and all claims are told apart."""
    found = {"What is overfitting?": ["a", "b"]}
    counts = kept(
        ["What is overfitting?", "What is nothing?"], _Words(), lambda q: found.get(q, ["a"] if "overfit" in q else [])
    )
    assert counts["key words"] == Kept(1, 1, 0)


class _Words:
    names = NAMES


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Hi! I'm new to this and got stuck. What is a CNN? Thanks a lot!", "What is a CNN?"),
        ("Sorry if this is a silly question, but why do RNNs overfit?", "why do RNNs overfit?"),
        ("I have an exam tomorrow. Could you please tell me: CNN vs RNN", "CNN vs RNN"),
        ("ok so i was wondering, what is backprop cheers", "what is backprop"),
        ("I would like to understand how a CNN learns", "how a CNN learns"),
        ("I was wondering if you could explain what an RNN is", "explain what an RNN is"),
        ("My loss does not decrease. What should I look at?", "My loss does not decrease. What should I look at?"),
        ("I trained a CNN on cats. Why does it fail?", "I trained a CNN on cats. Why does it fail?"),
        ("a CNN: what is it good for?", "a CNN: what is it good for?"),
        ("Do you know any other names?", "Do you know any other names?"),
        ("thanks", "thanks"),
        ("My professor said that CNNs overfit. Why?", "CNNs overfit. Why?"),
        ("I heard on the radio that backprop is slow", "backprop is slow"),
        ("They said yes", "They said yes"),
    ],
)
def test_talk_around_a_question_is_left_out(typed: str, left: str):
    """Greetings, thanks and how somebody came to ask go; what names a concept, asks or tells the case stays."""
    assert without_talk(typed, NAMES) == left
    assert without_talk(left, NAMES) == left


def _check(assistant: Assistant, count: int) -> None:
    counts = kept(asked(count), assistant.vocabulary, finding(assistant))
    shares = {form: (k.count, round(k.first / k.count, 3), round(k.all / k.count, 3)) for form, k in counts.items()}
    print(f"form: questions, same first claim, same claims: {shares}")
    assert sum(k.first for k in counts.values()) >= LEAST * sum(k.count for k in counts.values())


def test_a_few_questions_find_the_same_in_every_form(real: Assistant):
    """A sample of the long test below."""
    _check(real, 12)


@pytest.mark.long
def test_questions_find_the_same_in_every_form(real: Assistant):
    """300 questions that no weight was fitted on, each in up to six forms: nine of ten forms find the same first claim."""
    _check(real, 300)


def test_the_case_told_before_a_question_is_left_out_where_it_hides_it():
    """Only what is asked is left; a text that asks nothing stays. An unsure answer is sought again by it."""
    assert asked_alone("I wrote it by hand. How do I check it? And why?") == "How do I check it? And why?"
    assert asked_alone("CNNs in general.") == "CNNs in general."
