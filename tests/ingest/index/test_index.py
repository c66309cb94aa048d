"""Vectors, words, texts: the parts of a generation (ingest/index/)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.documents import Box, Document, Mark, Parsed, Place, Section
from ingest.errors import IndexBroken
from ingest.index.reading import Index
from ingest.index.store import ResolvedAnchor, Store
from ingest.index.vectors import VectorIndex
from ingest.index.words import WordSearch, tokens
from ingest.notes import parse_note
from ingest.passages import Passage, Sentence
from ingest.pipeline import ingest
from tests.conftest import NOTES


def unit(rows: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, 32)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_nearest_agrees_with_exact_search(tmp_path: Path):
    """The real Chroma finds what a full matrix product finds, with the same cosines."""
    index, rows, queries = VectorIndex(tmp_path), unit(500), unit(20, seed=1)
    index.put("claims", [f"c:{n}" for n in range(500)], rows)
    found = index.nearest("claims", queries, 10)
    exact = queries @ rows.T
    hits = 0
    for q, row in enumerate(found):
        best = set(np.argsort(-exact[q])[:10])
        hits += sum(int(i[2:]) in best for i, _ in row)
        assert all(abs(cosine - exact[q][int(i[2:])]) < 1e-4 for i, cosine in row)
        assert [c for _, c in row] == sorted((c for _, c in row), reverse=True)
    assert hits >= 0.98 * 200
    index.close()


def test_rows_are_replaced_and_dropped(tmp_path: Path):
    """Putting an id again replaces it, dropping an absent one is nothing, and the rest survives a reopening."""
    index, rows = VectorIndex(tmp_path), unit(4)
    index.put("passages", ["a", "b", "c"], rows[:3])
    index.put("passages", ["a"], rows[3:])
    index.drop("passages", ["b", "zz"])
    index.close()
    again = VectorIndex(tmp_path)
    assert again.ids("passages") == {"a", "c"}
    assert again.nearest("passages", rows[3:], 1)[0][0][0] == "a"
    again.check("passages", 2)
    with pytest.raises(IndexBroken, match="2 rows where 3"):
        again.check("passages", 3)
    again.close()


def test_an_empty_collection_finds_nothing(tmp_path: Path):
    """A search in nothing gives nothing, for every query."""
    index = VectorIndex(tmp_path)
    assert index.nearest("claims", unit(2), 5) == [[], []]
    index.check("claims", 0)
    index.close()


def test_words_find_by_stem_and_survive_saving(tmp_path: Path):
    """Plurals find singulars, strange words score nothing, and a saved index gives the same scores."""
    built = WordSearch.build(["a", "b", "c"], ["the stride of a convolution", "momentum and strides", "padding"])
    built.save(tmp_path)
    for search in (built, WordSearch.load(tmp_path)):
        scores = search.scores("convolutions and their strides")
        assert scores.argmax() == 0
        assert scores[1] > 0 == scores[2]
        assert search.scores("zebra").tolist() == [0, 0, 0]
        assert search.knows(tokens("strides")[0])
        assert not search.knows("zebra")


def test_no_texts_find_nothing(tmp_path: Path):
    """An index of no texts can be saved, loaded and asked."""
    WordSearch.build([], []).save(tmp_path)
    assert WordSearch.load(tmp_path).scores("anything").shape == (0,)


TEXT = "Descent\n\nWalking downhill é😀 is easy.\n\nRefs"
PARSED = Parsed(
    TEXT,
    title="T",
    sections=(Section(0, len(TEXT), ("Descent",), "descent"),),
    places=(Place(0, page=1, label="i"), Place(9, page=2)),
    boxes=(Box(9, 36, 2, 0.1, 0.2, 0.9, 0.25),),
    marks=(Mark(0, 7, "heading"),),
    pages=2,
    warnings=("page 3 has no text layer",),
)
DOCUMENT = Document("doe-2001-descent", "a.pdf", "pdf", "text", "v1", "ab" * 32, "pdf-1", None, PARSED)
PASSAGE = Passage(9, 36, ("Descent",), (Sentence(9, 36, True),))


def test_a_document_comes_back_as_it_was(tmp_path: Path):
    """Text, spans, places, boxes, marks and passages survive storing; spans count code points."""
    store = Store(tmp_path / "store.sqlite", writable=True)
    store.put_document(DOCUMENT, "h1", [("p:1", PASSAGE)])
    store.replace_anchors(DOCUMENT.key, [ResolvedAnchor("c1", DOCUMENT.key, 9, 16, "sec. 1")])
    store.commit()
    store.close()
    store = Store(tmp_path / "store.sqlite")
    assert store.document(DOCUMENT.key, boxes=True) == DOCUMENT
    assert store.text(DOCUMENT.key, 9, 36) == TEXT[9:36]
    assert store.passages(["p:1", "p:2"])[0].passage == PASSAGE
    assert store.anchors("c1")[0].start == 9
    assert store.document_keys(text_sha256=DOCUMENT.text_sha256) == [DOCUMENT.key]
    assert store.boxes(DOCUMENT.key, 1) == []
    assert len(store.boxes(DOCUMENT.key, 2)) == 1
    store.close()


def test_a_dropped_document_leaves_no_orphan(tmp_path: Path):
    """Boxes, passages and anchors go with their document."""
    store = Store(tmp_path / "store.sqlite", writable=True)
    store.put_document(DOCUMENT, "h1", [("p:1", PASSAGE)])
    store.replace_anchors(DOCUMENT.key, [ResolvedAnchor("c1", DOCUMENT.key, 9, 16, "")])
    store.drop_document(DOCUMENT.key)
    assert store.document(DOCUMENT.key) is None
    assert (store.passages(), store.anchors("c1"), store.boxes(DOCUMENT.key)) == ([], [], [])
    store.close()


def test_notes_come_back_as_they_were(tmp_path: Path):
    """Notes and claims survive storing; a note put again replaces its claims."""
    store = Store(tmp_path / "store.sqlite", writable=True)
    notes = [parse_note(t, p) for p, t in sorted(NOTES.items())]
    for note in [*notes, notes[0]]:
        store.put_note(note, "h")
    assert store.notes() == sorted(notes, key=lambda n: n.key)
    store.close()


@pytest.mark.parametrize("count", [1, 100])
def test_a_scan_of_claims_agrees_with_chroma(settings, embedder, count: int, monkeypatch: pytest.MonkeyPatch):
    """The scan of few claims and the walk through Chroma's graph name the same claims, also where fewer rows are held."""
    ingest(settings, embedder=embedder)
    index = Index.open(settings.index)
    queries = embedder.encode(["What is momentum?", "Why is gradient descent used?", "What is Walking Downhill about?"])
    scanned = index.nearest_claims(queries, count)
    monkeypatch.setattr("ingest.index.reading.SCANNED", 0)
    for ours, theirs in zip(scanned, index.nearest_claims(queries, count), strict=True):
        assert ours.tolist() == theirs.tolist()
    index.close()
