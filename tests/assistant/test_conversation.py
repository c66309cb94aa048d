"""Follow-ups (assistant/conversation.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.conversation import MOST, TURNS, Turn, standalone
from assistant.naming import Names
from ingest.notes import read_notes
from tests.assistant.test_questions import NAMES
from tests.conftest import ROOT

SAME = "Are gradient descent and backprop the same thing?"
BN = "What is batch normalization?"


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        ([], "and which of them needs the chain rule?", "and which of them needs the chain rule?"),
        ([SAME], "and which of them needs the chain rule?", "Which of gradient descent and backprop needs the chain rule?"),
        ([SAME], "what is the second one used for?", "What is backprop used for?"),
        ([BN], "why does it help?", "Why does batch normalization help?"),
        ([BN], "what about dropout?", "What is dropout?"),
        ([BN], "and layer normalization?", "What is layer normalization?"),
        ([BN], "what are its disadvantages?", "What are batch normalization's disadvantages?"),
        ([BN], "Can you give an example?", "What is an example of batch normalization?"),
        ([BN], "How does an RNN read text?", "How does an RNN read text?"),
        ([BN, "What is an RNN?"], "How is it trained?", "How is an RNN trained?"),
        ([BN], "why?", "Why is batch normalization used?"),
        ([BN], "and its derivative?", "What is the derivative of batch normalization?"),
        (["Should I use an RNN or a CNN?"], "why not the second one?", "Why not a CNN?"),
        ([BN], "what are the drawbacks", "What are the drawbacks of batch normalization?"),
        ([BN], "is that the same as dropout?", "Is batch normalization the same as dropout?"),
        ([BN], "can you explain it more simply?", "What is the intuition behind batch normalization?"),
        ([BN], "and if the batch is tiny?", "What happens if the batch is tiny in batch normalization?"),
        (["Can an RNN read text?"], "then what can?", "What can read text?"),
        ([BN], "How does an RNN work, and why is it slow?", "How does an RNN work, and why is it slow?"),
        ([BN], "what's the weather like today", "what's the weather like today"),
        ([BN], "how about without momentum?", "What is batch normalization without momentum?"),
        ([BN], "where can I read more?", "Where can I read about batch normalization?"),
        ([BN], "who wrote that paper?", "Who wrote batch normalization?"),
        ([SAME], "which is faster?", "Which of gradient descent and backprop is faster?"),
        (["What is a convolutional neural network?"], "and the recurrent kind?", "What is a recurrent neural network?"),
        ([BN], "thanks! now what is overfitting?", "What is overfitting?"),
        ([BN], "by the way, what is overfitting?", "What is overfitting?"),
        ([BN], "forget that. How do trees grow?", "How do trees grow?"),
        (["What does Ruder say of overfitting?"], "what else has he written?", "What else has Ruder written?"),
        (["What is an RNN?", "how is it trained?", "why is that done?"], "and a CNN?", "Why is a CNN done?"),
        (["What is an RNN?", "and a CNN?"], "which one is faster?", "Which of an RNN and a CNN is faster?"),
        (["What is an RNN?", "and a CNN?"], "what's the difference?", "What's the difference between an RNN and a CNN?"),
        (["Is dropout useful in a CNN?"], "is that also true for RNNs?", "Is dropout useful in RNNs?"),
        (["How does an RNN prevent overfitting?"], "does a CNN do the same?", "How does a CNN prevent overfitting?"),
        (["Is batch normalization useful?"], "why not?", "Why is batch normalization not useful?"),
        (["Is batch normalization useful?"], "who says that?", "Who says that batch normalization is useful?"),
        (["What happens if the learning rate is too high?"], "and too low?", "What happens if the learning rate is too low?"),
        ([BN], "is dropout better?", "Is dropout better than batch normalization?"),
        ([BN], "better than dropout?", "Is batch normalization better than dropout?"),
        ([BN], "whats the difference to dropout?", "How does batch normalization differ from dropout?"),
        ([BN], "when would I use that instead of dropout?", "When would I use batch normalization instead of dropout?"),
        ([BN], "what should I use instead?", "What should I use instead of batch normalization?"),
        ([BN], "I don't get it", "What is the intuition behind batch normalization?"),
        (["What is an RNN?"], "which ones are there?", "Which RNNs are there?"),
        (["What is an RNN?"], "what's the bidirectional one?", "What's the bidirectional RNN?"),
        (["How does an RNN use backprop?"], "and a CNN?", "How does a CNN use backprop?"),
        ([BN], "Does it make sense to read Nielsen first?", "Does it make sense to read Nielsen first?"),
        ([BN], "ok thanks. who is Yann LeCun?", "Who is Yann LeCun?"),
        ([BN], "let's move on. what is overfitting?", "What is overfitting?"),
    ],
)  # fmt: skip
def test_a_follow_up_stands_alone(history: list[str], question: str, expected: str):
    """What a follow-up leaves out is filled in from the turn before; a new subject is left as it is."""
    assert standalone(question, [Turn(q) for q in history], NAMES) == expected


@pytest.fixture(scope="module")
def names() -> Names:
    """The names of all concepts of our own notes."""
    notes = read_notes(ROOT / "corpus" / "notes")
    return Names(
        {n.concept: (n.name, n.concept.replace("-", " "), *n.aliases) for n in notes if n.concept}, {"map", "gap"}
    )


def understood(row: dict[str, Any], names: Names) -> bool:
    """Whether a follow-up, as understood, names all that its standalone form names, and a new subject nothing of the old one."""
    before: list[Turn] = []
    for question in row["history"]:
        before.append(Turn(standalone(question, before, names)))
    said = {m.concept for m in names.mentions(standalone(row["question"], before, names))}
    wanted = {m.concept for m in names.mentions(row["standalone"])}
    return wanted <= said if row["kind"] == "follow-up" else said == wanted


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("kind", ["follow-up", "change-of-subject"])
def test_most_follow_ups_of_the_bank_are_understood(split: str, kind: str, names: Names):
    """Of the written follow-ups of each half, and of the changes of subject, at least four in five are understood."""
    rows = [json.loads(line) for line in (ROOT / "corpus/questions/followups.jsonl").read_text("utf-8").splitlines()]
    found = [understood(r, names) for r in rows if (r["split"], r["kind"]) == (split, kind)]
    assert sum(found) >= 0.8 * len(found) > 0


def test_a_follow_up_that_stands_alone_stays(names: Names):
    """What was understood once is understood as the same again: interfaces may hand back either form."""
    rows = [json.loads(line) for line in (ROOT / "corpus/questions/followups.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        before = [Turn(q) for q in row["history"]]
        once = standalone(row["question"], before, names)
        if names.mentions(once):
            again = {m.concept for m in names.mentions(standalone(once, before, names))}
            assert again == {m.concept for m in names.mentions(once)}, (once, row["id"])


def test_a_long_history_costs_nothing():
    """Only the last turns are looked at, and only so much of each."""
    long = [Turn("What is an RNN? " + "word " * 10_000)] * 1000 + [Turn(BN)] * TURNS
    assert standalone("why does it help?", long, NAMES) == "Why does batch normalization help?"
    assert MOST * TURNS < 10_000
