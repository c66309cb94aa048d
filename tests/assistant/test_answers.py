"""Answers and their JSON (assistant/answers.py)."""

from __future__ import annotations

import json

import pytest

from assistant.answering import Assistant
from assistant.answers import Answer
from ingest.errors import QuestionError


def test_an_answer_survives_json(small: Assistant):
    """What is saved is read back as it was, through real JSON text."""
    answer = small.ask("Are momentum and gradient descent the same thing?")
    again = Answer.from_json(json.loads(json.dumps(answer.to_json())))
    assert again == answer


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 99}, "schema_version 99"),
        ({"citations": [{"number": 1}]}, "damaged"),
        ({"statements": 3}, "damaged"),
    ],
)
def test_what_is_no_answer_is_refused(small: Assistant, change: dict, says: str):
    """An unknown version or damaged fields are one clear line."""
    raw = {**small.ask("What is momentum?").to_json(), **change}
    with pytest.raises(QuestionError, match=says):
        Answer.from_json(raw)


@pytest.mark.parametrize("raw", [None, [], "x", {}])
def test_anything_else_is_refused(raw: object):
    """Other JSON is not mistaken for an answer."""
    with pytest.raises(QuestionError, match="not an answer"):
        Answer.from_json(raw)
