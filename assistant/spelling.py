"""Mending a misspelt or clipped word of a question by the words of our notes. Pure; this module alone imports rapidfuzz.

Only a word that the notes do not have is looked at, and only a small slip is mended: one edit in a word of five to
seven letters, two in a longer one (optimal string alignment: insertions, deletions, changes, swapped neighbours). A word
with a capital, a digit or few letters is taken for a name that the notes do not know, and left alone, and so is one that
has the stem of a known word but another ending, two edits away ("capacitor" is no slip for "capacity").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

#: Words of the notes that count: seen this often, and this long.
LEAST_SEEN, LEAST_LETTERS = 3, 5
#: The letters of an ending.
ENDING = 3
#: What people clip or say when they type; none is the name of anything.
CLIPPED = {
    "val": "validation",
    "acc": "accuracy",
    "hyperparams": "hyperparameters",
    "params": "parameters",
    "grads": "gradients",
    "newbie": "beginner",
    "noob": "beginner",
}
_CLIPPED = re.compile(rf"\b(?:{'|'.join(CLIPPED)})\b")
_TRAIN = re.compile(r"\btrain(?= (?:loss|accuracy|error|acc|set|data)\b)")
_WORD = re.compile(r"[^\W\d_]+")
#: A word that stands alone; not the "couldn" of "couldn't".
_WHOLE = re.compile(r"\b[^\W\d_]+\b(?!['’]\w)")


class Spelling:
    """The words of many texts, and what a slip of the hand makes of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = (
            w for t in texts for n, w in enumerate(_WORD.findall(t)) if n == 0 or not w.istitle()
        )  # no people's names
        counts = Counter(w.casefold() for w in words if len(w) >= LEAST_LETTERS - 1)
        self._counts = {w: n for w, n in counts.items() if n >= LEAST_SEEN}
        self._words = list(self._counts)

    def mended(self, text: str, known: Callable[[str], bool]) -> str:
        """The text with each slip mended and clipped words written out; ``known`` says which words are none."""
        text = _CLIPPED.sub(lambda m: CLIPPED[m[0]], _TRAIN.sub("training", text))
        return _WHOLE.sub(lambda m: self._word(m[0]) if not known(m[0]) else m[0], text)

    def _word(self, word: str) -> str:
        if len(word) < LEAST_LETTERS or not (word.islower() or word.istitle()):
            return word
        slips = 1 if len(word) < 8 else 2
        extracted = process.extract(word.casefold(), self._words, scorer=OSA.distance, score_cutoff=slips, limit=5)
        near = [n for n in extracted if not _another_ending(word.casefold(), n[0], int(n[1]))]
        if not near:
            return word
        best: str = min(near, key=lambda found: (found[1], -self._counts[found[0]]))[0]
        return best.capitalize() if word.istitle() else best


def _another_ending(word: str, known: str, edits: int) -> bool:
    """Whether two words differ by two edits in nothing but their last letters, at most three."""
    return edits > 1 and Prefix.similarity(word, known) >= max(len(word), len(known)) - ENDING
