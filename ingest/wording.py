"""Finding words again: the normalised words of a text, each with its true place.

Two texts "say the same words" here when their normalised words are equal, in order and without a gap.
Normalising forgives what typesetting does (case, ligatures, quotation marks, dashes between words,
hyphens at line ends, soft hyphens, white space, TeX spacing) and nothing that changes what is said: every word,
number, sign, comparison and negation counts. The rules are versioned (``NORMALISATION``), because anchors are stored
as hashes of normalised words; version 1 is kept for the anchors made with it. Version 2 sees the minus of a formula
written as a hyphen (``v - \\eta g``, ``x-y``, ``(-x)``), a few more signs, and passes over TeX spacing (``\\quad``).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

NORMALISATION = 2

_CHAR = r"(?:[^\W_][\u0300-\u036f]*)"
_LETTER = r"[^\W\d_]"
_HYPHEN = r"[-‐‑](?:[ \t]*\n[ \t]*)?"
_JOIN = (
    r"(?:(?<=\d)[.,](?=\d)"  # 0.5 and 1,000 are one number
    rf"|['’‘](?={_LETTER})"  # don't
    r"|\u00ad\s*"  # soft hyphen
    r"|{hyphen})"  # well-known, and a hyphen at a line end
)
_SYMBOLS = r"=<>≤≥≠≈≡±×÷∂∇∑∏∫√∞∈∉⊂⊆∪∩→←↔⇒⇔∀∃¬·%^+"
_TOKEN = rf"{_CHAR}+(?:{_JOIN}{_CHAR}+)*|{{sign}}|[{_SYMBOLS}{{more}}]|(?<=\d)/(?=\d)"
_SIGN = r"[-−–](?=[\d.])|−"
_MINUS = (
    r"|-(?=\\)"  # v-\eta
    rf"|(?<=[)}}\]])-(?=[\w({{])|(?<=[=({{\[$^<>*/+,])-(?=[\w({{])"  # f(x)-g, (-x)
    rf"|(?<=[\w)}}\]] )-(?= [\\\d(])|(?<=[=({{$,] )-(?=[\w({{])"  # v - \eta, = -x
    rf"|(?<=\b\w)-(?={_LETTER}\b)|(?<=\b\w )-(?= \w\b)"  # x-y, 1-x, x - y
)
_TEX_SPACE = r"(?P<space>\\(?:q?quad|[hv]space\*?\{[^}]*\}|(?:thin|med|thick|en|nobreak)space)(?![a-zA-Z]))|"
_PATTERNS = {
    1: re.compile(_TOKEN.format(hyphen=rf"(?<={_LETTER}){_HYPHEN}(?={_LETTER})", sign=_SIGN, more="")),
    2: re.compile(
        _TEX_SPACE
        + _TOKEN.format(
            hyphen=rf"(?<={_LETTER}{{2}}){_HYPHEN}(?={_LETTER})|(?<={_LETTER}){_HYPHEN}(?={_LETTER}{{2}})",
            sign=_SIGN + _MINUS,
            more="∝∼≪≫⊙⊗⊕∘∧∨′",
        )
    ),
}
NORMALISATIONS = frozenset(_PATTERNS)
_DROP = re.compile(r"[-‐‑\u00ad\s'’‘]")


@dataclass(frozen=True, slots=True)
class Word:
    """A normalised word and its place, in Unicode code points of the text it was found in."""

    norm: str
    start: int
    end: int


def words(text: str, normalisation: int = NORMALISATION) -> Iterator[Word]:
    """The normalised words, numbers and mathematical signs of ``text``, in order."""
    for match in _PATTERNS[normalisation].finditer(text):
        if match.lastgroup is None:
            yield Word(_normalise(match[0]), match.start(), match.end())


@lru_cache(maxsize=200_000)
def _normalise(token: str) -> str:
    if token in ("-", "−", "–"):
        return "-"
    return _DROP.sub("", unicodedata.normalize("NFKC", token).casefold())


def norms(text: str, normalisation: int = NORMALISATION) -> list[str]:
    """Only the normalised words of ``text``."""
    return [_normalise(m[0]) for m in _PATTERNS[normalisation].finditer(text) if m.lastgroup is None]


def digest(normalised: Sequence[str]) -> str:
    """SHA-256 (hex) of normalised words joined by spaces."""
    return hashlib.sha256(" ".join(normalised).encode()).hexdigest()


def short_digest(normalised: Sequence[str]) -> str:
    """The first 12 hex digits of ``digest`` of the first three words: where a search may start."""
    return digest(normalised[:3])[:12]


class WordIndex:
    """The words of one text, ready to be searched for runs of words. What a search does not need is not made."""

    def __init__(self, text: str, normalisation: int = NORMALISATION) -> None:
        self.text, self.normalisation = text, normalisation
        self.norms = norms(text, normalisation)

    @cached_property
    def words(self) -> list[Word]:
        """The words with their places."""
        return list(words(self.text, self.normalisation))

    @cached_property
    def _joined(self) -> str:
        return f" {' '.join(self.norms)} "

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i, norm in enumerate(self.norms):
            found.setdefault(norm, []).append(i)
        return found

    @cached_property
    def _short(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i in range(len(self.norms)):
            found.setdefault(short_digest(self.norms[i : i + 3]), []).append(i)
        return found

    def find(self, wanted: Sequence[str]) -> list[tuple[int, int]]:
        """All spans ``(start, end)`` of the text whose normalised words are ``wanted``; none for no words."""
        if not wanted:
            return []
        needle, found, last, index = f" {' '.join(wanted)} ", [], 0, 0
        at = self._joined.find(needle)
        while at >= 0:
            index += self._joined.count(" ", last, at)  # a space stands before each word
            found.append(self._span(index, len(wanted)))
            last, at = at, self._joined.find(needle, at + 1)
        return found

    def find_digest(self, count: int, sha256: str, start: str) -> tuple[int, int] | None:
        """The first span of ``count`` words whose digest is ``sha256``, sought where ``start`` is found."""
        for i in self._short.get(start, ()):
            if digest(self.norms[i : i + count]) == sha256:
                return self._span(i, count)
        return None

    def positions(self, word: str) -> list[int]:
        """Where among ``words`` a normalised word stands."""
        return self._starts.get(word, [])

    def _span(self, first: int, count: int) -> tuple[int, int]:
        return self.words[first].start, self.words[first + count - 1].end
