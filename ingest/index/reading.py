"""The published index as an answering process sees it: opened once, read by many threads, reopened when it moves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import Vectors
from ingest.errors import IndexBroken
from ingest.index.generation import BUILD, Manifest, Stamp, published
from ingest.index.store import Store, StoredPassage
from ingest.index.vectors import Collection, VectorIndex
from ingest.index.words import WordSearch
from ingest.notes import Claim, Note

T = TypeVar("T")
#: Up to so many rows a scan of all claims and questions costs no more than a walk through Chroma's graph, and is exact.
SCANNED = 50_000
#: So few queries are multiplied one by one.
_FEW = 4


class Index:
    """One generation, open for reading.

    ``claims`` and ``notes`` are held in memory. ``claim_vectors`` has shape (claims, d), ``question_vectors``
    (questions, d), both float32 and of unit length; ``question_owner`` gives for each question the position of
    its claim in ``claims``.
    """

    def __init__(self, folder: Path, manifest: Manifest, url: str | None = None) -> None:
        """``url``: the Chroma server that has the vectors, where one does."""
        self.folder, self.manifest, self._url = folder, manifest, url
        self.store = self._loaded("store.sqlite", Store)
        self.notes: list[Note] = self._loaded("store.sqlite", lambda _: self.store.notes())
        self.claims: list[Claim] = [c for n in self.notes for c in n.claims]
        self.note_of: dict[str, Note] = {n.key: n for n in self.notes}
        self.position: dict[str, int] = {c.id: i for i, c in enumerate(self.claims)}
        self.claim_vectors: Vectors = self._loaded("claims.npy", np.load)
        self.question_vectors: Vectors = self._loaded("questions.npy", np.load)
        self.question_owner: NDArray[np.int64] = np.array(
            [i for i, c in enumerate(self.claims) for _ in c.questions], np.int64
        )
        if len(self.claim_vectors) != len(self.claims) or len(self.question_vectors) != len(self.question_owner):
            raise IndexBroken("claims and their vectors do not match", where=str(folder), todo=BUILD)

    @classmethod
    def open(
        cls, index: Path, wanted: Stamp | None = None, url: str | None = None, *, any_corpus: bool = False
    ) -> Index:
        """The published generation. Raises IndexMissing, IndexOutdated or IndexBroken.

        Any later look may raise IndexBroken where the generation has been swept since, or ChromaServerError.
        """
        return cls(*published(index, wanted, any_corpus=any_corpus), url)

    def _loaded(self, name: str, load: Callable[[Path], T]) -> T:
        try:
            return load(self.folder / name)
        except (OSError, ValueError, sqlite3.Error) as error:
            raise IndexBroken(f"{name} is unreadable ({error})", where=str(self.folder), todo=BUILD) from error

    @cached_property
    def _vectors(self) -> VectorIndex:
        return VectorIndex(self.folder, self._url, writable=False)

    @cached_property
    def claim_words(self) -> WordSearch:
        """BM25 over claims with their questions, in the order of ``claims``."""
        return self._loaded("words-claims", WordSearch.load)

    @cached_property
    def passage_words(self) -> WordSearch:
        """BM25 over passages."""
        return self._loaded("words-passages", WordSearch.load)

    @cached_property
    def passage_position(self) -> dict[str, int]:
        """The position of each passage among ``passage_words.ids``."""
        return {i: n for n, i in enumerate(self.passage_words.ids)}

    @cached_property
    def _sentence_vectors(self) -> NDArray[np.float16]:
        return self._loaded("sentences.npy", partial(np.load, mmap_mode="r"))

    @cached_property
    def _sentence_offsets(self) -> NDArray[np.int64]:
        return self._loaded("sentence-offsets.npy", np.load)

    def nearest(self, collection: Collection, queries: Vectors, count: int) -> list[list[tuple[str, float]]]:
        """For each query the ``count`` nearest rows as (id, cosine), best first."""
        return self._vectors.nearest(collection, queries, count)

    @cached_property
    def _owner(self) -> NDArray[np.int64]:
        """The claim of each row: of the claims themselves, then of their questions."""
        return np.concatenate([np.arange(len(self.claims)), self.question_owner])

    def nearest_claims(self, queries: Vectors, count: int) -> list[NDArray[np.int64]]:
        """For each query the positions of the claims that own the ``count`` nearest claims and questions, no order."""
        rows = len(self.claims) + len(self.question_owner)
        if rows > SCANNED:
            found = self.nearest("claims", queries, count)
            return [np.unique([self.position[i.split(":")[1]] for i, _ in near]) for near in found]
        # a product of matrices copies the vectors first: for a few queries one product each is faster
        each = [queries.T] if len(queries) > _FEW else [q[:, None] for q in queries]
        cosines = (c for q in each for c in np.concatenate([self.claim_vectors @ q, self.question_vectors @ q]).T)
        best = (np.argpartition(c, -count)[-count:] if rows > count else slice(None) for c in cosines)
        return [np.unique(self._owner[chosen]) for chosen in best]

    def sentence_vectors(self, passage: str) -> Vectors:
        """The vectors of a passage's sentences, shape (sentences, d), float32."""
        position = self.passage_position[passage]
        first, last = self._sentence_offsets[position : position + 2]
        return np.asarray(self._sentence_vectors[first:last], np.float32)

    def passage_vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of passages, by id, each of shape (d,), float32."""
        return self._vectors.get("passages", ids) if ids else {}

    def passages(self, ids: Sequence[str]) -> list[StoredPassage]:
        """Passages by id."""
        return self.store.passages(ids)

    def close(self) -> None:
        """Free the files."""
        if "_vectors" in self.__dict__:
            self._vectors.close()
        self.store.close()
