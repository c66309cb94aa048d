"""Two runs side by side (assistant/evaluation/comparing.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.comparing import compare_runs, lines, to_json
from assistant.evaluation.grading import KEPT
from assistant.evaluation.judging import answer_key
from ingest.errors import RunError


def answer(n: int, outcome: str = "answered", text: str = "Yes.", **more: Any) -> dict[str, Any]:
    result = {"text": text, "standalone_question": f"Q{n}?", "citations": []}
    return {"id": str(n), "question": f"Q{n}?", "outcome": outcome, "confidence": 0.5, "result": result, **more}


def ranked(n: int, fused: float) -> dict[str, Any]:
    return {"id": str(n), "question": f"Q{n}?", "fused": {"nDCG@10": fused}, "dense": {"nDCG@10": 0.5}}


def run(folder: Path, rows: list[dict[str, Any]], **summary: Any) -> Path:
    folder.mkdir()
    (folder / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def test_equal_runs_have_no_regression(tmp_path: Path):
    """Nothing changed, nothing fell."""
    rows = [answer(n, answerable="yes", resource_right=True) for n in range(5)]
    found = compare_runs(run(tmp_path / "a", rows), run(tmp_path / "b", rows))
    assert (found.common, found.changed, found.regressions) == (5, (), ())
    assert {m.name: (m.a, m.b, m.interval) for m in found.measures if m.gate} == {
        "outcome right": (1.0, 1.0, (0.0, 0.0)),
        "resource right": (1.0, 1.0, (0.0, 0.0)),
    }


def test_a_regression_is_named(tmp_path: Path):
    """Two of ten fall silent: outcome right falls by .2, and the two questions are named as worse."""
    before = [answer(n, answerable="yes") for n in range(10)]
    after = [answer(n, "declined" if n < 2 else "answered", answerable="yes") for n in range(10)]
    found = compare_runs(run(tmp_path / "a", before), run(tmp_path / "b", after))
    (fallen,) = found.regressions
    assert (fallen.name, fallen.difference) == ("outcome right", pytest.approx(-0.2))
    assert fallen.interval[0] <= -0.2 <= fallen.interval[1] <= 0
    assert [(c.id, c.worse) for c in found.changed] == [("0", ("outcome right",)), ("1", ("outcome right",))]
    text = "\n".join(lines(found))
    assert "REGRESSION" in text
    assert "answered → declined" in text
    assert to_json(found)["regressions"] == ["outcome right"]


def test_the_threshold_and_certainty_hold_back(tmp_path: Path):
    """A fall within the threshold is none; a fall that chance explains is none where certainty is asked for."""
    before = [answer(n, answerable="yes") for n in range(10)]
    after = [answer(n, "declined" if n < 1 else "answered", answerable="yes") for n in range(10)]
    a, b = run(tmp_path / "a", before), run(tmp_path / "b", after)
    assert compare_runs(a, b).regressions
    assert not compare_runs(a, b, threshold=0.1).regressions
    assert not compare_runs(a, b, certain=True).regressions


def test_declining_what_it_cannot_answer_is_better(tmp_path: Path):
    """The label says which way is up."""
    found = compare_runs(
        run(tmp_path / "a", [answer(1, answerable="no")]), run(tmp_path / "b", [answer(1, "declined", answerable="no")])
    )
    assert found.changed[0].better == ("outcome right",)
    assert not found.regressions


def test_grades_count_for_the_version_they_judged(tmp_path: Path):
    """A good answer became a bad one; where the new text has no grade, nothing is said about it."""
    a = run(tmp_path / "a", [answer(1), answer(2)])
    b = run(tmp_path / "b", [answer(1, text="No."), answer(2, text="Perhaps.")])
    for folder, row, grade in ((a, answer(1), "good"), (a, answer(2), "good"), (b, answer(1, text="No."), "bad")):
        with (folder / KEPT).open("a") as file:
            file.write(json.dumps({"key": answer_key(row), "grade": grade, "grader": "ann"}) + "\n")
    found = compare_runs(a, b)
    (fallen,) = found.regressions
    assert (fallen.name, fallen.questions, fallen.difference) == ("grade", 1, -1.0)
    assert [c.how for c in found.changed] == [("another answer", "grade -1.0"), ("another answer",)]


def test_other_lists_compare_by_their_common_questions(tmp_path: Path):
    """Questions of one run alone are counted, not compared."""
    found = compare_runs(
        run(tmp_path / "a", [answer(1), answer(2)]), run(tmp_path / "b", [answer(2), answer(3), answer(4)])
    )
    assert (found.common, found.only_a, found.only_b) == (1, 1, 2)


def test_runs_over_a_collection_compare(tmp_path: Path):
    """The fusion is gated, the legs are shown; each query that moved is named with its figure."""
    a = run(tmp_path / "a", [ranked(n, 0.8) for n in range(4)], retrieval="x")
    b = run(tmp_path / "b", [ranked(n, 0.8 if n else 0.2) for n in range(4)], retrieval="x")
    found = compare_runs(a, b)
    assert [m.name for m in found.measures] == ["fused nDCG@10", "dense nDCG@10"]
    assert [m.name for m in found.regressions] == ["fused nDCG@10"]
    assert [c.how for c in found.changed] == [("fused nDCG@10 -0.600",)]


def test_what_cannot_be_compared_is_one_line(tmp_path: Path):
    """No common question, runs of two kinds, no run at all."""
    a, b = run(tmp_path / "a", [answer(1)]), run(tmp_path / "b", [answer(2)])
    c = run(tmp_path / "c", [ranked(1, 0.5)], retrieval="x")
    for other, says in (
        (b, "no question in common"),
        (c, "the other over a collection"),
        (tmp_path, "no finished run"),
    ):
        with pytest.raises(RunError, match=says):
            compare_runs(a, other)
