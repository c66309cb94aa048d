"""Finding words again: the normalised words of a text, each with its true place.

Two texts "say the same words" here when their normalised words are equal, in order and without a gap.
Normalising forgives what typesetting does (case, ligatures, quotation marks, dashes between words,
hyphens at line ends, soft hyphens, white space) and nothing that changes what is said: every word,
number, sign, comparison and negation counts. The rules are versioned, because anchors are stored as
hashes of normalised words (``NORMALISATION``).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

NORMALISATION = 1

_CHAR = r"(?:[^\W_][\u0300-\u036f]*)"
_LETTER = r"[^\W\d_]"
_JOIN = (
    r"(?:(?<=\d)[.,](?=\d)"  # 0.5 and 1,000 are one number
    rf"|['’‘](?={_LETTER})"  # don't
    r"|\u00ad\s*"  # soft hyphen
    rf"|(?<={_LETTER})[-‐‑](?:[ \t]*\n[ \t]*)?(?={_LETTER}))"  # well-known, and a hyphen at a line end
)
_SIGN = r"[-−–](?=[\d.])|−"
_SYMBOL = r"[=<>≤≥≠≈≡±×÷∂∇∑∏∫√∞∈∉⊂⊆∪∩→←↔⇒⇔∀∃¬·%^+]|(?<=\d)/(?=\d)"
_TOKEN = re.compile(rf"{_CHAR}+(?:{_JOIN}{_CHAR}+)*|{_SIGN}|{_SYMBOL}")
_DROP = re.compile(r"[-‐‑\u00ad\s'’‘]")


@dataclass(frozen=True, slots=True)
class Word:
    """A normalised word and its place, in Unicode code points of the text it was found in."""

    norm: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The normalised words, numbers and mathematical signs of ``text``, in order."""
    for match in _TOKEN.finditer(text):
        yield Word(_normalise(match[0]), match.start(), match.end())


def _normalise(token: str) -> str:
    if token in ("-", "−", "–"):
        return "-"
    return _DROP.sub("", unicodedata.normalize("NFKC", token).casefold())


def norms(text: str) -> list[str]:
    """Only the normalised words of ``text``."""
    return [_normalise(m[0]) for m in _TOKEN.finditer(text)]


def digest(normalised: Sequence[str]) -> str:
    """SHA-256 (hex) of normalised words joined by spaces."""
    return hashlib.sha256(" ".join(normalised).encode()).hexdigest()


def short_digest(normalised: Sequence[str]) -> str:
    """The first 12 hex digits of ``digest`` of the first three words: where a search may start."""
    return digest(normalised[:3])[:12]


class WordIndex:
    """The words of one text, ready to be searched for runs of words."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = list(words(text))

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i, word in enumerate(self.words):
            found.setdefault(word.norm, []).append(i)
        return found

    @cached_property
    def _short(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i in range(len(self.words)):
            found.setdefault(short_digest([w.norm for w in self.words[i : i + 3]]), []).append(i)
        return found

    def find(self, wanted: Sequence[str]) -> list[tuple[int, int]]:
        """All spans ``(start, end)`` of the text whose normalised words are ``wanted``; none for no words."""
        if not wanted:
            return []
        size, found = len(wanted), []
        for i in self._starts.get(wanted[0], ()):
            if [w.norm for w in self.words[i : i + size]] == list(wanted):
                found.append(self._span(i, size))
        return found

    def find_digest(self, count: int, sha256: str, start: str) -> tuple[int, int] | None:
        """The first span of ``count`` words whose digest is ``sha256``, sought where ``start`` is found."""
        for i in self._short.get(start, ()):
            if digest([w.norm for w in self.words[i : i + count]]) == sha256:
                return self._span(i, count)
        return None

    def positions(self, word: str) -> list[int]:
        """Where among ``words`` a normalised word stands."""
        return self._starts.get(word, [])

    def frequency(self, word: str) -> int:
        """How often a normalised word stands in the text."""
        return len(self.positions(word))

    def _span(self, first: int, count: int) -> tuple[int, int]:
        return self.words[first].start, self.words[first + count - 1].end
