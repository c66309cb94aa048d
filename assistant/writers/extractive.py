"""The default writer: composes an answer from claims, one for each part, without a language model. Pure.

One claim is mostly enough for one part; completing.py knows where the part asks for a second. Where the claims
are silent, a reading answers alone (windows.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.confidence import Calibration
from assistant.questions import Part
from assistant.retrieval import ClaimFound, Evidence, PartEvidence, PassageFound
from assistant.writers import completing
from ingest.notes import Claim, Note

#: How sure a side ("What is X?" beside a comparison) must be to be said.
SIDE_QUESTION_COSINE = 0.72
#: How far (log-odds) behind a claim that is said already the next one may be to answer a part of its own, and how far where
#: its kind is more asked for.
NEXT, NEXT_SUITED = 1.0, 4.5
#: An answer has no more claims than this, its sides apart.
LONGEST = 4

#: What leans on an earlier part: where nothing was found for that, nothing can be meant by this.
_LEANS = re.compile(r"\b(?:it|its|they|them|their|this|that|these|those|one|ones|he|she|his|her|there)\b", re.I)

Trust = Callable[[PartEvidence, ClaimFound], float]


@dataclass(frozen=True)
class Chosen:
    """A claim chosen for a part, with the probability that it answers it; ``beside`` one that does so: a companion, a side."""

    part: Part
    found: ClaimFound
    probability: float
    beside: bool = False


@dataclass(frozen=True)
class Draft:
    """What the writer would say: claims in order, or a window of a reading, and what it leaves open.

    ``paths``: the notes whose reading paths are asked for.
    """

    chosen: tuple[Chosen, ...]
    window: tuple[PassageFound, int, int] | None
    unanswered: tuple[str, ...]
    probability: float
    paths: tuple[Note, ...] = ()


def compose(evidence: Evidence, trust: Trust, calibration: Calibration) -> Draft:
    """The draft of an answer. ``trust`` gives the probability that a claim answers a part."""
    chosen: list[Chosen] = []
    unanswered: list[str] = []
    asked = [p for p in evidence.parts if p.part.role != "side"]
    for part in asked:
        said = [c.found.claim for c in chosen]
        best = _best(part, trust, said)
        silent = not chosen and bool(unanswered) and _LEANS.search(part.part.text) is not None
        if silent or best is None or best.probability < calibration.partly:
            if not (part.claims and part.claims[0].claim in said):
                unanswered.append(part.part.text)
        else:
            chosen += _with_companions(part, best, said)
    if chosen:
        chosen = _shortened(chosen)
        certain = [c.probability for c in chosen if not c.beside]
        return Draft((*chosen, *_sides(evidence, chosen, trust)), None, tuple(unanswered), sum(certain) / len(certain))
    tried = [trust(p, p.claims[0]) for p in asked if p.claims]
    return Draft((), None, tuple(unanswered), max(tried, default=0.0))


def _best(part: PartEvidence, trust: Trust, said: Sequence[Claim]) -> Chosen | None:
    """The claim that answers a part: the first, or the next where that is said already and leaves the part open."""
    for found in part.claims:
        if found.claim not in said:
            first = part.claims[0]
            suited = found.features.kind >= first.features.kind + completing.MORE_ASKED
            if first.score - found.score > (NEXT_SUITED if suited else NEXT) or completing.repeats(found.claim, said):
                return None
            return Chosen(part.part, found, trust(part, found))
    return None


def _with_companions(part: PartEvidence, best: Chosen, said: Sequence[Claim]) -> list[Chosen]:
    """A part's claim, and those that make it whole."""
    beside = completing.companions(part, best.found, said)
    whole = completing.in_order([best.found, *beside]) if beside else [best.found]
    return [best if f is best.found else Chosen(part.part, f, best.probability, beside=True) for f in whole]


def _shortened(chosen: list[Chosen]) -> list[Chosen]:
    """At most so many claims as make an answer; the companions of the last parts go first."""
    while len(chosen) > LONGEST and any(c.beside for c in chosen):
        last = max(n for n, c in enumerate(chosen) if c.beside)
        chosen = chosen[:last] + chosen[last + 1 :]
    return chosen


def _sides(evidence: Evidence, chosen: Sequence[Chosen], trust: Trust) -> list[Chosen]:
    """What each thing of a comparison is, where a claim says just that."""
    sides: list[Chosen] = []
    for part in evidence.parts:
        if part.part.role != "side" or not part.claims:
            continue
        best = part.claims[0]
        taken = {c.found.claim.id for c in [*chosen, *sides]}
        if best.features.question_cosine >= SIDE_QUESTION_COSINE and best.claim.id not in taken:
            sides.append(Chosen(part.part, best, trust(part, best), beside=True))
    return sides
