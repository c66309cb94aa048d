"""A blind sheet for people who grade answers, and their grades read back.

The sheet (HTML and CSV, either is enough) shows question, answer and sources in a shuffled order: no confidence, no
claim, no outcome. What comes back is a CSV with the columns ``key`` and ``grade``; grades are kept in the run's
``grades.jsonl`` and count only for the very answer that was graded.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from assistant.evaluation.judging import GRADES, Grade, Row, answer_key
from assistant.evaluation.report import render
from ingest.errors import RunError

KEPT = "grades.jsonl"
COLUMNS = ("number", "question", "answer", "sources", "grade", "remark", "key")


@dataclass(frozen=True)
class Graded:
    """One grade of one answer by one person."""

    key: str
    grade: Grade
    grader: str


# The sheet


def sheet_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What a grader sees of each answer, once each, in the order of the keys, which are as good as random."""
    found = {key: row for row in rows if (key := answer_key(row))}
    return [
        {
            "number": number,
            "question": found[key]["result"].get("standalone_question") or found[key]["question"],
            "answer": found[key]["result"]["text"],
            "sources": "\n".join(_source(c) for c in found[key]["result"]["citations"]),
            "grade": "",
            "remark": "",
            "key": key,
        }
        for number, key in enumerate(sorted(found), 1)
    ]


def _source(citation: Mapping[str, Any]) -> str:
    quote = f": “{citation['quote']['text']}”" if citation.get("quote") else ""
    return f"[{citation['number']}] {citation['resource']['title']}{quote}"


def write_sheet(rows: Iterable[Row], out: Path) -> list[Path]:
    """Write ``grading.html`` and ``grading.csv`` into ``out``."""
    shown = sheet_rows(rows)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({k: _inert(v) for k, v in row.items()} for row in shown)
    pages = {"grading.csv": "\ufeff" + buffer.getvalue(), "grading.html": render("sheet.html", rows=shown)}
    for name, text in pages.items():
        (out / name).write_text(text, "utf-8", newline="")
    return [out / name for name in pages]


def _inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@") and value else value


# Grades


def read_grades(path: Path, grader: str) -> tuple[list[Graded], list[str]]:
    """The grades in a filled sheet (CSV) or another run's ``grades.jsonl``, and what is wrong, by line.

    A row without a grade is passed over. Of two grades of one person for one answer the later counts. Raises
    RunError where the file cannot be read, or has no columns ``key`` and ``grade``.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RunError(f"cannot be read ({error.strerror})", where=str(path), todo="Name a filled sheet") from error
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    lines = _from_jsonl(text, path) if path.suffix == ".jsonl" else _from_csv(text, path)
    found: dict[tuple[str, str], Graded] = {}
    problems = []
    for number, row in lines:
        key, given = str(row.get("key") or "").strip(), str(row.get("grade") or "").strip()
        match = [g for g in GRADES if given and g.startswith(given.casefold())]
        if not given:
            continue
        if not key or not match:
            what = f"a grade is good, usable or bad, not {given[:40]!r}" if key else "the key is gone"
            problems.append(f"{path.name}:{number}: {what}; skipped")
        else:
            graded = Graded(key, match[0], str(row.get("grader") or grader))
            found[graded.grader, key] = graded
    return list(found.values()), problems


def _from_csv(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        header = [h.strip().casefold() for h in next(reader, [])]
        if not {"key", "grade"} <= set(header):
            raise RunError("this is no grading sheet: it has no columns key and grade", where=str(path))
        for row in reader:
            yield reader.line_num, dict(zip(header, row, strict=False))
    except csv.Error as error:
        raise RunError(f"line {reader.line_num} is no CSV ({error})", where=str(path)) from error


def _from_jsonl(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError):
            row = None
        yield number, row if isinstance(row, dict) else {"grade": "an unreadable line"}


def take_grades(out: Path, files: Sequence[Path]) -> tuple[list[Graded], list[str]]:
    """The grades kept in a run's folder together with those of ``files``, which are kept from now on.

    A person is named after the file's name, and after its folder too where two files are named alike.
    """
    names = Counter(f.stem for f in files)
    grades: dict[tuple[str, str], Graded] = {}
    problems: list[str] = []
    kept = [(out / KEPT, "")] if (out / KEPT).is_file() else []
    for path, grader in [*kept, *((f, f.stem if names[f.stem] == 1 else f"{f.parent.name}/{f.stem}") for f in files)]:
        found, wrong = read_grades(path, grader)
        grades.update({(g.grader, g.key): g for g in found})
        problems += wrong
    if files:
        lines = (json.dumps(asdict(g), ensure_ascii=False) + "\n" for g in grades.values())
        (out / KEPT).write_text("".join(lines), "utf-8")
    return list(grades.values()), problems


def settled(grades: Iterable[Graded]) -> dict[str, Grade]:
    """One grade for each answer: the lowest that a person gave it."""
    found: dict[str, Grade] = {}
    for g in grades:
        found[g.key] = max(g.grade, found.get(g.key, g.grade), key=GRADES.index)
    return found


def agreement(grades: Iterable[Graded]) -> list[dict[str, Any]]:
    """For every two people who graded the same answers: how many, the share graded alike, Cohen's kappa (1960).

    ``kappa`` is None where both gave one and the same grade throughout: chance explains all of it.
    """
    by_grader: dict[str, dict[str, Grade]] = {}
    for g in grades:
        by_grader.setdefault(g.grader, {})[g.key] = g.grade
    return [
        _pair(a, b, [(by_grader[a][k], by_grader[b][k]) for k in sorted(common)])
        for a, b in combinations(sorted(by_grader), 2)
        if (common := by_grader[a].keys() & by_grader[b].keys())
    ]


def _pair(a: str, b: str, pairs: Sequence[tuple[Grade, Grade]]) -> dict[str, Any]:
    from sklearn.metrics import cohen_kappa_score

    given = {g for pair in pairs for g in pair}
    kappa = None if len(given) == 1 else float(cohen_kappa_score(*zip(*pairs, strict=True)))
    return {
        "graders": [a, b],
        "answers": len(pairs),
        "alike": sum(x == y for x, y in pairs) / len(pairs),
        "kappa": kappa,
    }


def grades_summary(rows: Sequence[Row], grades: Sequence[Graded]) -> dict[str, Any] | None:
    """How the present answers were graded, by whom and how alike; None where nobody graded anything."""
    if not grades:
        return None
    keys = {answer_key(r) for r in rows} - {None}
    present = [g for g in grades if g.key in keys]
    counts = Counter(settled(present).values())
    return {
        **{grade: counts[grade] for grade in GRADES},
        "ungraded": len(keys) - counts.total(),
        "of_another_version": len(grades) - len(present),
        "graders": sorted({g.grader for g in present}),
        "agreement": agreement(present),
    }
