"""The pages (assistant/evaluation/report.py, charts.py)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import charts
from assistant.evaluation.judging import Grade, answer_key
from assistant.evaluation.report import verdict, write_report, write_retrieval_report
from assistant.evaluation.summary import summarise
from tests.assistant.evaluation.test_judging import row

SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def page(path: Path, rows: list[dict[str, Any]], grades: dict[str, Grade] | None = None, **more: Any) -> str:
    summary = {**summarise(rows, grades), "grades": None, "run": None, "skipped_lines": [], **more}
    write_report(rows, summary, grades or {}, path / "report.html")
    return (path / "report.html").read_text("utf-8")


class Tags(HTMLParser):
    """All tags of a page, checked to be closed in order."""

    void = frozenset({"meta", "br", "input", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def considered(text: str) -> list[dict[str, Any]]:
    return [{"claim": "c", "score": 1.0, "text": text}]


def filled(question: str, outcome: str, confidence: float, **more: Any) -> dict[str, Any]:
    found = row(outcome, f"On {question}", confidence=confidence, **more)
    result = {
        **found["result"],
        "standalone_question": question,
        "reason": "",
        "unanswered": [],
        "considered": considered(question),
    }
    return {**found, "id": question, "question": question, "result": result}


def test_the_worst_come_first(tmp_path: Path):
    """Graded bad, then wrong (the surest first), declined wrongly, not judged (the least sure first), right, good."""
    rows = [
        filled("good one", "answered", 0.9),
        filled("unknown sure", "answered", 0.8),
        filled("unknown unsure", "answered", 0.3),
        filled("wrong unsure", "answered", 0.4, answerable="no"),
        filled("wrong sure", "answered", 0.9, answerable="no"),
        filled("silent", "declined", 0.1, answerable="yes"),
        filled("bad one", "answered", 0.2),
        filled("rightly silent", "declined", 0.1, answerable="no"),
    ]
    grades: dict[str, Grade] = {answer_key(rows[0]) or "": "good", answer_key(rows[6]) or "": "bad"}
    text = page(tmp_path, rows, grades)
    order = re.findall(r'class="q" dir="auto">([^<]+)<', text)
    assert order == [
        "bad one",
        "wrong sure",
        "wrong unsure",
        "silent",
        "unknown unsure",
        "unknown sure",
        "rightly silent",
        "good one",
    ]


def test_an_answer_that_nobody_judged_is_not_called_right():
    """That the list can answer a question does not make an answer right."""
    assert verdict(row(answerable="yes"), {}, 1.0) == "not judged"
    assert verdict(row(resource_right=True), {}, 1.0) == "right"
    assert verdict(row("refused"), {}, None) == "refused"


def test_nothing_that_is_shown_runs_or_loads(tmp_path: Path):
    """Markup in question, answer, claims, labels and problems is text; the page names no other file and forbids all."""
    rows = [filled(SCRIPT, "answered", 0.5, answerable="no", kind=SCRIPT, section=SCRIPT, reference=SCRIPT)]
    tags = Tags(page(tmp_path, rows, skipped_lines=[SCRIPT]))
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in tags.seen}
    assert not [a for _, attrs in tags.seen for a in attrs if a in ("src", "href") or a.startswith("on")]
    assert [a["content"] for tag, a in tags.seen if a.get("http-equiv")] == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]


@pytest.mark.parametrize(
    "rows", [[row("refused", error="empty")], [row("declined") | {"result": None, "outcome": "refused", "error": "e"}]]
)
def test_a_page_without_charts(tmp_path: Path, rows: list[dict[str, Any]]):
    """Where nothing is labelled there is no curve, and the page is whole."""
    text = page(tmp_path, rows)
    Tags(text)
    assert "<svg" not in text


def test_the_charts_carry_their_figures(tmp_path: Path):
    """Risk of what is answered now, the count of each bin."""
    rows = [
        filled(f"q{n}", "answered" if n < 8 else "declined", 0.95 - n / 20, answerable="no" if n % 4 == 3 else "yes")
        for n in range(10)
    ]
    text = page(tmp_path, rows)
    assert "now: 25.0 % of 80 %" in text
    assert text.count("<svg") == 1, "that the list can answer calibrates nothing"
    rows = [{**r, "resource_right": True} for r in rows]
    text = page(tmp_path, rows)
    assert text.count("<svg") == 2
    assert "2 with confidence 0.92: 100 % right" in text


@given(st.lists(st.floats(0, 1), min_size=1, max_size=900))
def test_marks_stay_inside_the_plot(risks: list[float]):
    """Whatever the risks, no mark leaves the axes, and a long curve is thinned."""
    curve = [[(n + 1) / len(risks), r] for n, r in enumerate(risks)]
    points = [tuple(map(float, p.split(","))) for p in charts.risk(curve, 0.5)["line"].split()]
    assert len(points) <= charts.MOST_POINTS
    assert all(charts.LEFT <= x <= charts.RIGHT and charts.TOP <= y <= charts.BOTTOM for x, y in points)


def test_the_page_of_a_collection(tmp_path: Path):
    """The worst query first, documents escaped."""
    figures = {"nDCG@10": 0.5, "MRR": 0.5}
    document = {"id": "d", "grade": 1, "rank": None, "text": SCRIPT}
    rows = [
        {
            "id": str(n),
            "question": f"q{n}",
            "dense": figures,
            "words": figures,
            "fused": {"nDCG@10": v, "MRR": v},
            "found": [document],
            "wanted": [document],
        }
        for n, v in enumerate([0.9, 0.1])
    ]
    summary: dict[str, Any] = {
        "retrieval": SCRIPT, "documents": 1, "queries": 2, "depth": 100, "embedder": "e", "skipped_lines": [],
        **dict.fromkeys(("dense", "words", "fused"), figures),
        "intervals": {leg: [0, 1] for leg in ("dense", "words", "fused")},
        "without": {"dense": {"nDCG@10": 0.4, "adds": 0.1, "interval": [0, 0.2]}},
    }  # fmt: skip
    write_retrieval_report(rows, summary, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    Tags(text)
    assert re.findall(r'class="q" dir="auto">([^<]+)<', text) == ["q1", "q0"]
    assert "<script" not in text
