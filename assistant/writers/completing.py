"""What makes one claim a whole answer: a second one on the same concept, where the question asks for it too. Pure.

"Describe X" wants what it is and how it works, "the use of X" more than a definition, a comparison of three things all
three. Nothing else is added: a companion that nobody asked for spoils a good answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.retrieval import ClaimFound, PartEvidence
from ingest.index.words import tokens
from ingest.notes import Claim

#: A claim of a kind that much more asked for (in nats) stands beside a definition, if it is not this far behind (log-odds).
MORE_ASKED, BEHIND = 0.7, 4.5
#: The kinds that say something of a thing that its definition does not.
SAYING_MORE = frozenset({"mechanism", "purpose", "cause", "remedy", "formula", "application"})
#: Two claims that share this much of the shorter one say the same.
REPEATS = 0.55
#: What one part is answered with at most.
MOST = 3


@dataclass(frozen=True)
class _Wish:
    """A form of question that wants a second claim: the kinds of first claim it goes with, and a question of the second."""

    asked: re.Pattern[str]
    first: frozenset[str]
    carried: re.Pattern[str]


_DESCRIBE = re.compile(r"^(?:please |can you |could you |briefly )*(?:describe|explain|discuss|elaborate)\b", re.I)
_USES = re.compile(r"\b(?:used for|uses of|applications?|applied|application areas|use cases)\b", re.I)
_WISHES = (
    _Wish(_DESCRIBE, frozenset({"definition", "formula"}), re.compile(r"^how (?:does|do) .+ (?:work|operate)s?\??$", re.I)),
    _Wish(_DESCRIBE, frozenset({"mechanism", "formula"}), re.compile(r"^what (?:is|are) (?:an? |the )?[^?]+\?$", re.I)),
    _Wish(_USES, frozenset({"definition", "purpose"}), re.compile(r"\b(?:uses of|applications of|where (?:is|are) .+ used)\b", re.I)),
    _Wish(
        re.compile(r"\b(?:calculated?|computed?|formula|equation)\b", re.I),
        frozenset({"example"}),
        re.compile(r"\b(?:formula|calculate|compute|defined|what is)\b", re.I),
    ),
)  # fmt: skip


def companions(part: PartEvidence, best: ClaimFound, said: Sequence[Claim]) -> tuple[ClaimFound, ...]:
    """The claims that a part wants beside its best one; none that repeats it or what is ``said`` already."""
    if len(part.part.sides) > 2:
        wanted = _other_sides(part, best)
    elif part.part.role == "relation":
        wanted = []
    else:
        wanted = [f for f in (_more_asked(part, best), _wished(part, best)) if f]
    found: list[ClaimFound] = []
    for candidate in wanted:
        if not repeats(candidate.claim, [best.claim, *said, *(f.claim for f in found)]) and len(found) < MOST - 1:
            found.append(candidate)
    return tuple(found)


def in_order(found: Iterable[ClaimFound]) -> list[ClaimFound]:
    """What a thing is before all else of it."""
    return sorted(found, key=lambda f: f.claim.kind != "definition")


def repeats(claim: Claim, said: Iterable[Claim]) -> bool:
    """Whether a claim says again what another one says."""
    own = frozenset(tokens(claim.text))
    others = (frozenset(tokens(other.text)) for other in said)
    return any(len(own & other) >= REPEATS * min(len(own), len(other)) for other in others)


def _more_asked(part: PartEvidence, best: ClaimFound) -> ClaimFound | None:
    """The fact that is asked for, where the definition of the thing comes first."""
    if best.claim.kind != "definition":
        return None
    for found in (f for f in part.claims if f.claim.note == best.claim.note):
        nearer = found.features.kind - best.features.kind >= MORE_ASKED and best.score - found.score <= BEHIND
        if nearer and found.claim.kind in SAYING_MORE:
            return found
    return None


def _wished(part: PartEvidence, best: ClaimFound) -> ClaimFound | None:
    for wish in _WISHES:
        if best.claim.kind in wish.first and wish.asked.search(part.part.text):
            if any(map(wish.carried.search, best.claim.questions)):
                continue
            for found in _on_one_subject(part, best):
                if any(map(wish.carried.search, found.claim.questions)):
                    return found
    return None


def _on_one_subject(part: PartEvidence, best: ClaimFound) -> list[ClaimFound]:
    """The other candidates of the best claim's note, or filed under its concept."""
    concept = best.claim.note.rsplit("/")[-1]
    return [
        f for f in part.claims if f.claim.id != best.claim.id and (f.claim.note == best.claim.note or concept in f.claim.also)
    ]  # fmt: skip


def _other_sides(part: PartEvidence, best: ClaimFound) -> list[ClaimFound]:
    """Comparisons of what the best one leaves out of three things or more."""
    sides = [frozenset(tokens(side)) for side in part.part.sides]
    left = [side for side in sides if not side <= frozenset(tokens(best.claim.text))]
    found: list[ClaimFound] = []
    for candidate in part.claims:
        words = frozenset(tokens(candidate.claim.text))
        covered = [side for side in left if side <= words]
        if covered and candidate.claim.kind == "comparison" and sum(side <= words for side in sides) > 1:
            found.append(candidate)
            left = [side for side in left if side not in covered]
    return found
