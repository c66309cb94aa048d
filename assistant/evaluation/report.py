"""The pages of an evaluation: ``report.html`` of a run, and the grading sheet. All offline, all text escaped.

Charts are inline SVG: charts.py says where the marks stand, the templates draw them.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.evaluation import charts
from assistant.evaluation.judging import Grade, Row, answer_key, basis_of, outcome_right, right

TEMPLATES = Path(__file__).parent / "templates"
OUTCOMES = ("answered", "partly", "declined", "refused")
#: What is known of an answer, the worst first; of the first two the surest come first, of the others the least sure.
VERDICTS = ("bad", "wrong", "declined wrongly", "refused", "usable", "not judged", "right", "good")


def render(template: str, **values: Any) -> str:
    """A page of ``templates/``, escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    script = (TEMPLATES / "sheet.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(script=script, script_hash=digest, **values)


def write_report(rows: Sequence[Row], summary: Mapping[str, Any], grades: Mapping[str, Grade], path: Path) -> None:
    """Write the page of a run over questions, its worst questions first."""
    basis = basis_of(rows, grades)
    judged = [(verdict(r, grades, right(r, basis, grades)), r) for r in rows]
    judged.sort(
        key=lambda pair: (VERDICTS.index(pair[0]), pair[1]["confidence"] * (-1 if pair[0] in VERDICTS[:2] else 1))
    )
    confidence = summary["confidence"]
    page = render(
        "report.html",
        judged=judged,
        summary=summary,
        outcomes=OUTCOMES,
        verdicts=[v for v in VERDICTS if any(v == found for found, _ in judged)],
        counts=Counter(v for v, _ in judged),
        risk=charts.risk(confidence["curve"], answered_share(rows, basis, grades)) if confidence else None,
        bins=charts.bins(confidence["bins"]) if confidence and confidence["bins"] else None,
    )
    path.write_text(page, "utf-8")


def verdict(row: Row, grades: Mapping[str, Grade], known: float | None) -> str:
    """What is known of a row, one of ``VERDICTS``."""
    if row["outcome"] == "refused":
        return "refused"
    if grade := grades.get(answer_key(row) or ""):
        return grade
    if row["outcome"] == "declined":
        fits = outcome_right(row)
        return "not judged" if fits is None else "right" if fits else "declined wrongly"
    return (
        "wrong"
        if known == 0 or row.get("answerable") == "no"
        else "right"
        if known and row.get("resource_right")
        else "not judged"
    )


def answered_share(rows: Sequence[Row], basis: Any, grades: Mapping[str, Grade]) -> float:
    """The share of the judged questions that were answered, fully or partly: where the run stands on the curve."""
    of = [r for r in rows if right(r, basis, grades) is not None]
    return sum(r["outcome"] in ("answered", "partly") for r in of) / max(1, len(of))


def write_retrieval_report(rows: Sequence[Row], summary: Mapping[str, Any], path: Path) -> None:
    """Write the page of a run over a collection, the worst queries of the fusion first."""
    ordered = sorted(rows, key=lambda r: (r["fused"]["nDCG@10"], r["fused"]["MRR"]))
    path.write_text(render("retrieval.html", rows=ordered, summary=summary, legs=("dense", "words", "fused")), "utf-8")
