"""Answering files of questions (assistant/evaluation/runs.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.evaluation.runs import evaluate_questions, read_questions, read_run
from ingest.errors import RunError

ROWS = [
    {"id": "a", "question": "What is momentum?", "answerable": "yes", "resources": ["roe-2002-slopes"]},
    {"id": "b", "question": "Who won the football world cup?", "answerable": "no"},
    {"id": "c", "question": "why use it?", "history": ["What is momentum?"], "resources": ["doe-2001-descent"]},
]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "2: "),
        ("[]", "needs an object"),
        ('{"question": 3}', "needs an object"),
        ('{"id": "a", "question": "again"}', "'a' is taken"),
        ('{"question": "x", "answerable": "maybe"}', "yes, partly or no"),
        ('{"question": "x", "resources": "y"}', "are lists"),
        ('{"question": "\\ud800"}', "surrogates not allowed"),
        ("[" * 100_000, "2: "),
    ],
)
def test_a_broken_line_is_left_out_by_its_number(tmp_path: Path, line: str, says: str):
    """What is wrong with a line is said with its number, the other lines are read."""
    found, problems = read_questions(write(tmp_path / "q.jsonl", [json.dumps(ROWS[0]), line, "", json.dumps(ROWS[1])]))
    assert [q.id for q in found] == ["a", "b"]
    assert len(problems) == 1
    assert problems[0].startswith("q.jsonl:2: ")
    assert says in problems[0]


def test_a_run_writes_results_summary_and_report(small: Assistant, tmp_path: Path):
    """Outcomes, right resources and counts are those of the answers; history is used."""
    path = write(tmp_path / "q.jsonl", [json.dumps(r) for r in ROWS])
    summary = evaluate_questions(path, tmp_path / "out", assistant=small)
    rows = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    assert [r["outcome"] for r in rows] == ["answered", "declined", "answered"]
    assert rows[2]["result"]["standalone_question"] == "Why use momentum?"
    assert [r.get("resource_right") for r in rows] == [True, None, False]
    assert summary["resources_right"] == 0.5
    assert summary["by_answerable"] == {"yes": {"answered": 1}, "no": {"declined": 1}}
    assert summary["outcome_right"] == {"mean": 1.0, "interval": [1.0, 1.0], "of": 2}
    assert [r["section"] for r in rows] == ["Maths", rows[1]["section"], "Maths"]
    assert summary["confidence"]["basis"] == "resources"
    page = (tmp_path / "out/report.html").read_text()
    assert "Who won the football world cup?" in page


def test_a_rerun_goes_on_where_it_stopped(small: Assistant, tmp_path: Path):
    """Whole lines of an interrupted run are kept, a torn last line and a changed question are answered anew."""
    path = write(tmp_path / "q.jsonl", [json.dumps(r) for r in ROWS])
    evaluate_questions(path, tmp_path / "out", assistant=small)
    results = tmp_path / "out/results.jsonl"
    lines = results.read_text().splitlines()
    kept = json.loads(lines[0])
    kept["mark"] = "kept"
    results.write_text(json.dumps(kept) + "\n" + lines[1][: len(lines[1]) // 2])
    evaluate_questions(path, tmp_path / "out", assistant=small)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [r["id"] for r in rows] == ["a", "b", "c"]
    assert [r.get("mark") for r in rows] == ["kept", None, None]
    path.write_text(path.read_text().replace('What is momentum?", "ans', 'What does momentum do?", "ans'))
    evaluate_questions(path, tmp_path / "out", assistant=small)
    assert "kept" not in results.read_text()


def test_changed_labels_are_taken_anew(small: Assistant, tmp_path: Path):
    """A label that was added to the file since an earlier run counts."""
    path = write(tmp_path / "q.jsonl", ['{"id": "a", "question": "What is momentum?"}'])
    assert evaluate_questions(path, tmp_path / "out", assistant=small)["outcome_right"] is None
    write(path, ['{"id": "a", "question": "What is momentum?", "answerable": "yes"}'])
    assert evaluate_questions(path, tmp_path / "out", assistant=small)["outcome_right"]["of"] == 1


def test_a_refused_question_stops_nothing(small: Assistant, tmp_path: Path):
    """An empty question and one of 100,000 characters are rows of their own; the page shows why."""
    lines = [
        json.dumps({"id": str(n), "question": q}) for n, q in enumerate(["   ", "x" * 100_001, "What is momentum?"])
    ]
    summary = evaluate_questions(write(tmp_path / "q.jsonl", lines), tmp_path / "out", assistant=small)
    assert summary["outcomes"] == {"refused": 2, "answered": 1}
    page = (tmp_path / "out/report.html").read_text()
    assert "100,001 characters" in page
    assert len(page) < 50_000


def test_a_run_that_is_none_is_one_line(tmp_path: Path):
    """A missing folder, a torn summary, foreign lines."""
    with pytest.raises(RunError, match="no finished run"):
        read_run(tmp_path)
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(RunError, match="no finished run"):
        read_run(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "results.jsonl").write_text("[1]\n")
    with pytest.raises(RunError, match="other lines"):
        read_run(tmp_path)


def test_a_file_without_questions_is_refused(small: Assistant, tmp_path: Path):
    """An empty or absent file is one line."""
    with pytest.raises(RunError, match="no question"):
        evaluate_questions(write(tmp_path / "q.jsonl", [""]), tmp_path / "out", assistant=small)
    with pytest.raises(RunError, match="cannot be read"):
        evaluate_questions(tmp_path / "nowhere.jsonl", tmp_path / "out", assistant=small)


def test_the_report_escapes_what_it_shows(small: Assistant, tmp_path: Path):
    """A question with markup is shown as it is, never run."""
    path = write(tmp_path / "q.jsonl", [json.dumps({"question": "<script>alert(1)</script> momentum?"})])
    evaluate_questions(path, tmp_path / "out", assistant=small)
    page = (tmp_path / "out/report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
