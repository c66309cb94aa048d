"""A stretch of a reading that answers alone, where the notes are silent. Pure.

Whole sentences that follow one another and make sense by themselves, and that hold what the question is about: its
words, the rarest first. Better none than one that speaks of something near.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.retrieval import PassageFound
from ingest.index.words import tokens
from ingest.passages import is_showable

#: How near the best sentence must be, and which share of the question's words, weighed by rarity, the stretch must hold.
NEAR, COVERED = 0.5, 0.8
#: What it must hold to stand in the place of a claim that is not sure to answer and lacks words of the question.
INSTEAD = 0.9
#: How many passages are looked at, and how many sentences a stretch has.
PASSAGES, SENTENCES = 8, 3

Found = tuple[PassageFound, int, int]
TextOf = Callable[[PassageFound, int, int], str]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:[-‐–][^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
_HYPHEN = re.compile(r"[-‐–]")
#: Asked for a number or a date, a stretch must have one.
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|large|big|often|fast|quickly|high|low|old|far)\b|\bwhen (?:was|were|did|is)\b|\bwhich year\b",
    re.I,
)
#: "What is X?" and "What does X do?": the subject, which a stretch must say something of. An X of Y is no such subject.
_ASKS_WHAT = re.compile(
    r"^what (?:is|are|was|were|(?:do|does) (?=.* (?:do|mean)\b))\s*(?:an?\s|the\s)?([^?]+?)(?: do| mean)?\s*\??$", re.I
)
_ASKS_PART = re.compile(r"^what (?:is|are|was|were) the [^?]*\bof\b", re.I)
_RELATIVE = re.compile(r"\b(?:for|in|on|to|from|with|between|by|about|as|when|used|called)\b.*", re.I | re.S)
#: What may stand before a sentence's subject: a few words, or what a comma ends.
_BEFORE = re.compile(r"(?:^|[.!?,;:]\s)\W*(?:[^\s.,]+\s+){0,3}$")
_SAYS = re.compile(
    r"\W*(?:\([^)]*\)\W*)?(?:(?:is|are)\s+(?:(?:called|defined|used|based|said|designed|meant)\b|(?!\w+ed\b))|(?:[a-z]{3,}s|include|have|can)\b|[–—:])"
)
_NAMES = re.compile(
    r"(?:called|known as|termed|named|term|(?:idea|notion|concept) of|propos\w+|introduc\w+|defin\w+|develop\w+|present\w*)"
    r"\s+(?:\w+\s+){0,2}\W?$",
    re.I,
)


def window(
    passages: Sequence[PassageFound],
    question: str,
    rarity: Callable[[str], float],
    text_of: TextOf,
    least: float = COVERED,
) -> Found | None:
    """The best stretch for a question: (passage, start, end), or None.

    It holds the sentence nearest to the question, opens with that one or with one shortly before it that makes sense
    alone, and takes the one that follows where it speaks of the question too. Nothing in it is left out or points at what is not
    shown. ``rarity`` weighs a stemmed word, ``text_of`` gives a span of a passage's document, ``least`` is the share of the words it must hold.
    """
    for found in passages[:PASSAGES]:
        if found.best_cosine < NEAR or (span := _span(found, question, text_of)) is None:
            continue
        text = text_of(found, *span)
        if _ASKS_NUMBER.search(question) and not re.search(r"\d", text):
            continue
        above = " ".join(found.passage.passage.heading)
        held = (covered(question, text, rarity) + covered(question, f"{above}. {text}", rarity)) / 2
        if held >= least and says(question, text):
            return found, *span
    return None


def says(question: str, text: str) -> bool:
    """Whether a text says something of what is asked for by "What is X?", not only names it; True of other questions.

    It does where X opens a sentence and is followed by a verb that tells, a dash or a colon, or where "called", "propose"
    and the like stand before it.
    """
    asked = _ASKS_WHAT.match(question.strip())
    if asked is None or _ASKS_PART.match(question.strip()):
        return True
    thing = _RELATIVE.sub("", asked[1])
    subject, size = set(tokens(thing)), len(_PIECE.findall(thing))
    words = list(_PIECE.finditer(text))
    for first, last in zip(words, words[size - 1 :], strict=False):
        named = subject <= set(tokens(text[first.start() : last.end()]))
        before = text[: first.start()]
        if named and ((_BEFORE.search(before) and _SAYS.match(text, last.end())) or _NAMES.search(before)):
            return True
    return False


def covered(question: str, text: str, rarity: Callable[[str], float]) -> float:
    """The share of a question's content words that a text has, weighed by rarity; 0 where it has none to look for.

    A hyphenated word stands for itself, and for its first part where that stands alone: "policy-based" is found in
    "policy gradient", in "off-policy" and "policy-free" it is not. "Feed forward" and "feedforward" are one word.
    """
    held = _Held.of(text)
    words = _words(question)
    total = got = 0.0
    for n, parts in enumerate(words):
        weight = rarity(parts[0])
        near = ("".join(words[i] + words[i + 1]) for i in (n - 1, n) if 0 <= i < len(words) - 1)
        total += weight
        got += weight * (held.has(parts) or (len(parts) == 1 and any(w in held.joined for w in near)))
    return got / total if total else 0.0


@dataclass(frozen=True)
class _Held:
    """The stems of a text: of words that stand alone, first parts of hyphenated ones, and all words and pairs as one."""

    alone: frozenset[str]
    first: frozenset[str]
    joined: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Held:
        words = _words(text)
        pairs = ("".join(a + b) for a, b in pairwise(words) if len(a) == len(b) == 1)
        return cls(
            frozenset(w[0] for w in words if len(w) == 1),
            frozenset(w[0] for w in words if len(w) > 1),
            frozenset([*map("".join, words), *pairs]),
        )

    def has(self, parts: Sequence[str]) -> bool:
        if len(parts) > 1:
            return "".join(parts) in self.joined or parts[0] in self.alone
        return parts[0] in self.first or parts[0] in self.joined


def _words(text: str) -> list[list[str]]:
    """The stems of each content word, several where it is hyphenated."""
    return [stems for m in _WORD.finditer(text) if (stems := tokens(_HYPHEN.sub(" ", m[0])))]


def _span(found: PassageFound, question: str, text_of: TextOf) -> tuple[int, int] | None:
    """Where a stretch with a passage's best sentence starts and ends; None where none makes sense alone."""
    first = _opening(found, text_of)
    if first is None:
        return None
    asked = {stem for parts in _words(question) for stem in parts}
    sentences, last = found.passage.passage.sentences, found.best
    if last - first < SENTENCES - 1 and _goes_on(found, last, text_of):
        following = sentences[last + 1]
        last += not asked.isdisjoint(tokens(text_of(found, following.start, following.end)))
    return sentences[first].start, sentences[last].end


def _opening(found: PassageFound, text_of: TextOf) -> int | None:
    """The sentence that a window with the best one opens with, at most two before it; None where there is none."""
    sentences = found.passage.passage.sentences
    for first in range(found.best, max(-1, found.best - SENTENCES), -1):
        if sentences[first].alone:
            return first
        if first == 0 or not _goes_on(found, first - 1, text_of):
            return None
    return None


def _goes_on(found: PassageFound, at: int, text_of: TextOf) -> bool:
    """Whether the sentence behind this one follows it at once in the same paragraph, and may be shown."""
    sentences = found.passage.passage.sentences
    if at + 1 >= len(sentences):
        return False
    here, following = sentences[at], sentences[at + 1]
    gap = text_of(found, here.end, following.start)
    return not gap.strip() and "\n\n" not in gap and is_showable(text_of(found, following.start, following.end))
