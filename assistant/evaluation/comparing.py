"""Two runs side by side: what rose, what fell (paired bootstrap over their common questions), which questions changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evaluation import grading
from assistant.evaluation.judging import Grade, Row, answer_key, outcome_right
from assistant.evaluation.metrics import interval
from assistant.evaluation.runs import read_run
from ingest.errors import RunError

THRESHOLD = 0.01
WORTH: Mapping[Grade, float] = {"good": 1.0, "usable": 0.5, "bad": 0.0}
_RANKED = ("nDCG@10", "MAP", "recall@10", "recall@100", "MRR")


@dataclass(frozen=True)
class Measure:
    """One figure of both runs over the ``questions`` that both judge; ``gate``: a fall of it is a regression."""

    name: str
    questions: int
    a: float
    b: float
    interval: tuple[float, float]
    gate: bool

    @property
    def difference(self) -> float:
        """How much it rose from A to B."""
        return self.b - self.a


@dataclass(frozen=True)
class Changed:
    """One question that came out differently; ``worse`` and ``better`` name the measures that fell and rose."""

    id: str
    question: str
    how: tuple[str, ...]
    worse: tuple[str, ...]
    better: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two runs compared over their common questions; ``only_a`` and ``only_b`` count the others."""

    measures: tuple[Measure, ...]
    changed: tuple[Changed, ...]
    common: int
    only_a: int
    only_b: int
    threshold: float
    certain: bool

    @property
    def regressions(self) -> tuple[Measure, ...]:
        """The gated measures that fell by more than the threshold; if ``certain``, with an interval below zero too."""
        return tuple(
            m
            for m in self.measures
            if m.gate and m.difference < -self.threshold - 1e-12 and (not self.certain or m.interval[1] < 0)
        )


@dataclass(frozen=True)
class _Run:
    rows: Mapping[tuple[str, str], Row]
    grades: Mapping[str, Grade]
    retrieval: bool


def compare_runs(a: Path, b: Path, *, threshold: float = THRESHOLD, certain: bool = False) -> Comparison:
    """The comparison of two finished runs of one kind. Raises RunError where they have no question in common."""
    first, second = _read(a), _read(b)
    if first.retrieval != second.retrieval:
        raise RunError("one is a run over questions, the other over a collection", where=f"{a}, {b}")
    common = [k for k in first.rows if k in second.rows]
    if not common:
        raise RunError("the runs have no question in common", where=f"{a}, {b}", todo="Ask both the same file")
    pairs = [(first.rows[k], second.rows[k]) for k in common]
    values = _ranked if first.retrieval else _answered
    judged = [(values(x, first.grades), values(y, second.grades)) for x, y in pairs]
    return Comparison(
        tuple(_measures(judged, first.retrieval)),
        tuple(c for (x, y), (m, n) in zip(pairs, judged, strict=True) if (c := _changed(x, y, m, n))),
        len(common),
        len(first.rows) - len(common),
        len(second.rows) - len(common),
        threshold,
        certain,
    )


def _read(folder: Path) -> _Run:
    rows, summary = read_run(folder)
    keyed = {(str(r.get("id")), r["question"]): r for r in rows}
    return _Run(keyed, grading.settled(grading.take_grades(folder, ())[0]), "retrieval" in summary)


# What a row is worth


def _answered(row: Row, grades: Mapping[str, Grade]) -> dict[str, float | None]:
    """The measures of an answer, None where nothing is known."""
    grade = grades.get(answer_key(row) or "")
    citations = row["result"]["citations"] if row.get("result") else []
    known = outcome_right(row)
    answered = float(row["outcome"] in ("answered", "partly"))
    return {
        "grade": WORTH[grade] if grade else None,
        "outcome right": known,
        "resource right": float(row["resource_right"]) if "resource_right" in row else None,
        "answered, of unlabelled": answered if row.get("answerable") is None else None,
        "source's own words": sum(bool(c["quote"]) for c in citations) / len(citations) if citations else None,
        "confidence": row["confidence"],
        "milliseconds": row.get("milliseconds"),
    }


def _ranked(row: Row, grades: Mapping[str, Grade]) -> dict[str, float | None]:
    """The measures of a ranking; those of the fusion are gated."""
    return {f"{leg} {m}": row[leg][m] for leg in ("fused", "dense", "words") for m in _RANKED if m in row.get(leg, {})}


def _gated(name: str, retrieval: bool) -> bool:
    if retrieval:
        return name.startswith("fused ")
    return name in ("grade", "outcome right", "resource right", "answered, of unlabelled")


Pairs = Sequence[tuple[Mapping[str, float | None], Mapping[str, float | None]]]


def _measures(judged: Pairs, retrieval: bool) -> Iterable[Measure]:
    for name in dict.fromkeys(n for x, _ in judged for n in x):
        both = [(x[name], y[name]) for x, y in judged if x.get(name) is not None and y.get(name) is not None]
        if both:
            a, b = np.array(both, float).T
            yield Measure(name, len(both), float(a.mean()), float(b.mean()), interval(b - a), _gated(name, retrieval))


def _changed(a: Row, b: Row, x: Mapping[str, float | None], y: Mapping[str, float | None]) -> Changed | None:
    names = [n for n in x if _gated(n, "fused" in a)]
    moved = {n: q - p for n in names if (p := x[n]) is not None and (q := y.get(n)) is not None and abs(q - p) > 1e-9}
    how = _how(a, b, moved)
    if not how:
        return None
    worse, better = (tuple(n for n, d in moved.items() if d * sign > 0) for sign in (-1, 1))
    return Changed(str(a.get("id")), a["question"], how, worse, better)


def _how(a: Row, b: Row, moved: Mapping[str, float]) -> tuple[str, ...]:
    if "fused" in a:
        return tuple(f"{n} {d:+.3f}" for n, d in moved.items())[:1]
    found = [] if a["outcome"] == b["outcome"] else [f"{a['outcome']} → {b['outcome']}"]
    if a["outcome"] == b["outcome"] and answer_key(a) != answer_key(b):
        found.append("another answer")
    return (*found, *(f"{n} {d:+.1f}" for n, d in moved.items() if n != "outcome right"))


# For a person and for programs


def to_json(found: Comparison) -> dict[str, Any]:
    """As plain values."""
    regressions = {m.name for m in found.regressions}
    return {
        "common": found.common,
        "only_a": found.only_a,
        "only_b": found.only_b,
        "threshold": found.threshold,
        "measures": [
            {
                "name": m.name,
                "questions": m.questions,
                "a": m.a,
                "b": m.b,
                "difference": m.difference,
                "interval": list(m.interval),
                "regression": m.name in regressions,
            }
            for m in found.measures
        ],
        "changed": [
            {"id": c.id, "question": c.question, "how": list(c.how), "worse": list(c.worse), "better": list(c.better)}
            for c in found.changed
        ],
        "regressions": sorted(regressions),
    }


def lines(found: Comparison, most: int = 20) -> list[str]:
    """The comparison as a person reads it in a terminal; of the changed questions ``most``, the worse ones first."""
    others = f" ({found.only_a} only in A, {found.only_b} only in B)" if found.only_a or found.only_b else ""
    out = [f"{found.common} questions in both runs{others}.", f"{'':26}{'A':>9}{'B':>9}{'B - A':>9}   95 % of B - A"]
    for m in found.measures:
        low, high = m.interval
        mark = "  REGRESSION" if m in found.regressions else ""
        out.append(f"{m.name:26}{m.a:9.3f}{m.b:9.3f}{m.difference:+9.3f}   {low:+.3f} to {high:+.3f}{mark}")
    ordered = sorted(found.changed, key=lambda c: (not c.worse, not c.better))
    worse, better = sum(bool(c.worse) for c in ordered), sum(bool(c.better) and not c.worse for c in ordered)
    out.append(f"{len(ordered)} questions changed: {worse} for the worse, {better} for the better.")
    for c in ordered[:most]:
        out.append(f"  {'-' if c.worse else '+' if c.better else ' '} {c.id}: {c.question[:70]} ({'; '.join(c.how)})")
    if len(ordered) > most:
        out.append(f"  … and {len(ordered) - most} more; --json has all of them")
    return out
