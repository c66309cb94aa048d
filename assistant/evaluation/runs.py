"""Answering a file of questions: one line of ``results.jsonl`` each, a summary, a report; resumable."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from assistant.answering import Assistant
from ingest.errors import QuestionError, RunError

Answerable = Literal["yes", "partly", "no"]
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
        except (ValueError, TypeError) as error:
            problems.append(f"{path.name}:{number}: {error}; skipped")
    return list(found.values()), problems


def _asked(raw: Any, number: int) -> Asked:
    if not isinstance(raw, dict) or not isinstance(raw.get("question"), str):
        raise ValueError('needs an object with a "question"')
    answerable = raw.get("answerable")
    if answerable is not None and answerable not in _ANSWERABLE:
        raise ValueError(f'"answerable" is yes, partly or no, not {answerable!r}')
    resources, history = raw.get("resources") or (), raw.get("history") or ()
    if not isinstance(resources, list | tuple) or not isinstance(history, list | tuple):
        raise ValueError('"resources" and "history" are lists')
    return Asked(
        id=str(raw.get("id") or number),
        question=raw["question"],
        answer=raw.get("answer"),
        resources=tuple(map(str, resources)),
        answerable=answerable,
        kind=raw.get("kind"),
        history=tuple(map(str, history)),
    )


def evaluate_questions(
    questions: Path,
    out: Path,
    *,
    assistant: Assistant | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Answer all questions of a file into ``out``; lines already answered by the same index are kept.

    Writes ``results.jsonl``, ``summary.json`` and ``report.html``. Returns the summary. Raises RunError.
    """
    from assistant.evaluation.report import write_report

    asked, problems = read_questions(questions)
    if not asked:
        raise RunError("no question in it", where=str(questions), todo=problems[0] if problems else "One object a line")
    assistant = assistant or Assistant.open()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write there ({error.strerror})", where=str(out)) from error
    run = _run_key(assistant)
    results = _kept(out, run, asked)
    with (out / "results.jsonl").open("w", encoding="utf-8") as file:
        for row in results.values():
            file.write(_line(row))
        for n, item in enumerate(asked, 1):
            if item.id not in results:
                results[item.id] = _row(item, assistant)
                file.write(_line(results[item.id]))
                file.flush()
            progress("questions", n, len(asked))
    rows = [results[a.id] for a in asked]
    summary = {**summarise(rows), "skipped_lines": problems, "run": run}
    (out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False), "utf-8")
    write_report(rows, summary, out / "report.html")
    return summary


def _run_key(assistant: Assistant) -> dict[str, str]:
    """What the answers depend on; a run of another key is answered anew."""
    from assistant import __version__

    manifest = assistant.index.manifest
    stamp = json.dumps([manifest.name, manifest.stamp.corpus, assistant.settings.model, __version__])
    return {"generation": manifest.name, "version": __version__, "key": hashlib.sha256(stamp.encode()).hexdigest()[:16]}


def _kept(out: Path, run: Mapping[str, str], asked: Sequence[Asked]) -> dict[str, dict[str, Any]]:
    """Whole lines of an earlier, interrupted run with the same key and the same questions."""
    wanted = {a.id: a.question for a in asked}
    kept: dict[str, dict[str, Any]] = {}
    path = out / "results.jsonl"
    if not path.is_file():
        return kept
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if (
            isinstance(row, dict)
            and row.get("run") == run["key"]
            and wanted.get(row.get("id", "")) == row.get("question")
        ):
            kept[row["id"]] = row
    return kept


def _row(item: Asked, assistant: Assistant) -> dict[str, Any]:
    started = time.perf_counter()
    row: dict[str, Any] = {"id": item.id, "question": item.question, "run": _run_key(assistant)["key"]}
    row |= {k: v for k, v in (("answerable", item.answerable), ("kind", item.kind), ("reference", item.answer)) if v}
    try:
        answer = assistant.ask(item.question, list(item.history))
    except QuestionError as error:
        return {**row, "outcome": "refused", "confidence": 0.0, "error": str(error), "result": None}
    cited = {c.resource.id for c in answer.citations}
    if item.resources:
        row["resource_right"] = bool(cited & set(item.resources))
    return {
        **row,
        "outcome": answer.outcome,
        "confidence": answer.confidence,
        "milliseconds": round(1000 * (time.perf_counter() - started), 2),
        "result": answer.to_json(),
    }


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def summarise(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and shares over results: outcomes, by answerability, resources right, citations, latency."""
    rows = list(rows)
    times = [r["milliseconds"] for r in rows if "milliseconds" in r]
    citations = [c for r in rows if r.get("result") for c in r["result"]["citations"]]
    judged = [r["resource_right"] for r in rows if "resource_right" in r]
    by_answerable = {
        label: dict(Counter(r["outcome"] for r in rows if r.get("answerable") == label))
        for label in _ANSWERABLE
        if any(r.get("answerable") == label for r in rows)
    }
    return {
        "questions": len(rows),
        "outcomes": dict(Counter(r["outcome"] for r in rows).most_common()),
        "by_answerable": by_answerable,
        "resources_right": sum(judged) / len(judged) if judged else None,
        "citations": len(citations),
        "citations_with_words": sum(bool(c["quote"]) for c in citations),
        "checks": dict(Counter(str(c["check"]) for c in citations)),
        "milliseconds": {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))} if times else None,
    }
