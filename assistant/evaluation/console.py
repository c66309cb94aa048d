"""What ``underhood evaluate`` does for its options, and its figures as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.errors import SettingsError

Summary = Mapping[str, Any]


def run(
    out: Path,
    questions: Path | None,
    retrieval: Path | None,
    grade: bool,
    grades: Sequence[Path],
    progress: Callable[[str, int, int], None],
) -> tuple[Summary, list[Path]]:
    """A run over questions or over a collection, or grades taken into the run in ``out``.

    Returns the summary and the grading sheets written. Raises RunError, SettingsError where the options do not go
    together, and what opening the assistant raises.
    """
    if retrieval is not None:
        if questions is not None or grade or grades:
            raise SettingsError("--retrieval goes with neither QUESTIONS nor --grade nor --grades")
        from assistant.evaluation.retrieval_runs import evaluate_retrieval

        return evaluate_retrieval(retrieval, out, progress=progress), []
    if questions is None and not grade and not grades:
        raise SettingsError("evaluate needs QUESTIONS.jsonl, --retrieval BEIR_DIR, --grade or --grades FILE")
    from assistant.evaluation.runs import evaluate_questions, grade_run, sheet

    if questions is not None:
        summary = evaluate_questions(questions, out, grades=grades, progress=progress)
    else:
        summary = grade_run(out, grades)
    return summary, sheet(out) if grade else []


def lines(summary: Summary) -> Iterator[str]:
    """The figures of a run, a line each."""
    return _retrieval(summary) if "retrieval" in summary else _answers(summary)


def _answers(summary: Summary) -> Iterator[str]:
    yield f"{summary['questions']} questions: " + ", ".join(f"{n} {o}" for o, n in summary["outcomes"].items())
    if right := summary["outcome_right"]:
        low, high = right["interval"]
        yield f"answered or declined as they should be: {right['mean']:.1%} of {right['of']} ({low:.1%} to {high:.1%})"
    if summary["resources_right"] is not None:
        yield f"cite a resource that the file names: {summary['resources_right']:.1%}"
    if summary["citations"]:
        yield f"citations with the source's own words: {summary['citations_with_words']} of {summary['citations']}"
    if c := summary["confidence"]:
        error = "" if c["calibration_error"] is None else f"calibration error {c['calibration_error']:.3f}, "
        yield f"{error}area under the risk-coverage curve {c['area_under_risk']:.3f} ({c['meaning']})"
    if grades := summary["grades"]:
        yield from _grades(grades)
    if times := summary["milliseconds"]:
        yield f"{times['median']:.0f} ms at the median, {times['p95']:.0f} ms at the 95th percentile"


def _grades(grades: Mapping[str, Any]) -> Iterator[str]:
    yield f"graded: {grades['good']} good, {grades['usable']} usable, {grades['bad']} bad, {grades['ungraded']} not yet"
    if grades["of_another_version"]:
        yield f"{grades['of_another_version']} grades are of another version of an answer; left aside"
    for pair in grades["agreement"]:
        kappa = "not defined" if pair["kappa"] is None else f"{pair['kappa']:.2f}"
        yield f"{' and '.join(pair['graders'])}: {pair['alike']:.1%} of {pair['answers']} alike, kappa {kappa}"


def _retrieval(summary: Summary) -> Iterator[str]:
    yield f"{summary['retrieval']}: {summary['documents']} documents, {summary['queries']} queries"
    names = list(summary["fused"])
    yield f"{'':8}" + "".join(f"{n:>12}" for n in names)
    for leg in ("dense", "words", "fused"):
        yield f"{leg:8}" + "".join(f"{summary[leg][n]:12.4f}" for n in names)
    for name, part in summary["without"].items():
        low, high = part["interval"]
        yield f"without {name}: nDCG@10 {part['nDCG@10']:.4f}; it adds {part['adds']:+.4f} ({low:+.4f} to {high:+.4f})"
    yield f"{summary['seconds']} s"
