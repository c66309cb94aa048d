"""Does a sentence say another value, sign, comparison or negation than the words it rests on? Pure.

A paraphrase may use other words, other figures, or be about more than its quote, so what differs is a clash only
where both stand among the same words: another number beside the same nouns, the opposite comparative between
equal neighbours, a negation that the same run of words has only once. An even number of opposites cancels out
("larger ... slower" for "smaller ... faster"). A number that the quote does not speak of is ``unspoken``, no clash.
This cannot tell that two sentences mean the same; it only finds some ways in which they do not.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.contents import COMPARED, Item, items

Kind = Literal["number", "unit", "symbol", "comparative", "negation"]

#: How many words to each side of a value or a comparative are compared, and how many of them must be the same.
REACH, SHARED = 4, 2
#: From this share of equal words in order on, two sentences are one sentence with something changed.
SAME = 0.9


@dataclass(frozen=True)
class Clash:
    """Where a sentence says other than its quote: what each of them has, in their own spelling."""

    kind: Kind
    said: str
    quoted: str

    def __str__(self) -> str:
        if self.kind == "negation":
            there = f"the quoted words say “{self.quoted}”" if self.quoted else "the quoted words do not"
            return f"The sentence {'says “' + self.said + '”' if self.said else 'leaves it out'}, {there}."
        return f"The sentence says “{self.said}”, the quoted words “{self.quoted}”."


@dataclass(frozen=True)
class Agreement:
    """What a comparison found: clashes, and the numbers of the sentence that the quote does not speak of."""

    clashes: tuple[Clash, ...]
    unspoken: tuple[str, ...]

    @property
    def contradicted(self) -> bool:
        """Whether the sentence says another thing than its quote."""
        return bool(self.clashes)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person is told of it, sentence by sentence."""
        told = tuple(map(str, self.clashes))
        if self.unspoken and not told:
            told = (f"The quoted words do not speak of {', '.join(self.unspoken)}.",)
        return told


def agreement(statement: str, *quotes: str) -> Agreement:
    """Compare the content of a sentence with the words it rests on.

    Of several quotes each may clash; a number is unspoken where none of them speaks of it.
    """
    found = [_compared(items(statement), items(quote)) for quote in quotes]
    clashes = tuple(dict.fromkeys(c for a in found for c in a.clashes))
    unspoken = [n for n in found[0].unspoken if all(n in a.unspoken for a in found)] if found else []
    return Agreement(clashes, tuple(unspoken))


def _compared(said: Sequence[Item], quoted: Sequence[Item]) -> Agreement:
    aligned = list(_aligned(said, quoted))
    opposites = [c for c in aligned if c.kind in ("comparative", "negation")] or list(_comparatives(said, quoted))
    clashes = [
        *(c for c in aligned if c.kind not in ("comparative", "negation")),
        *_numbers(said, quoted),
        *_units(said, quoted),
        *_symbols(said, quoted),
        *(opposites if len(opposites) % 2 else ()),
    ]
    unspoken = [i.shown for i in said if i.value is not None and not _held(i, quoted)]
    return Agreement(tuple(dict.fromkeys(clashes)), tuple(dict.fromkeys(unspoken)))


def _same(a: Item, b: Item) -> bool:
    """Whether two numbers are equal at the precision of the coarser one; 90 % is 0.9."""
    assert a.value is not None
    assert b.value is not None
    return abs(a.value - b.value) <= max(a.precision, b.precision) / 2 * 1.0001


def _near(found: Sequence[Item], at: int) -> tuple[list[str], list[str]]:
    """The words before and after an item, nearest first."""
    before = [i.norm for i in reversed(found[:at]) if i.kind == "word"][:REACH]
    after = [i.norm for i in found[at + 1 :] if i.kind == "word"][:REACH]
    return before, after


def _beside(said: Sequence[Item], i: int, quoted: Sequence[Item], j: int) -> bool:
    """Whether two items stand among the same words: a next neighbour in common, and enough others."""
    (a_before, a_after), (b_before, b_after) = _near(said, i), _near(quoted, j)
    next_to = (a_after[:1] == b_after[:1] != []) or (a_before[:1] == b_before[:1] != [])
    return next_to and _shared(said, i, quoted, j) >= SHARED


def _shared(said: Sequence[Item], i: int, quoted: Sequence[Item], j: int) -> int:
    """How many of the words around two items are the same, on the same side of them."""
    (a_before, a_after), (b_before, b_after) = _near(said, i), _near(quoted, j)
    return len(set(a_before) & set(b_before)) + len(set(a_after) & set(b_after))


def _numbers(said: Sequence[Item], quoted: Sequence[Item]) -> Iterator[Clash]:
    """Numbers of which each side has its own where the words around them are the same."""
    ours = [n for n, i in enumerate(said) if i.value is not None and not _held(i, quoted)]
    theirs = [n for n, i in enumerate(quoted) if i.value is not None and not _held(i, said)]
    for n in ours:
        for m in theirs:
            mirrored = said[n].value == -(quoted[m].value or 0.0)
            alone = len(ours) == len(theirs) == 1
            alike = _beside(said, n, quoted, m) or (
                (mirrored or alone) and _shared(said, n, quoted, m) >= SHARED - mirrored
            )
            if said[n].unit == quoted[m].unit and alike:
                yield Clash("number", said[n].shown, quoted[m].shown)
                break


def _held(item: Item, others: Sequence[Item]) -> bool:
    return any(o.value is not None and _same(item, o) for o in others)


def _units(said: Sequence[Item], quoted: Sequence[Item]) -> Iterator[Clash]:
    """The same number with another unit of the same quantity."""
    for ours in said:
        alike = [q for q in quoted if q.amount is not None and q.amount == ours.amount and q.unit and ours.unit]
        if alike and all(q.unit != ours.unit for q in alike) and any(q.quantity == ours.quantity for q in alike):
            yield Clash("unit", ours.shown, alike[0].shown)


def _symbols(said: Sequence[Item], quoted: Sequence[Item]) -> Iterator[Clash]:
    """Another sign between the same two terms, where neither side has the other's as well."""
    ours, theirs = _signs(said), _signs(quoted)
    for terms, signs in ours.items():
        others = theirs.get(terms, {})
        if others and not signs.keys() & others.keys():
            yield Clash("symbol", next(iter(signs.values())), next(iter(others.values())))


def _signs(found: Sequence[Item]) -> dict[tuple[str, str], dict[str, str]]:
    """For each two terms the signs between them, each with its spelling among them."""
    there: dict[tuple[str, str], dict[str, str]] = {}
    for a, sign, b in zip(found, found[1:], found[2:], strict=False):
        if sign.kind == "sign":
            between = there.setdefault((a.term, b.term), {})
            between.setdefault(sign.norm, f"{a.shown} {sign.shown} {b.shown}")
    return there


def _comparatives(said: Sequence[Item], quoted: Sequence[Item]) -> Iterator[Clash]:
    """A comparative that is one too many here and whose opposite is one too many there, among the same words."""
    ours, theirs = Counter(i.norm for i in said), Counter(i.norm for i in quoted)
    for n, item in enumerate(said):
        if item.kind != "comparative":
            continue
        other = COMPARED[item.norm]
        if ours[item.norm] > theirs[item.norm] and theirs[other] > ours[other]:
            places = [m for m, i in enumerate(quoted) if i.norm == other and _beside(said, n, quoted, m)]
            if places:
                yield Clash("comparative", item.shown, quoted[places[0]].shown)


def _aligned(said: Sequence[Item], quoted: Sequence[Item]) -> Iterator[Clash]:
    """What differs within a run of words that both have: the same sentence, but for a value or a negation."""
    a, b = _Run(said), _Run(quoted)
    matcher = difflib.SequenceMatcher(None, a.slots, b.slots, autojunk=False)
    few, many = (0, 0) if matcher.ratio() >= SAME else (SHARED, 2 * SHARED)
    for first, second, size in matcher.get_matching_blocks():
        for k in range(size):
            shared = a.words(first, first + size, first + k)
            if shared < few:
                continue
            ours, theirs = a.items[first + k], b.items[second + k]
            kind = _differ(ours, theirs)
            if kind and (shared >= many or not _elsewhere(theirs, said)):
                yield Clash(kind, a.shown(first + k), b.shown(second + k))
            no, never = a.negations.get(first + k), b.negations.get(second + k)
            if k and (no is None) != (never is None):
                yield Clash("negation", no or "", never or "")


def _elsewhere(theirs: Item, said: Sequence[Item]) -> bool:
    """Whether the sentence says at another place what the quote says here."""
    return _held(theirs, said) if theirs.value is not None else any(i.norm == theirs.norm for i in said)


def _differ(ours: Item, theirs: Item) -> Kind | None:
    """How two items in the same place differ, if they do."""
    if ours.value is not None and theirs.value is not None:
        if not _same(ours, theirs):
            return "number"
        return "unit" if ours.unit != theirs.unit and ours.quantity and theirs.quantity else None
    if ours.norm == theirs.norm:
        return None
    return "symbol" if ours.kind == "sign" else "comparative"


class _Run:
    """A sentence without its negations. ``slots`` are alike for numbers, signs, and a comparative and its opposite."""

    def __init__(self, found: Sequence[Item]) -> None:
        self.items = [i for i in found if i.kind != "negation"]
        self.slots = [i.slot for i in self.items]
        self.negations: dict[int, str] = {}
        place = 0
        for item in found:
            if item.kind != "negation":
                place += 1
            elif self.negations.pop(place, None) is None:  # two cancel out
                self.negations[place] = item.shown

    def words(self, first: int, last: int, at: int) -> int:
        """How many words near ``at`` the run from ``first`` to ``last`` has."""
        near = range(max(first, at - REACH), min(last, at + REACH + 1))
        return sum(self.items[n].kind in ("word", "comparative") for n in near if n != at)

    def shown(self, at: int) -> str:
        """An item as it is written; a sign with what stands beside it."""
        if self.items[at].kind != "sign":
            return self.items[at].shown
        return " ".join(i.shown for i in self.items[max(0, at - 1) : at + 2])
