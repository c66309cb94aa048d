"""One ranking from three: cosine to the text, cosine to its best sentence, BM25. Pure: arrays in, scores out.

It knows nothing of where the scores come from: passages of readings and documents of a benchmark are ranked alike.
No leg has a fixed share; two things that are measured set them:

- BM25 is a sum of log-odds, a term for each word that a text shares with the question (Robertson and Zaragoza 2009). What
  it says grows with how many words match and how rare they are, so it is taken as it is: two common words add little to
  the cosines, ten rare ones outweigh them. Scaling it like the cosines, as most do, throws that away, and every kind of
  text then needs weights of its own.
- One vector blurs a text the more, the more sentences it has: the share of the best sentence grows with their number.

The cosines are scaled between the lowest and the highest of the candidates: only their order and spread mean something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
#: How many texts the dense leg and the words each bring forward.
DEPTH = 100


@dataclass(frozen=True)
class Weights:
    """What each leg counts beside the others. Chosen on mlquestions-dev alone.

    ``words``: of one unit of BM25, where the two cosines count 1 together. ``blur``: at how many sentences a text the
    best one counts as much as the whole.
    """

    words: float = 0.04
    blur: float = 10.0

    def sentences(self, count: float) -> float:
        """The share of the best sentence in the cosines, 0 to 1, where texts have ``count`` sentences."""
        return count / (count + self.blur)


DEFAULT = Weights()


def first(scores: NDArray[np.floating], count: int = DEPTH) -> NDArray[np.int64]:
    """The positions of the ``count`` highest scores, best first."""
    return np.argsort(-scores, kind="stable")[:count]


def fuse(
    dense: FloatArray, sentences: FloatArray, words: FloatArray, count: float, weights: Weights = DEFAULT
) -> FloatArray:
    """One score for each candidate, higher is better.

    All of shape (candidates,): the cosine to the text, the highest cosine to one of its sentences, BM25. ``count`` is the
    mean number of sentences of a candidate.
    """
    share = weights.sentences(count)
    return (1 - share) * scaled(dense) + share * scaled(sentences) + weights.words * words


def scaled(scores: FloatArray) -> FloatArray:
    """Scores between 0 (the lowest) and 1 (the highest); all 0 where they are equal."""
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))
