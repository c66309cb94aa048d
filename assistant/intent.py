"""Which kind of fact a question asks for: definition, remedy, comparison … Pure.

A multinomial logistic regression over the words around the subject ("how do you solve X" asks for a remedy),
fitted on the questions of our own claims and the kinds of those claims; ``intent.json`` beside this file,
made again by ``underhood fit intent``.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.naming import Names

SUBJECT = "X"
_TOKEN = re.compile(rf"[a-z']+|{SUBJECT}|\?")


def cues(text: str, names: Names) -> list[str]:
    """The words of a question and their pairs, with every concept's name as one placeholder."""
    out, last = [], 0
    for mention in names.mentions(text):
        out += [text[last : mention.start].lower(), f" {SUBJECT} "]
        last = mention.end
    found = ["^", *_TOKEN.findall("".join([*out, text[last:].lower()]).replace("’", "'"))]
    return [*found, *(f"{a} {b}" for a, b in itertools.pairwise(found))]


@dataclass(frozen=True)
class Intent:
    """The fitted weights: for each cue one number a kind, in hundredths."""

    kinds: tuple[str, ...]
    bias: tuple[int, ...]
    weights: Mapping[str, tuple[int, ...]]
    made_by: str = ""

    def log_probabilities(self, text: str, names: Names) -> dict[str, float]:
        """The logarithm of the probability of each kind, for one question."""
        scores = [b / 100 for b in self.bias]
        for cue in set(cues(text, names)):
            for n, weight in enumerate(self.weights.get(cue, ())):
                scores[n] += weight / 100
        top = max(scores)
        total = top + math.log(sum(math.exp(s - top) for s in scores))
        return {k: s - total for k, s in zip(self.kinds, scores, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"kinds": self.kinds, "bias": self.bias, "made_by": self.made_by, "weights": dict(self.weights)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Intent:
        """What ``to_json`` wrote."""
        weights = {k: tuple(v) for k, v in raw["weights"].items()}
        return cls(tuple(raw["kinds"]), tuple(raw["bias"]), weights, raw["made_by"])


@cache
def intent() -> Intent:
    """The stored weights."""
    return Intent.from_json(json.loads(Path(__file__).with_name("intent.json").read_text("utf-8")))
