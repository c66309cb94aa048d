"""One ranking from three: cosine to the text, cosine to its best sentence, BM25. Pure: arrays in, scores out.

It knows nothing of where the scores come from; passages of readings and documents of a benchmark are ranked alike.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
#: How many texts the dense leg and the words each bring forward.
DEPTH = 100
LEGS = ("dense", "sentences", "words")


@dataclass(frozen=True)
class Weights:
    """What each leg counts, of 1 together."""

    dense: float
    sentences: float
    words: float

    def without(self, leg: str) -> Weights:
        """The same with one leg silent."""
        return replace(self, **{leg: 0.0})


@dataclass(frozen=True)
class Legs:
    """The scores of the candidates for one question, each of shape (candidates,), float64; nan where a leg did not find it.

    ``terms`` is the number of different content words of the question, ``length`` the mean number of different content
    words of a text of the collection.
    """

    dense: FloatArray
    sentences: FloatArray
    words: FloatArray
    terms: int
    length: float


FIXED = Weights(0.5, 0.2, 0.3)


def weights(legs: Legs) -> Weights:
    return FIXED


def first(scores: FloatArray, count: int = DEPTH) -> NDArray[np.int64]:
    """The positions of the ``count`` highest scores, best first."""
    return np.argsort(-scores, kind="stable")[:count]


def fuse(legs: Legs, given: Weights | None = None) -> FloatArray:
    """One score for each candidate, higher is better, shape (candidates,)."""
    parts = zip(astuple(given or weights(legs)), (legs.dense, legs.sentences, legs.words), strict=True)
    fused: FloatArray = np.sum([weight * scaled(scores) for weight, scores in parts], axis=0)
    return fused


def scaled(scores: FloatArray) -> FloatArray:
    """Scores between 0 (the leg's lowest, or not found by it) and 1 (its highest)."""
    if np.isnan(scores).all():
        return np.zeros(len(scores))
    low, high = np.nanmin(scores), np.nanmax(scores)
    return np.nan_to_num((scores - low) / ((high - low) or 1.0), nan=0.0)
