"""Slips of the hand in a question (assistant/spelling.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering import Assistant
from assistant.spelling import Spelling

TEXTS = [
    "neural network",
    "the gradient of a neural network",
    "dropout in a neural network",
    "dropout and gradient",
] * 3


def mended(text: str) -> str:
    spelling = Spelling(TEXTS)
    words = {w for t in TEXTS for w in t.split()}
    return spelling.mended(text, lambda w: w.casefold() in words)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nueral network", "neural network"),
        ("Dropuot in a netwrok?", "Dropout in a network?"),
        ("the gradiant", "the gradient"),
        ("LoRA", "LoRA"),
        ("dripoat", "dripoat"),
        ("GPT4 netw0rk", "GPT4 netw0rk"),
        ("grad", "grad"),
        ("networker in a network", "networker in a network"),
        ("val acc is stuck", "validation accuracy is stuck"),
        ("train loss and val loss", "training loss and validation loss"),
        ("how to train a network", "how to train a network"),
        ("dropouts't a network", "dropouts't a network"),
    ],
)
def test_small_slips_are_mended_and_names_left_alone(typed: str, meant: str):
    """One edit in a short word, two in a long one, clipped words written out; names, numbers and what is too far stay."""
    assert mended(typed) == meant


@given(st.text(max_size=80))
def test_words_of_the_notes_never_change(text: str):
    """What the notes know is left alone, and mending twice changes nothing more."""
    assert mended("neural network") == "neural network"
    assert mended(mended(text)) == mended(text)


def test_the_answer_says_how_it_was_understood(small: Assistant):
    """A misspelt question is answered as its mended form, which the answer shows."""
    answer = small.ask("What is mometnum?")
    assert answer.standalone_question == "What is momentum?"
    assert answer.statements[0].text == small.ask("What is momentum?").statements[0].text


def test_a_common_word_that_the_notes_lack_is_no_slip(real: Assistant):
    """What the model has whole in its vocabulary is left alone: "bunch" is not mended to "lunch"."""
    answer = real.ask("Is a neural network just a bunch of logistic regressions?")
    assert "bunch" in answer.standalone_question
