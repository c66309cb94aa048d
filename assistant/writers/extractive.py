"""The default writer: composes an answer from claims, one for each part, without a language model. Pure.

One claim is enough for one part; a companion that no part asked for spoils a good answer. Where the claims
are silent, a reading answers alone, by a contiguous window of whole sentences that makes sense by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.confidence import Calibration
from assistant.questions import Part
from assistant.retrieval import ClaimFound, Evidence, PartEvidence, PassageFound
from ingest.passages import is_showable

#: How sure a side ("What is X?" beside a comparison) must be to be said.
SIDE_QUESTION_COSINE = 0.72
#: What a reading must reach to answer where the claims are silent.
WINDOW_COSINE, WINDOW_SENTENCES = 0.66, 3

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


def window(
    passages: Sequence[PassageFound], text_of: Callable[[PassageFound, int, int], str]
) -> tuple[PassageFound, int, int] | None:
    """The best stretch of whole sentences that makes sense alone: (passage, start, end), or None.

    It holds the sentence nearest to the question, opens with that one or with one shortly before it that makes sense
    alone, and takes one that follows. Nothing in it is left out or points at what is not shown.
    """
    for found in passages[:5]:
        if found.best_cosine < WINDOW_COSINE:
            continue
        first = _opening(found, text_of)
        if first is not None:
            sentences = found.passage.passage.sentences
            last = found.best
            if last - first < WINDOW_SENTENCES - 1 and _goes_on(found, last, text_of):
                last += 1
            return found, sentences[first].start, sentences[last].end
    return None


def _opening(found: PassageFound, text_of: Callable[[PassageFound, int, int], str]) -> int | None:
    """The sentence that a window with the best one opens with, at most two before it; None where there is none."""
    sentences = found.passage.passage.sentences
    for first in range(found.best, max(-1, found.best - WINDOW_SENTENCES), -1):
        if sentences[first].alone:
            return first
        if first == 0 or not _goes_on(found, first - 1, text_of):
            return None
    return None


def _goes_on(found: PassageFound, at: int, text_of: Callable[[PassageFound, int, int], str]) -> bool:
    """Whether the sentence behind this one follows it at once in the same paragraph, and may be shown."""
    sentences = found.passage.passage.sentences
    if at + 1 >= len(sentences):
        return False
    here, following = sentences[at], sentences[at + 1]
    gap = text_of(found, here.end, following.start)
    return not gap.strip() and "\n\n" not in gap and is_showable(text_of(found, following.start, following.end))
