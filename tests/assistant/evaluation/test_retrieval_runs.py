"""Runs over a BEIR folder (assistant/evaluation/retrieval_runs.py)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from assistant.evaluation.beir import read_collection
from assistant.evaluation.retrieval_runs import TRIED, Indexed, evaluate_retrieval, legs_of, measured, weigh_words
from assistant.fusion import DEFAULT
from ingest.embedding import SentenceTransformerEmbedder
from ingest.errors import RunError
from ingest.vector_cache import CachedEmbedder
from tests.assistant.evaluation.test_beir import folder
from tests.conftest import SHARED, HashingEmbedder

TEXTS = {
    "down": ("Walking Downhill", "Gradient descent takes a step against the gradient. A hiker does so in fog."),
    "push": ("", "Momentum adds a share of the previous step. It crosses valleys."),
    "rest": ("", "A kettle boils water."),
    "tea": ("Tea", "Leaves are steeped in boiling water. Patience helps."),
}
QUERIES = {"q1": "step against the gradient", "q2": "previous step momentum", "q3": "how to boil water"}
QRELS = {"q1": {"down": 1}, "q2": {"push": 1}, "q3": {"rest": 1, "tea": 2}}


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    return folder(
        tmp_path / "small",
        [json.dumps({"_id": i, "title": title, "text": text}) for i, (title, text) in TEXTS.items()],
        [json.dumps({"_id": i, "text": text}) for i, text in QUERIES.items()],
        ["query-id\tcorpus-id\tscore", *(f"{q}\t{d}\t{g}" for q, found in QRELS.items() for d, g in found.items())],
    )


def test_the_measures_worked_by_hand():
    """One right at rank 2: nDCG@10 1/log2(3), MAP and MRR 1/2, recall 1. Nothing found: 0 throughout. Graded 2 then 1."""
    qrels = {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}
    found = measured(qrels, {"a": {"y": 0.9, "x": 0.1}, "c": {"x": 0.9, "y": 0.5}})
    assert found["a"] == pytest.approx(
        {"nDCG@10": 1 / math.log2(3), "MAP": 0.5, "recall@10": 1, "recall@100": 1, "MRR": 0.5}
    )
    assert set(found["b"].values()) == {0.0}
    assert found["c"]["nDCG@10"] == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_a_run_writes_results_summary_and_report(beir: Path, tmp_path: Path, embedder: HashingEmbedder):
    """The summary has the figures of each leg and the fusion; a line for each query; the page names the queries."""
    summary = evaluate_retrieval(beir, tmp_path / "out", embedder=embedder)
    assert json.loads((tmp_path / "out/summary.json").read_text()) == summary
    for leg in ("dense", "words", "fused"):
        assert set(summary[leg]) == {"nDCG@10", "MAP", "recall@10", "recall@100", "MRR"}
    assert summary["fused"]["MRR"] == 1.0
    assert set(summary["without"]) >= {"dense", "sentences", "words"}
    rows = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    assert [(r["id"], r["found"][0]["id"]) for r in rows[:2]] == [("q1", "down"), ("q2", "push")]
    assert "how to boil water" in (tmp_path / "out/report.html").read_text()


def test_a_second_run_embeds_no_text_again(beir: Path, tmp_path: Path):
    """All vectors come from the cache, and the figures are the same."""

    class Counting(HashingEmbedder):
        texts = 0

        def encode(self, texts, progress=None):  # type: ignore[no-untyped-def]
            Counting.texts += len(texts)
            return super().encode(texts, progress)

    cached = CachedEmbedder(Counting(), tmp_path / "cache")
    first = evaluate_retrieval(beir, tmp_path / "a", embedder=cached)
    embedded = Counting.texts
    second = evaluate_retrieval(beir, tmp_path / "b", embedder=cached)
    assert Counting.texts == embedded > 0
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_legs_are_what_they_say(beir: Path, embedder: HashingEmbedder):
    """The best sentence is the highest cosine to any of the document's sentences, its title one of them."""
    collection = read_collection(beir)
    index = Indexed.build(collection, embedder, lambda stage, done, total: None)
    legs = legs_of(index, 0, QUERIES["q1"])
    assert legs.positions.tolist() == [0, 1, 2, 3]
    vector = embedder.encode([QUERIES["q1"]])[0]
    sentences = ["Walking Downhill", "Gradient descent takes a step against the gradient.", "A hiker does so in fog."]
    assert legs.sentences[0] == pytest.approx(max(embedder.encode(sentences) @ vector))
    assert legs.dense[0] == pytest.approx(embedder.encode(["Walking Downhill " + TEXTS["down"][1]])[0] @ vector)
    assert (legs.words[2], legs.worded.tolist()) == (0, [True, True, False, False])


def test_broken_lines_are_named_and_the_rest_is_measured(beir: Path, tmp_path: Path, embedder: HashingEmbedder):
    """A line that cannot be read stops nothing."""
    with (beir / "corpus.jsonl").open("a") as file:
        file.write("{\n")
    summary = evaluate_retrieval(beir, tmp_path / "out", embedder=embedder)
    assert len(summary["skipped_lines"]) == 1
    assert summary["documents"] == 4


def test_weights_of_words_are_tried_on_a_collection(beir: Path, tmp_path: Path, embedder: HashingEmbedder):
    """Each weight tried has its nDCG@10; the one that ships has that of a run."""
    tried = weigh_words(beir, embedder=embedder)
    assert tuple(tried) == TRIED
    summary = evaluate_retrieval(beir, tmp_path / "out", embedder=embedder)
    assert tried[DEFAULT.words] == pytest.approx(summary["fused"]["nDCG@10"])


def test_an_out_that_cannot_be_written_is_one_line(beir: Path, tmp_path: Path, embedder: HashingEmbedder):
    """A file where the folder should be."""
    (tmp_path / "out").write_text("")
    with pytest.raises(RunError, match="cannot write there"):
        evaluate_retrieval(beir, tmp_path / "out", embedder=embedder)


@pytest.mark.long
@pytest.mark.parametrize(("name", "dense", "fused"), [("scifact", 0.645, 0.72), ("mlquestions-dev", 0.554, 0.575)])
def test_the_published_figures_are_met(
    tmp_path: Path, minilm: SentenceTransformerEmbedder, name: str, dense: float, fused: float
):
    """The dense leg is the published one within 0.006; the fusion reaches its target."""
    if not (SHARED / "benchmarks" / name).is_dir():
        pytest.skip("the shared benchmarks are not here")
    summary = evaluate_retrieval(SHARED / "benchmarks" / name, tmp_path, embedder=minilm)
    assert summary["dense"]["nDCG@10"] == pytest.approx(dense, abs=0.006)
    assert summary["fused"]["nDCG@10"] >= fused
