"""Whether an answer of a run was right, by the best that is known of it: people's grades, or the file's labels. Pure.

A row is a line of ``results.jsonl``. A grade belongs to the hash of the question and the answer's text, so it never
judges another version of the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

Grade = Literal["good", "usable", "bad"]
GRADES: tuple[Grade, ...] = get_args(Grade)
Basis = Literal["grades", "resources", "answerable"]
Row = Mapping[str, Any]

BASES: Mapping[Basis, str] = {
    "grades": "right is what people graded good or usable; what was declined rightly would have been wrong",
    "resources": "right is what cites a resource that the file names; an answer to what the list cannot answer is wrong",
    "answerable": "right is every answer to a question that the list can answer, whatever it says; nobody graded them",
}


def answer_key(row: Row) -> str | None:
    """The name of this very answer: a hash of question and text; None where there is no answer."""
    if not row.get("result"):
        return None
    whole = f"{row['result'].get('standalone_question') or row['question']}\n{row['result']['text']}"
    return "a" + hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]


def basis_of(rows: Sequence[Row], grades: Mapping[str, Grade]) -> Basis | None:
    """The best basis there is: grades; resources where most questions that the list can answer name them; answerability."""
    if any(answer_key(r) in grades for r in rows):
        return "grades"
    answerable = [r for r in rows if r.get("answerable") != "no"]
    if 2 * sum("resource_right" in r for r in answerable) > len(answerable):
        return "resources"
    return "answerable" if any(r.get("answerable") in ("yes", "no") for r in rows) else None


def right(row: Row, basis: Basis | None, grades: Mapping[str, Grade]) -> float | None:
    """1 where the answer is right, 0 where it is wrong, None where this basis does not say.

    Whatever is said to a question that the list cannot answer is wrong; what a declined answer would have said is
    not known. By grades only graded rows count, so that a graded sample stays one.
    """
    grade = grades.get(answer_key(row) or "")
    if basis is None or row["outcome"] == "refused" or (basis == "grades" and not grade):
        return None
    if basis == "grades" and row["outcome"] != "declined":
        return float(grade != "bad")
    if row.get("answerable") == "no":
        return 0.0
    if basis == "answerable":
        return 1.0 if row.get("answerable") == "yes" else None
    if basis == "resources" and row["outcome"] != "declined" and "resource_right" in row:
        return float(row["resource_right"])
    return None


def outcome_right(row: Row) -> float | None:
    """1 where the list can answer and it did, fully or partly, or cannot and it declined; None without a label."""
    label = row.get("answerable")
    if label not in ("yes", "no"):
        return None
    return float((row["outcome"] in ("answered", "partly")) == (label == "yes"))
