"""Results to ``summary.json``: outcomes, resources right, citations, latency, calibration, risk and coverage. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from assistant.evaluation.judging import BASES, Grade, Row, answer_key, basis_of, outcome_right, right
from assistant.evaluation.metrics import area_under_risk, calibration_error, interval, reliability, risk_coverage

COVERAGES = (0.5, 0.7, 0.8, 0.9, 1.0)


def summarise(rows: Sequence[Row], grades: Mapping[str, Grade] | None = None) -> dict[str, Any]:
    """Counts and shares over results. ``grades`` holds one grade for each answer that people graded, by its key."""
    grades = grades or {}
    citations = [c for r in rows if r.get("result") for c in r["result"]["citations"]]
    judged = [float(r["resource_right"]) for r in rows if "resource_right" in r]
    return {
        "questions": len(rows),
        "outcomes": dict(Counter(r["outcome"] for r in rows).most_common()),
        "by_answerable": _outcomes_by(rows, lambda r: r.get("answerable")),
        "by_kind": _outcomes_by(rows, lambda r: r.get("kind")),
        "outcome_right": _share([o for r in rows if (o := outcome_right(r)) is not None]),
        "resources_right": sum(judged) / len(judged) if judged else None,
        "citations": len(citations),
        "citations_with_words": sum(bool(c["quote"]) for c in citations),
        "checks": dict(Counter(str(c["check"]) for c in citations)),
        "milliseconds": _times([r["milliseconds"] for r in rows if "milliseconds" in r]),
        "sections": _sections(rows, grades),
        "confidence": _confidence(rows, grades),
    }


def _outcomes_by(rows: Sequence[Row], label: Callable[[Row], str | None]) -> dict[str, dict[str, int]]:
    labels = dict.fromkeys(found for r in rows if (found := label(r)))
    return {name: dict(Counter(r["outcome"] for r in rows if label(r) == name)) for name in labels}


def _share(values: Sequence[float]) -> dict[str, Any] | None:
    """A mean with its 95 % bootstrap interval and how many it is over; None of nothing."""
    if not values:
        return None
    return {"mean": float(np.mean(values)), "interval": list(interval(values)), "of": len(values)}


def _times(times: Sequence[float]) -> dict[str, float] | None:
    if not times:
        return None
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}


def _sections(rows: Sequence[Row], grades: Mapping[str, Grade]) -> list[dict[str, Any]]:
    """For each section of the list that answers come from: outcomes, mean confidence, grades."""
    names = dict.fromkeys(r.get("section") or "" for r in rows)
    found = []
    for name in sorted(names, key=lambda n: (not n, n)):
        of = [r for r in rows if (r.get("section") or "") == name]
        given = Counter(g for r in of if (g := grades.get(answer_key(r) or "")))
        found.append(
            {
                "section": name or "none",
                "questions": len(of),
                "outcomes": dict(Counter(r["outcome"] for r in of)),
                "confidence": float(np.mean([r["confidence"] for r in of])),
                "grades": dict(given),
            }
        )
    return found


def _confidence(rows: Sequence[Row], grades: Mapping[str, Grade]) -> dict[str, Any] | None:
    """How well the confidence tells right from wrong, by the best that the rows say; None where they say nothing."""
    basis = basis_of(rows, grades)
    pairs = [(r["confidence"], known) for r in rows if (known := right(r, basis, grades)) is not None]
    if basis is None or not pairs:
        return None
    confidence, was_right = [c for c, _ in pairs], [r for _, r in pairs]
    coverage, risk = risk_coverage(confidence, was_right)
    return {
        "basis": basis,
        "meaning": BASES[basis],
        "questions": len(pairs),
        "right": float(np.mean(was_right)),
        # The confidence is that an answer is right; that the list can answer does not say so.
        "calibration_error": None if basis == "answerable" else calibration_error(confidence, was_right),
        "bins": [] if basis == "answerable" else [asdict(b) for b in reliability(confidence, was_right)],
        "area_under_risk": area_under_risk(confidence, was_right),
        "risk_at_coverage": {f"{c:.0%}": float(risk[max(0, round(c * len(risk)) - 1)]) for c in COVERAGES},
        "curve": [[round(float(c), 4), round(float(r), 4)] for c, r in zip(coverage, risk, strict=True)],
    }
