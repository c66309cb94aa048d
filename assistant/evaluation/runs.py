"""Answering a file of questions: one line of ``results.jsonl`` each, a summary, a report; resumable."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.evaluation import grading
from assistant.evaluation.report import write_report
from assistant.evaluation.summary import summarise
from ingest.errors import QuestionError, RunError

Answerable = Literal["yes", "partly", "no"]
_log = logging.getLogger("underhood.evaluation")
_ANSWERABLE = ("yes", "partly", "no")


@dataclass(frozen=True)
class Asked:
    """One line of a question file."""

    id: str
    question: str
    answer: str | None = None
    resources: tuple[str, ...] = ()
    answerable: Answerable | None = None
    kind: str | None = None
    history: tuple[str, ...] = ()


def read_questions(path: Path) -> tuple[list[Asked], list[str]]:
    """The questions of a JSONL file, and what is wrong with lines that were left out, each with its number."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RunError(f"cannot be read ({error.strerror})", where=str(path), todo="Name a JSONL file") from error
    found: dict[str, Asked] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            asked = _asked(json.loads(line.decode("utf-8")), number)
            if asked.id in found:
                raise ValueError(f"the id {asked.id!r} is taken")
            found[asked.id] = asked
        except (ValueError, TypeError, RecursionError) as error:
            problems.append(f"{path.name}:{number}: {error}; skipped")
    return list(found.values()), problems


def _asked(raw: Any, number: int) -> Asked:
    if not isinstance(raw, dict) or not isinstance(raw.get("question"), str):
        raise ValueError('needs an object with a "question"')
    json.dumps(raw, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    answerable = raw.get("answerable")
    if answerable is not None and answerable not in _ANSWERABLE:
        raise ValueError(f'"answerable" is yes, partly or no, not {answerable!r}')
    resources, history = raw.get("resources") or (), raw.get("history") or ()
    if not isinstance(resources, list | tuple) or not isinstance(history, list | tuple):
        raise ValueError('"resources" and "history" are lists')
    return Asked(
        id=str(number if raw.get("id") in (None, "") else raw["id"]),
        question=raw["question"],
        answer=None if raw.get("answer") is None else str(raw["answer"]),
        resources=tuple(map(str, resources)),
        answerable=answerable,
        kind=None if raw.get("kind") is None else str(raw["kind"]),
        history=tuple(map(str, history)),
    )


Progress = Callable[[str, int, int], None]
RESULTS, SUMMARY, REPORT = "results.jsonl", "summary.json", "report.html"


def evaluate_questions(
    questions: Path,
    out: Path,
    *,
    assistant: Assistant | None = None,
    grades: Sequence[Path] = (),
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Answer all questions of a file into ``out``; lines already answered by the same index are kept.

    Writes ``results.jsonl``, ``summary.json`` and ``report.html``; ``grades`` are filled grading sheets. Returns the
    summary. Raises RunError.
    """
    asked, problems = read_questions(questions)
    if not asked:
        raise RunError("no question in it", where=str(questions), todo=problems[0] if problems else "One object a line")
    assistant = assistant or Assistant.open()
    if assistant.sending:
        _log.warning(assistant.sending)
    run = _run_key(assistant)
    try:
        out.mkdir(parents=True, exist_ok=True)
        rows = _answer_all(asked, out, assistant, run["key"], progress)
        return conclude(rows, out, grades, skipped_lines=problems, run=run)
    except OSError as error:
        raise RunError(f"cannot write there ({error.strerror})", where=str(error.filename or out)) from error


def _answer_all(
    asked: Sequence[Asked], out: Path, assistant: Assistant, key: str, progress: Progress
) -> list[dict[str, Any]]:
    results = _kept(out, key, asked)
    with (out / RESULTS).open("w", encoding="utf-8") as file:
        for row in results.values():
            file.write(_line(row))
        for n, item in enumerate(asked, 1):
            if item.id not in results:
                results[item.id] = _row(item, assistant, key)
                file.write(_line(results[item.id]))
                file.flush()
            progress("questions", n, len(asked))
    return [results[a.id] for a in asked]


def conclude(rows: Sequence[Mapping[str, Any]], out: Path, grades: Sequence[Path], **more: Any) -> dict[str, Any]:
    """Write summary and report of ``rows``, with the grades kept in ``out`` and those of ``grades``. Raises RunError."""
    given, problems = grading.take_grades(out, grades)
    settled = grading.settled(given)
    summary = {**summarise(rows, settled), "grades": grading.grades_summary(rows, given), **more}
    summary["skipped_lines"] = [*summary["skipped_lines"], *problems]
    (out / SUMMARY).write_text(json.dumps(summary, indent=1, ensure_ascii=False), "utf-8")
    write_report(rows, summary, settled, out / REPORT)
    return summary


def grade_run(out: Path, grades: Sequence[Path]) -> dict[str, Any]:
    """Take grades into a finished run, and write its summary and report again. Raises RunError."""
    rows, summary = read_run(out)
    if "retrieval" in summary:
        raise RunError("a run over a collection has no answers to grade", where=str(out))
    return conclude(rows, out, grades, skipped_lines=[], run=summary.get("run"))


def sheet(out: Path) -> list[Path]:
    """Write a blind grading sheet of the answers of a finished run. Returns the files. Raises RunError."""
    rows, _ = read_run(out)
    try:
        return grading.write_sheet(rows, out)
    except OSError as error:
        raise RunError(f"cannot write there ({error.strerror})", where=str(out)) from error


def read_run(out: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The results and the summary of a finished run. Raises RunError."""
    todo = "Name a folder that `underhood evaluate … --out` wrote to the end"
    try:
        summary = json.loads((out / SUMMARY).read_text("utf-8"))
        rows = [json.loads(line) for line in (out / RESULTS).read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise RunError(f"this is no finished run ({why})", where=str(out), todo=todo) from error
    if not isinstance(summary, dict) or not all(isinstance(r, dict) and "question" in r for r in rows):
        raise RunError("this is no finished run (other lines than a run's)", where=str(out / RESULTS), todo=todo)
    return rows, summary


def _run_key(assistant: Assistant) -> dict[str, str]:
    """What the answers depend on; a run of another key is answered anew."""
    from assistant import __version__

    manifest = assistant.index.manifest
    stamp = json.dumps([manifest.name, manifest.stamp.corpus, assistant.settings.model, __version__, _code()])
    return {"generation": manifest.name, "version": __version__, "key": hashlib.sha256(stamp.encode()).hexdigest()[:16]}


def _code() -> str:
    """A hash of the code and the fitted files that answer."""
    home = Path(__file__).parents[1]
    files = [p for folder in (home, home / "writers") for pattern in ("*.py", "*.json") for p in folder.glob(pattern)]
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(files))).hexdigest()


def _kept(out: Path, key: str, asked: Sequence[Asked]) -> dict[str, dict[str, Any]]:
    """Whole lines of an earlier, interrupted run with the same key and the same questions."""
    wanted = {a.id: a for a in asked}
    kept: dict[str, dict[str, Any]] = {}
    path = out / RESULTS
    if not path.is_file():
        return kept
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        item = wanted.get(str(row.get("id"))) if isinstance(row, dict) and row.get("run") == key else None
        if item and {k: row.get(k) for k in _LABELS} == _labels(item) and "outcome" in row:
            kept[item.id] = row
    return kept


_LABELS = ("id", "question", "answerable", "kind", "reference", "resources", "history")


def _labels(item: Asked) -> dict[str, Any]:
    """What a row repeats of its question; None where the file says nothing."""
    given = (item.id, item.question, item.answerable, item.kind, item.answer, list(item.resources), list(item.history))
    return dict(zip(_LABELS, (v or None for v in given), strict=True))


def _row(item: Asked, assistant: Assistant, key: str) -> dict[str, Any]:
    started = time.perf_counter()
    row: dict[str, Any] = {**_labels(item), "run": key}
    try:
        answer = assistant.ask(item.question, list(item.history))
    except QuestionError as error:
        return {**row, "outcome": "refused", "confidence": 0.0, "error": str(error), "result": None}
    elapsed = round(1000 * (time.perf_counter() - started), 2)
    if item.resources:
        row["resource_right"] = bool({c.resource.id for c in answer.citations} & set(item.resources))
    return {
        **row,
        "section": section_of(answer, assistant),
        "outcome": answer.outcome,
        "confidence": answer.confidence,
        "milliseconds": elapsed,
        "result": answer.to_json(),
    }


def section_of(answer: Answer, assistant: Assistant) -> str | None:
    """The section of the reading list, by its title, that the best claim for a question belongs to."""
    index = assistant.index
    position = index.position.get(answer.considered[0].claim) if answer.considered else None
    if position is None:
        return None
    note = index.note_of[index.claims[position].note]
    resource = assistant.catalogue.by_id.get(note.resource or "")
    section = note.section or (resource.sections[0] if resource else None)
    return next((s.title for s in assistant.catalogue.section if s.id == section), None)


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
