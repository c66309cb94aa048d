"""The default writer: composes an answer from claims, one for each part, without a language model. Pure.

One claim is enough for one part; a companion that no part asked for spoils a good answer. Where the claims
are silent, a reading answers alone (windows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.confidence import Calibration
from assistant.questions import Part
from assistant.retrieval import ClaimFound, Evidence, PartEvidence, PassageFound

#: How sure a side ("What is X?" beside a comparison) must be to be said.
SIDE_QUESTION_COSINE = 0.72

Trust = Callable[[PartEvidence, ClaimFound], float]


@dataclass(frozen=True)
class Chosen:
    """A claim chosen for a part, with the probability that it answers it."""

    part: Part
    found: ClaimFound
    probability: float


@dataclass(frozen=True)
class Draft:
    """What the writer would say: claims in order, or a window of a reading, and what it leaves open."""

    chosen: tuple[Chosen, ...]
    window: tuple[PassageFound, int, int] | None
    unanswered: tuple[str, ...]
    probability: float


def compose(evidence: Evidence, trust: Trust, calibration: Calibration) -> Draft:
    """The draft of an answer. ``trust`` gives the probability that a claim answers a part."""
    chosen: list[Chosen] = []
    unanswered: list[str] = []
    asked = [p for p in evidence.parts if p.part.role != "side"]
    for part in asked:
        best = _best(part, trust)
        if best is None or best.probability < calibration.partly:
            unanswered.append(part.part.text)
        elif all(best.found.claim.id != c.found.claim.id for c in chosen):
            chosen.append(best)
    if chosen:
        chosen += _sides(evidence, chosen, trust)
        certain = [c.probability for c in chosen if c.part.role != "side"]
        return Draft(tuple(chosen), None, tuple(unanswered), sum(certain) / len(certain))
    tried = [b.probability for p in asked if (b := _best(p, trust)) is not None]
    return Draft((), None, tuple(unanswered), max(tried, default=0.0))


def _best(part: PartEvidence, trust: Trust) -> Chosen | None:
    if not part.claims:
        return None
    found = part.claims[0]
    return Chosen(part.part, found, trust(part, found))


def _sides(evidence: Evidence, chosen: Sequence[Chosen], trust: Trust) -> list[Chosen]:
    """What each thing of a comparison is, where a claim says just that."""
    sides: list[Chosen] = []
    for part in evidence.parts:
        if part.part.role != "side" or not part.claims:
            continue
        best = part.claims[0]
        taken = {c.found.claim.id for c in [*chosen, *sides]}
        if best.features.question_cosine >= SIDE_QUESTION_COSINE and best.claim.id not in taken:
            sides.append(Chosen(part.part, best, trust(part, best)))
    return sides
