"""What counts as right (assistant/evaluation/judging.py)."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.evaluation.judging import answer_key, basis_of, outcome_right, right


def row(outcome: str = "answered", text: str = "It is.", **more: Any) -> dict[str, Any]:
    result = None if outcome == "refused" else {"text": text, "standalone_question": "What?", "citations": []}
    return {"id": "1", "question": "What?", "outcome": outcome, "confidence": 0.5, "result": result, **more}


def test_the_key_belongs_to_this_very_answer():
    """Another text or another question has another key; a refused question has none."""
    keys = {
        answer_key(row()),
        answer_key(row(text="It is not.")),
        answer_key({**row(), "result": {**row()["result"], "standalone_question": "Who?"}}),
    }
    assert len(keys) == 3
    assert answer_key(row("refused")) is None
    assert answer_key(row(confidence=0.9)) == answer_key(row())


def test_the_best_basis_is_taken():
    """Grades before resources before answerability; nothing where nothing is known."""
    rows = [row(answerable="yes"), row(resource_right=True), row(resource_right=False), row(answerable="no")]
    assert basis_of(rows, {answer_key(rows[0]) or "": "good"}) == "grades"
    assert basis_of(rows, {"another": "good"}) == "resources"
    assert basis_of(rows[:2], {}) == "answerable", "resources named by half of the questions are too few"
    assert basis_of([row(), row(answerable="partly")], {}) is None


@pytest.mark.parametrize(
    ("given", "basis", "grade", "expected"),
    [
        (row(), "grades", "good", 1.0),
        (row(), "grades", "usable", 1.0),
        (row(), "grades", "bad", 0.0),
        (row(), "grades", None, None),
        (row("declined"), "grades", "good", None),
        (row("declined", answerable="no"), "grades", "good", 0.0),
        (row("declined", answerable="no"), "grades", None, None),
        (row(resource_right=False), "resources", None, 0.0),
        (row("declined", resource_right=False), "resources", None, None),
        (row(answerable="no"), "resources", None, 0.0),
        (row(answerable="yes"), "answerable", None, 1.0),
        (row("declined", answerable="yes"), "answerable", None, 1.0),
        (row("partly", answerable="partly"), "answerable", None, None),
        (row("refused", answerable="no"), "answerable", None, None),
    ],
)
def test_right_by_each_basis(given: dict[str, Any], basis: Any, grade: Any, expected: float | None):
    """An answer to what the list cannot answer is wrong; what a declined answer would have said is not known."""
    assert right(given, basis, {answer_key(given) or "": grade} if grade else {}) == expected


@pytest.mark.parametrize(
    ("outcome", "label", "expected"),
    [
        ("partly", "yes", 1),
        ("declined", "yes", 0),
        ("declined", "no", 1),
        ("answered", "no", 0),
        ("answered", "partly", None),
    ],
)
def test_an_outcome_fits_its_label(outcome: str, label: str, expected: float | None):
    """Answered in part is answered; rows labelled partly are left out."""
    assert outcome_right(row(outcome, answerable=label)) == expected
