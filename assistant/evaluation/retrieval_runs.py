"""A run over a BEIR folder: each leg and the fusion measured by ir-measures, which this module alone imports.

The legs are those of the assistant (its embedder, its BM25, best sentences), and the fusion is the very function that
ranks passages of readings.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant import fusion
from assistant.evaluation.beir import Collection, Text, read_collection
from assistant.evaluation.metrics import FloatArray, interval
from assistant.evaluation.report import write_retrieval_report
from ingest.embedding import Embedder, SentenceTransformerEmbedder, Vectors
from ingest.errors import RunError
from ingest.index.words import WordSearch
from ingest.parts import Span
from ingest.passages import split
from ingest.settings import Settings
from ingest.vector_cache import CachedEmbedder

#: How deep each leg and the fusion rank; every measure is of such a ranking.
DEPTH = fusion.DEPTH
LEGS = ("dense", "words", "fused")
#: The ablation of adapting: BM25 scaled like the cosines, both shares fixed at their best on mlquestions-dev.
FIXED_WORDS, FIXED_SENTENCES = 0.15, 0.2
MEASURES = {"nDCG@10": "nDCG@10", "AP@100": "MAP", "R@10": "recall@10", "R@100": "recall@100", "RR@100": "MRR"}
#: Weights of BM25 that `underhood fit fusion` tries; finer steps differ by less than chance does.
TRIED = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08)
Progress = Callable[[str, int, int], None]
Ranking = Mapping[str, float]
_BATCH = 2048


def evaluate_retrieval(
    folder: Path,
    out: Path,
    *,
    embedder: Embedder | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Rank a collection's documents for its queries, and write results, summary and report into ``out``.

    The vectors are cached under ``UNDERHOOD_HOME``, so that a second run takes seconds. Returns the summary. Raises
    RunError, EmbedderError.
    """
    started = time.perf_counter()
    collection = read_collection(folder)
    embedder = embedder or _cached()
    index = Indexed.build(collection, embedder, progress)
    rankings = _rankings(collection, index, progress)
    figures = {name: measured(collection.qrels, ranking) for name, ranking in rankings.items()}
    rows = [_row(collection, query, figures, rankings) for query in collection.queries]
    summary = {
        "retrieval": collection.name,
        "documents": len(collection.documents),
        "queries": len(collection.queries),
        "depth": DEPTH,
        "embedder": embedder.fingerprint,
        **{leg: _means(figures[leg]) for leg in LEGS},
        "intervals": {leg: list(interval(_column(figures[leg]))) for leg in LEGS},
        "without": {name.removeprefix("without "): _loss(figures, name) for name in figures if name not in LEGS},
        "seconds": round(time.perf_counter() - started, 1),
        "skipped_lines": list(collection.problems),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "results.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
        (out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False), "utf-8")
        write_retrieval_report(rows, summary, out / "report.html")
    except OSError as error:
        raise RunError(f"cannot write there ({error.strerror})", where=str(out)) from error
    return summary


def _cached() -> Embedder:
    settings = Settings.from_environment()
    return CachedEmbedder(SentenceTransformerEmbedder(settings.embedder), settings.cache)


@dataclass(frozen=True)
class Indexed:
    """A collection's vectors and words: documents (n, d), sentences (s, d) float32, sentence offsets (n + 1,)."""

    documents: Vectors
    sentences: Vectors
    offsets: NDArray[np.int64]
    queries: Vectors
    words: WordSearch

    @classmethod
    def build(cls, collection: Collection, embedder: Embedder, progress: Progress) -> Indexed:
        """Embed what the cache does not hold, and count words."""
        texts = [d.whole for d in collection.documents]
        cut = [_sentences(d) for d in collection.documents]
        return cls(
            *_embed(embedder, texts, cut, progress),
            np.concatenate([[0], np.cumsum([len(c) for c in cut])]).astype(np.int64),
            embedder.encode([q.whole for q in collection.queries]),
            WordSearch.build([d.id for d in collection.documents], texts),
        )

    def best_sentences(self, positions: NDArray[np.int64], query: Vectors) -> FloatArray:
        """The cosine of the best sentence of each document, shape (len(positions),)."""
        return np.array(
            [float((self.sentences[self.offsets[p] : self.offsets[p + 1]] @ query).max(initial=-1)) for p in positions]
        )


def _sentences(document: Text) -> list[Span]:
    """Where title and sentences stand in the whole of a document."""
    before = len(document.whole) - len(document.text)
    found = [(before + start, before + end) for start, end in split(document.text)]
    return [(0, len(document.title)), *found] if document.title else found


def _embed(
    embedder: Embedder, texts: Sequence[str], parts: Sequence[Sequence[Span]], progress: Progress
) -> tuple[Vectors, Vectors]:
    """Embed documents and their sentences in batches, so that an interrupted run keeps what it has done."""
    none = np.zeros((0, embedder.dimensions), np.float32)
    whole, inner = [none], [none]
    for first in range(0, len(texts), _BATCH):
        piece = slice(first, first + _BATCH)
        found, cut = embedder.encode_parts(texts[piece], parts[piece])
        whole.append(found)
        inner.append(cut)
        progress("documents", min(first + _BATCH, len(texts)), len(texts))
    return np.concatenate(whole), np.concatenate(inner)


def _rankings(collection: Collection, index: Indexed, progress: Progress) -> dict[str, dict[str, Ranking]]:
    """For each leg, the fusion, and the fusion without each of its parts: the documents found for each query."""
    ids = [d.id for d in collection.documents]
    found: dict[str, dict[str, Ranking]] = {}
    for n, query in enumerate(collection.queries, 1):
        for name, (positions, scores) in _each(legs_of(index, n - 1, query.whole)).items():
            best = fusion.first(scores)
            found.setdefault(name, {})[query.id] = {ids[positions[i]]: float(scores[i]) for i in best}
        progress("queries", n, len(collection.queries))
    return found


@dataclass(frozen=True)
class Legs:
    """The candidates for a query (positions of documents) and their scores by each leg, all of shape (candidates,).

    ``near`` and ``worded`` mark those that the dense leg and the words brought forward; ``count`` is the mean number of
    their sentences.
    """

    positions: NDArray[np.int64]
    dense: FloatArray
    sentences: FloatArray
    words: FloatArray
    near: NDArray[np.bool_]
    worded: NDArray[np.bool_]
    count: float


def legs_of(index: Indexed, n: int, text: str) -> Legs:
    """The candidates for the query of number ``n``."""
    vector = index.queries[n]
    dense, words = (index.documents @ vector).astype(np.float64), index.words.scores(text).astype(np.float64)
    near, worded = fusion.first(dense), fusion.first(words)
    worded = worded[words[worded] > 0]
    found = np.union1d(near, worded)
    return Legs(
        found,
        dense[found],
        index.best_sentences(found, vector),
        words[found],
        np.isin(found, near),
        np.isin(found, worded),
        float((index.offsets[found + 1] - index.offsets[found]).mean()) if len(found) else 0.0,
    )


def _each(legs: Legs) -> dict[str, tuple[NDArray[np.int64], FloatArray]]:
    """For each leg, the fusion and its ablations: positions and scores."""
    positions, scores, count = legs.positions, (legs.dense, legs.sentences, legs.words), legs.count
    silent = replace(fusion.DEFAULT, words=0.0)
    fixed = replace(silent, blur=count * (1 / FIXED_SENTENCES - 1))
    scores_of = {
        "fused": fusion.fuse(*scores, count),
        "without dense": fusion.fuse(*scores, count, replace(fusion.DEFAULT, blur=0.0)),
        "without sentences": fusion.fuse(*scores, 0.0),
        "without words": fusion.fuse(*scores, count, silent),
        "without adapting": (1 - FIXED_WORDS) * fusion.fuse(*scores, count, fixed)
        + FIXED_WORDS * fusion.scaled(legs.words),
    }
    return {
        "dense": (positions[legs.near], legs.dense[legs.near]),
        "words": (positions[legs.worded], legs.words[legs.worded]),
        **{name: (positions, found) for name, found in scores_of.items()},
    }


def weigh_words(folder: Path, *, embedder: Embedder | None = None) -> dict[float, float]:
    """The nDCG@10 of the fusion on a collection for each weight of BM25 that was tried. Raises RunError."""
    collection = read_collection(folder)
    index = Indexed.build(collection, embedder or _cached(), lambda stage, done, total: None)
    found = [legs_of(index, n, query.whole) for n, query in enumerate(collection.queries)]
    return {words: _ndcg(collection, found, replace(fusion.DEFAULT, words=words)) for words in TRIED}


def _ndcg(collection: Collection, found: Sequence[Legs], weights: fusion.Weights) -> float:
    ids = [d.id for d in collection.documents]
    run = {}
    for query, legs in zip(collection.queries, found, strict=True):
        scores = fusion.fuse(legs.dense, legs.sentences, legs.words, legs.count, weights)
        run[query.id] = {ids[legs.positions[i]]: float(scores[i]) for i in fusion.first(scores)}
    return float(np.mean(_column(measured(collection.qrels, run))))


def measured(qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Ranking]) -> dict[str, dict[str, float]]:
    """The measures of each query, by name, as trec_eval computes them."""
    import ir_measures

    found: dict[str, dict[str, float]] = {query: dict.fromkeys(MEASURES.values(), 0.0) for query in qrels}
    wanted = [ir_measures.parse_measure(m) for m in MEASURES]
    for figure in ir_measures.iter_calc(wanted, qrels, run):
        found[figure.query_id][MEASURES[str(figure.measure)]] = float(figure.value)
    return found


def _means(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {m: float(np.mean([f[m] for f in figures.values()])) for m in MEASURES.values()}


def _column(figures: Mapping[str, Mapping[str, float]]) -> list[float]:
    return [f["nDCG@10"] for f in figures.values()]


def _loss(figures: Mapping[str, Mapping[str, Mapping[str, float]]], name: str) -> dict[str, Any]:
    """The nDCG@10 without a part, and what the part adds, with the interval of the paired bootstrap."""
    without, gain = np.array(_column(figures[name])), np.array(_column(figures["fused"]))
    return {
        "nDCG@10": float(without.mean()),
        "adds": float((gain - without).mean()),
        "interval": list(interval(gain - without)),
    }


def _row(
    collection: Collection,
    query: Text,
    figures: Mapping[str, Mapping[str, Mapping[str, float]]],
    rankings: Mapping[str, Mapping[str, Ranking]],
) -> dict[str, Any]:
    texts = {d.id: d for d in collection.documents}
    grades = collection.qrels[query.id]
    first = list(rankings["fused"].get(query.id, {}))

    def shown(document: str) -> dict[str, Any]:
        rank = first.index(document) + 1 if document in first else None
        return {"id": document, "grade": grades.get(document, 0), "rank": rank, "text": texts[document].whole[:300]}

    return {
        "id": query.id,
        "question": query.whole,
        **{leg: figures[leg][query.id] for leg in LEGS},
        "found": [shown(d) for d in first[:3]],
        "wanted": [shown(d) for d, grade in grades.items() if grade > 0],
    }
