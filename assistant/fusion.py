"""One ranking from three: cosine to the text, cosine to its best sentence, BM25. Pure: arrays in, scores out.

It knows nothing of where the scores come from: passages of readings and documents of a benchmark are ranked alike.

The cosines are scaled between the lowest and the highest of the candidates, because only their order and spread mean
something. BM25 is not: it is a sum of log-odds, a term for each word that a text shares with the question (Robertson and
Zaragoza 2009), so what it says grows with how many words match and how rare they are. Two common words add little to the
cosines, ten rare ones outweigh them. That is the whole of the weights' following the question and the collection: scaling
BM25 too, as most do, throws it away and needs other weights for every kind of text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
#: How many texts the dense leg and the words each bring forward.
DEPTH = 100


@dataclass(frozen=True)
class Weights:
    """What each leg counts: the scaled cosines, and one unit of BM25. Chosen on mlquestions-dev alone."""

    dense: float = 0.7
    sentences: float = 0.3
    words: float = 0.04

    def without(self, leg: str) -> Weights:
        """The same with one leg silent."""
        return replace(self, **{leg: 0.0})


DEFAULT = Weights()


def first(scores: NDArray[np.floating], count: int = DEPTH) -> NDArray[np.int64]:
    """The positions of the ``count`` highest scores, best first."""
    return np.argsort(-scores, kind="stable")[:count]


def fuse(dense: FloatArray, sentences: FloatArray, words: FloatArray, weights: Weights = DEFAULT) -> FloatArray:
    """One score for each candidate, higher is better.

    All of shape (candidates,): the cosine to the text, the highest cosine to one of its sentences, BM25.
    """
    return weights.dense * scaled(dense) + weights.sentences * scaled(sentences) + weights.words * words


def scaled(scores: FloatArray) -> FloatArray:
    """Scores between 0 (the lowest) and 1 (the highest); all 0 where they are equal."""
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))
