"""A summary as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

WRITTEN = "results.jsonl, summary.json, report.html"


def print_summary(summary: Mapping[str, Any], out: Path) -> None:
    """The figures of a run over questions."""
    print(f"{summary['questions']} questions: " + ", ".join(f"{n} {o}" for o, n in summary["outcomes"].items()))
    if right := summary["outcome_right"]:
        print(
            f"answered or declined as they should be: {right['mean']:.1%} of {right['of']} "
            f"({right['interval'][0]:.1%} to {right['interval'][1]:.1%})"
        )
    if summary["resources_right"] is not None:
        print(f"cite a resource that the file names: {summary['resources_right']:.1%}")
    if summary["citations"]:
        print(f"citations with the source's own words: {summary['citations_with_words']} of {summary['citations']}")
    if confidence := summary["confidence"]:
        print(
            f"calibration error {confidence['calibration_error']:.3f}, area under the risk-coverage curve "
            f"{confidence['area_under_risk']:.3f} ({confidence['meaning']})"
        )
    if grades := summary["grades"]:
        print(
            f"graded: {grades['good']} good, {grades['usable']} usable, {grades['bad']} bad, {grades['ungraded']} not"
        )
        if grades["of_another_version"]:
            print(f"{grades['of_another_version']} grades are of another version of an answer; left aside")
        for pair in grades["agreement"]:
            kappa = "not defined" if pair["kappa"] is None else f"{pair['kappa']:.2f}"
            print(f"{' and '.join(pair['graders'])}: {pair['alike']:.1%} of {pair['answers']} alike, kappa {kappa}")
    if times := summary["milliseconds"]:
        print(f"{times['median']:.0f} ms at the median, {times['p95']:.0f} ms at the 95th percentile")
    print(f"written: {out}: {WRITTEN}")


def print_retrieval(summary: Mapping[str, Any], out: Path) -> None:
    """The figures of a run over a collection."""
    print(f"{summary['retrieval']}: {summary['documents']} documents, {summary['queries']} queries")
    names = list(summary["fused"])
    print(f"{'':8}" + "".join(f"{n:>12}" for n in names))
    for leg in ("dense", "words", "fused"):
        print(f"{leg:8}" + "".join(f"{summary[leg][n]:12.4f}" for n in names))
    for name, part in summary["without"].items():
        low, high = part["interval"]
        print(f"without {name}: nDCG@10 {part['nDCG@10']:.4f}; it adds {part['adds']:+.4f} ({low:+.4f} to {high:+.4f})")
    print(f"written: {out}: {WRITTEN}; {summary['seconds']} s")
