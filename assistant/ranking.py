"""Which of the claims found answers a part: one score from several signals. Pure.

A conditional logit (McFadden 1974): the probability that a candidate is the best one is the softmax of a
weighted sum of its signals. The weights are in ``ranking.json``, made again by ``underhood fit ranking``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Features:
    """What is known of a candidate claim for a part of a question.

    ``claim_cosine``: to the claim; ``question_cosine``: the best to one of its questions; ``typed_cosine``: the same
    for the words as typed, no name put for another; ``second_cosine``: the second best; ``words``: its share of the best
    BM25 score; ``kind``: log-probability that the part asks for the claim's kind; ``shared``: overlap (Jaccard) of stems
    with the claim's best question; ``covered``: share of the part's rare words that the claim and its questions have.
    """

    claim_cosine: float
    question_cosine: float
    typed_cosine: float
    second_cosine: float
    words: float
    kind: float
    shared: float
    covered: float


NAMES: tuple[str, ...] = tuple(f.name for f in fields(Features))
_values = attrgetter(*NAMES)  # dataclasses.astuple copies deeply, at ten times the cost


@dataclass(frozen=True)
class Ranking:
    """The fitted weights, one a signal."""

    weights: tuple[float, ...]
    made_by: str = ""

    def score(self, features: Features) -> float:
        """A candidate's score; higher is better, differences are log-odds."""
        return float(sum(w * v for w, v in zip(self.weights, _values(features), strict=True)))

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"weights": dict(zip(NAMES, self.weights, strict=True)), "made_by": self.made_by}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Ranking:
        """What ``to_json`` wrote."""
        return cls(tuple(float(raw["weights"][n]) for n in NAMES), raw["made_by"])


@cache
def ranking() -> Ranking:
    """The stored weights."""
    return Ranking.from_json(json.loads(Path(__file__).with_name("ranking.json").read_text("utf-8")))
