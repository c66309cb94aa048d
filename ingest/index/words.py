"""Finding by words (BM25), by bm25s. This module alone imports bm25s and Stemmer.

The index is rebuilt at each publication: that takes seconds for 20,000 texts and a query 0.4 ms.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECIPE = "words-2"
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
STOPWORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "had",
        "has",
        "have",
        "having",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "me",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "on",
        "or",
        "our",
        "ours",
        "own",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "us",
        "use",
        "used",
        "using",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "about",
        "also",
        "between",
        "both",
        "each",
        "explain",
        "describe",
        "tell",
        "give",
        "please",
        "know",
        "mean",
        "means",
    ]
)


def tokens(text: str) -> list[str]:
    """The stemmed content words of a text, lower case."""
    return _stem([t for t in _TOKEN.findall(text.casefold()) if t not in STOPWORDS])


def _stem(found: list[str]) -> list[str]:
    global _stemmer
    if _stemmer is None:
        import Stemmer

        _stemmer = Stemmer.Stemmer("english")
    return list(_stemmer.stemWords(found))


_stemmer: Any = None


class WordSearch:
    """BM25 over a fixed list of texts, addressed by their ids."""

    def __init__(self, retriever: Any, ids: Sequence[str], frequencies: Mapping[str, int]) -> None:
        """``frequencies``: in how many texts each stem stands."""
        self._retriever, self.ids, self.frequencies = retriever, list(ids), frequencies

    @classmethod
    def build(cls, ids: Sequence[str], texts: Iterable[str]) -> WordSearch:
        """An index of ``texts``; Lucene's BM25 with k1 1.5, b 0.75 (Robertson and Zaragoza 2009)."""
        import bm25s

        corpus = [tokens(t) for t in texts]
        retriever = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        if any(corpus):
            retriever.index(corpus, show_progress=False)
        else:
            retriever = None
        return cls(retriever, ids, Counter(t for found in corpus for t in set(found)))

    def scores(self, query: str) -> NDArray[np.float32]:
        """The BM25 score of every text, shape (len(ids),), float32; 0 where no word is shared."""
        zero = np.zeros(len(self.ids), np.float32)
        if self._retriever is None:
            return zero
        known = [t for t in tokens(query) if t in self._retriever.vocab_dict]
        if not known:
            return zero
        found: NDArray[np.float32] = self._retriever.get_scores(known)[: len(self.ids)].astype(np.float32)
        return found

    def knows(self, token: str) -> bool:
        """Whether any text has this stemmed word."""
        return token in self.frequencies

    def rarity(self, token: str) -> float:
        """How rare a stem is: log(1 + texts / texts that have it), as if one text had a stem that none has."""
        return math.log(1 + len(self.ids) / max(1, self.frequencies.get(token, 0)))

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ids.json").write_text(json.dumps(self.ids), "utf-8")
        (folder / "frequencies.json").write_text(json.dumps(self.frequencies, ensure_ascii=False), "utf-8")
        if self._retriever is not None:
            self._retriever.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> WordSearch:
        """The index that ``save`` wrote."""
        import bm25s

        ids = json.loads((folder / "ids.json").read_text("utf-8"))
        frequencies = json.loads((folder / "frequencies.json").read_text("utf-8"))
        has_index = (folder / "params.index.json").is_file()
        return cls(bm25s.BM25.load(str(folder), mmap=True) if has_index else None, ids, frequencies)
