"""Can it be answered? A calibrated probability that the best claim for a part answers it. Pure.

A logistic regression over a handful of signals; its weights, and how they were made, are in
``confidence.json`` beside this file, refitted by ``underhood fit confidence``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Signals:
    """What is known of a part's best claim, before it is trusted.

    ``question_cosine``, ``typed_cosine`` and ``claim_cosine`` are of the best claim; ``lead`` is its score over that of the best
    claim of another note; ``spread`` and ``top_mean`` describe the cosines of the whole question to all claims;
    ``coverage`` is the share of the part's content words (weighted by how rare they are) that the claim, its
    questions and its concept's names have; ``unseen`` the same share for words that no claim has.
    """

    question_cosine: float
    typed_cosine: float
    claim_cosine: float
    lead: float
    spread: float
    top_mean: float
    coverage: float
    unseen: float


NAMES: tuple[str, ...] = tuple(f.name for f in fields(Signals))


@dataclass(frozen=True)
class Calibration:
    """Weights of the logistic regression, and the probabilities from which a part counts as answered or partly."""

    weights: tuple[float, ...]
    bias: float
    answered: float
    partly: float
    made_by: str = ""

    def probability(self, signals: Signals) -> float:
        """The probability that the claim answers the part, 0 to 1."""
        z = self.bias + sum(w * v for w, v in zip(self.weights, astuple(signals), strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "weights": dict(zip(NAMES, self.weights, strict=True)),
            "bias": self.bias,
            "answered": self.answered,
            "partly": self.partly,
            "made_by": self.made_by,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Calibration:
        """What ``to_json`` wrote."""
        return cls(
            tuple(float(raw["weights"][n]) for n in NAMES), raw["bias"], raw["answered"], raw["partly"], raw["made_by"]
        )


@cache
def calibration() -> Calibration:
    """The stored calibration."""
    path = Path(__file__).with_name("confidence.json")
    return Calibration.from_json(json.loads(path.read_text("utf-8")))


def coverage(
    wanted: Sequence[str], held: frozenset[str], rarity: Callable[[str], float], known: Callable[[str], bool]
) -> tuple[float, float]:
    """The share of wanted stems that ``held`` has, and the share that nothing has, both weighted by rarity."""
    total = sum(map(rarity, wanted))
    if not total:
        return 1.0, 0.0
    covered = sum(rarity(w) for w in wanted if w in held)
    strange = sum(rarity(w) for w in wanted if not known(w))
    return covered / total, strange / total
