"""Follow-ups (assistant/conversation.py)."""

from __future__ import annotations

import pytest

from assistant.conversation import Turn, standalone
from tests.assistant.test_questions import NAMES

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
        ([BN, "What is an RNN?"], "How is it trained?", "How is RNN trained?"),
        ([BN], "why?", "Why is batch normalization used?"),
    ],
)  # fmt: skip
def test_a_follow_up_stands_alone(history: list[str], question: str, expected: str):
    """What a follow-up leaves out is filled in from the turn before; a new subject is left as it is."""
    assert standalone(question, [Turn(q) for q in history], NAMES) == expected
