"""The grading sheet, out and back (assistant/evaluation/grading.py)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from assistant.answering import Assistant
from assistant.evaluation.grading import Graded, agreement, read_grades, settled, take_grades
from assistant.evaluation.judging import answer_key
from assistant.evaluation.runs import evaluate_questions, grade_run, sheet
from ingest.errors import RunError
from tests.assistant.evaluation.test_runs import ROWS, write


@pytest.fixture
def run(small: Assistant, tmp_path: Path) -> Path:
    """A finished run over three questions."""
    evaluate_questions(write(tmp_path / "q.jsonl", [json.dumps(r) for r in ROWS]), tmp_path / "out", assistant=small)
    return tmp_path / "out"


def keys(run: Path) -> list[str]:
    return [answer_key(json.loads(line)) or "" for line in (run / "results.jsonl").read_text().splitlines()]


def filled(path: Path, grades: dict[str, str], head: str = "key,grade") -> Path:
    path.write_text("\n".join([head, *(f"{k},{g}" for k, g in grades.items())]) + "\n")
    return path


def test_the_sheet_is_blind(run: Path):
    """Every answer once, in another order than asked, without outcome, confidence or claim; one key each."""
    assert [p.name for p in sheet(run)] == ["grading.csv", "grading.html"]
    with (run / "grading.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    results = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    assert sorted(r["key"] for r in rows) == [r["key"] for r in rows] == sorted(keys(run))
    assert {r["answer"] for r in rows} == {r["result"]["text"] for r in results}
    whole = (run / "grading.csv").read_text() + (run / "grading.html").read_text()
    assert "momentum-what" not in whole
    for r in results:
        assert r["outcome"] not in (run / "grading.csv").read_text().replace(r["result"]["text"], "")
        assert f"{r['confidence']:.2f}" not in whole


def test_markup_and_formulas_stay_text(small: Assistant, tmp_path: Path):
    """A question is never run: not by the browser, not by a spreadsheet."""
    lines = [json.dumps({"question": q}) for q in ("<script>alert(1)</script> momentum?", "=HYPERLINK(1) momentum?")]
    evaluate_questions(write(tmp_path / "q.jsonl", lines), tmp_path / "out", assistant=small)
    sheet(tmp_path / "out")
    assert "<script>alert" not in (tmp_path / "out/grading.html").read_text()
    with (tmp_path / "out/grading.csv").open(encoding="utf-8-sig", newline="") as file:
        assert not [cell for row in csv.reader(file) for cell in row if cell.startswith("=")]


def test_grades_come_back_and_stay(run: Path, tmp_path: Path):
    """Two people's sheets: counts, kappa as scikit-learn has it, the lower grade settles; kept for the next time."""
    a, b, c = keys(run)
    first = filled(tmp_path / "ann.csv", {a: "good", b: "bad", c: "usable"})
    second = filled(tmp_path / "bob.csv", {a: "Good", b: "b", c: "bad"})
    summary = grade_run(run, [first, second])
    kappa = cohen_kappa_score(["good", "bad", "usable"], ["good", "bad", "bad"])
    assert summary["grades"] == {
        "good": 1,
        "usable": 0,
        "bad": 2,
        "ungraded": 0,
        "of_another_version": 0,
        "graders": ["ann", "bob"],
        "agreement": [{"graders": ["ann", "bob"], "answers": 3, "alike": pytest.approx(2 / 3), "kappa": kappa}],
    }
    assert summary["confidence"]["basis"] == "grades"
    assert grade_run(run, [])["grades"] == summary["grades"]
    assert "What people graded" in (run / "report.html").read_text()


def test_kappa_worked_by_hand():
    """Alike in 2 of 4; by chance (2*3 + 2*1)/16 = 1/2: kappa 0. One grade throughout leaves it undefined."""
    ann, bob = ["good", "good", "bad", "bad"], ["good", "good", "good", "bad"]
    grades = [Graded(str(n), g, who) for who, given in (("ann", ann), ("bob", bob)) for n, g in enumerate(given)]  # type: ignore[arg-type]
    (pair,) = agreement(grades)
    assert (pair["alike"], pair["kappa"]) == (0.75, pytest.approx((0.75 - 0.5) / 0.5))
    (same,) = agreement([Graded("1", "good", "ann"), Graded("1", "good", "bob")])
    assert (same["alike"], same["kappa"]) == (1.0, None)


def test_a_grade_never_judges_another_version(run: Path, tmp_path: Path):
    """When an answer's text changes its grade is set aside and counted."""
    grade_run(run, [filled(tmp_path / "ann.csv", dict.fromkeys(keys(run), "good"))])
    results = run / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    rows[0]["result"]["text"] += " And more."
    results.write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = grade_run(run, [])["grades"]
    assert (found["good"], found["ungraded"], found["of_another_version"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("line", "says"),
    [("k2,great", "s.csv:3: a grade is good, usable or bad, not 'great'"), (",good", "s.csv:3: the key is gone")],
)
def test_a_broken_line_of_a_sheet(tmp_path: Path, line: str, says: str):
    """What is wrong is said with its line; the other grades count; a row without a grade is not graded yet."""
    path = tmp_path / "s.csv"
    path.write_text(f"key,grade\nk1,good\n{line}\nk3,\nk4,usable\n")
    found, problems = read_grades(path, "ann")
    assert [(g.key, g.grade) for g in found] == [("k1", "good"), ("k4", "usable")]
    assert len(problems) == 1
    assert says in problems[0]


@pytest.mark.parametrize(
    ("text", "coding"), [("key;grade\nk1;good\n", "utf-8-sig"), ("grade\tKey\ngood\tk1\n", "utf-16")]
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str, coding: str):
    """Semicolons, tabs, a byte-order mark, columns in another order."""
    (tmp_path / "s.csv").write_text(text, coding)
    assert read_grades(tmp_path / "s.csv", "ann") == ([Graded("k1", "good", "ann")], [])


def test_what_is_no_sheet_is_one_line(tmp_path: Path):
    """An absent file, another table."""
    with pytest.raises(RunError, match="cannot be read"):
        read_grades(tmp_path / "nowhere.csv", "ann")
    (tmp_path / "s.csv").write_bytes(b"\x00\xff,what\n1,2\n")
    with pytest.raises(RunError, match="no columns key and grade"):
        read_grades(tmp_path / "s.csv", "ann")


def test_people_with_files_of_one_name_are_two(tmp_path: Path):
    """The folder tells them apart; the lower grade settles."""
    files = []
    for name, grade in (("ann", "good"), ("bob", "usable")):
        (tmp_path / name).mkdir()
        files.append(filled(tmp_path / name / "grades.csv", {"k1": grade}))
    found, _ = take_grades(tmp_path, files)
    assert {g.grader for g in found} == {"ann/grades", "bob/grades"}
    assert settled(found) == {"k1": "usable"}


def test_a_run_over_a_collection_has_nothing_to_grade(tmp_path: Path):
    """It says so."""
    (tmp_path / "summary.json").write_text('{"retrieval": "x"}')
    (tmp_path / "results.jsonl").write_text("")
    with pytest.raises(RunError, match="no answers to grade"):
        grade_run(tmp_path, [])
