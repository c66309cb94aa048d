"""Passages of readings ranked (assistant/retrieval.py); claims are tested with answering and ranking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.fusion import fuse
from assistant.questions import Part, Question
from assistant.retrieval import OF_ONE_RESOURCE, Search
from ingest.embedding import Vectors
from ingest.index.reading import Index
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import HashingEmbedder

SECTIONS = {
    "Fog": "A hiker in fog feels the slope under the feet and takes a step downhill. The hiker repeats the step.",
    "Valleys": "A long flat valley slows the descent because the slope there is tiny. Speed gathered before helps.",
    "Ravines": "In a ravine the steps zigzag between the walls while the floor falls slowly towards the sea.",
    "Kettle": "Water in a kettle boils when its vapour pressure reaches the pressure of the air above the lid.",
}


@pytest.fixture
def search(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> Search:
    """A search over one reading of four sections."""
    folder = tmp_path / "readings" / "doe-2001-descent"
    folder.mkdir(parents=True)
    (folder / "paper.md").write_text("\n\n".join(f"# {name}\n\n{text}" for name, text in SECTIONS.items()), "utf-8")
    ingest(settings, readings=folder.parent, embedder=embedder)
    return Search(Index.open(settings.index), embedder)


def exact(search: Search, text: str, vector: Vectors) -> dict[str, tuple[float, float]]:
    """The fused score and the cosine of every passage, from all their stored vectors."""
    ids = search.index.passage_words.ids
    vectors = search.index.passage_vectors(ids)
    dense = np.array([float(vectors[i] @ vector) for i in ids])
    sentences = [search.index.sentence_vectors(i) @ vector for i in ids]
    best = np.array([float(s.max()) for s in sentences])
    words = search.index.passage_words.scores(text).astype(float)
    fused = fuse(dense, best, words, float(np.mean([len(s) for s in sentences])))
    return {i: (float(f), float(d)) for i, f, d in zip(ids, fused, dense, strict=True)}


def test_passages_are_ranked_by_the_fusion(search: Search, embedder: HashingEmbedder):
    """Scores and cosines are those of the fusion over exact scores, best first."""
    text = "why does the slope of a flat valley slow the descent"
    vector = embedder.encode([text])[0]
    found = search.rank_passages(text, vector)
    assert {i: (score, cosine) for i, score, cosine in found} == {
        i: pytest.approx(values, abs=1e-4) for i, values in exact(search, text, vector).items()
    }
    assert [score for _, score, _ in found] == sorted((score for _, score, _ in found), reverse=True)
    (best,) = search.index.passages([found[0][0]])
    assert best.passage.heading[-1] == "Valleys"


def test_what_only_the_words_find_is_scored_exactly(search: Search, embedder: HashingEmbedder):
    """A passage that the dense leg did not bring has its true cosine, not none."""
    vector = embedder.encode(["steps zigzag between the walls of a ravine"])[0]
    text = "vapour pressure of a kettle"
    found = search.rank_passages(text, vector, count=1)
    assert len(found) == 2
    cosines = exact(search, text, vector)
    assert {i: c for i, _, c in found} == {i: pytest.approx(cosines[i][1], abs=1e-5) for i, _, _ in found}


def test_without_readings_nothing_is_found(settings: Settings, embedder: HashingEmbedder):
    """No passage, no error."""
    ingest(settings, embedder=embedder)
    search = Search(Index.open(settings.index), embedder)
    assert search.rank_passages("momentum", embedder.encode(["momentum"])[0]) == []


def test_no_resource_crowds_out_the_rest(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A book with many passages on a subject gives three, so that another resource is found too; narrowed to it, it gives more."""
    for resource, texts in {
        "doe-2001-descent": [f"The slope of hill {n} is steep and the step down the slope is short." for n in range(6)],
        "roe-2002-slopes": ["A slope is what tells the step where to go."],
    }.items():
        folder = tmp_path / "readings" / resource
        folder.mkdir(parents=True)
        (folder / "paper.md").write_text("\n\n".join(f"# Part {n}\n\n{t}" for n, t in enumerate(texts)), "utf-8")
    ingest(settings, readings=tmp_path / "readings", embedder=embedder)
    search = Search(Index.open(settings.index), embedder)
    question = Question("the step down a steep slope", (Part("the step down a steep slope"),))
    found = [p.passage.document.split("/")[0] for p in search.passages(search.find(question))]
    assert sorted(found) == ["doe-2001-descent"] * OF_ONE_RESOURCE + ["roe-2002-slopes"]
    narrowed = search.find(question, resources=frozenset({"doe-2001-descent"}))
    assert len(search.passages(narrowed)) == 6
