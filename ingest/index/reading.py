"""The published index as an answering process sees it: opened once, read by many threads, reopened when it moves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import Vectors
from ingest.errors import IndexBroken
from ingest.index.generation import BUILD, Manifest, Stamp, published
from ingest.index.store import Store, StoredPassage
from ingest.index.vectors import Collection, VectorIndex
from ingest.index.words import WordSearch
from ingest.notes import Claim, Note


class Index:
    """One generation, open for reading.

    ``claims`` and ``notes`` are held in memory. ``claim_vectors`` has shape (claims, d), ``question_vectors``
    (questions, d), both float32 and of unit length; ``question_owner`` gives for each question the position of
    its claim in ``claims``.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self.store = Store(folder / "store.sqlite")
        self.notes: list[Note] = self.store.notes()
        self.claims: list[Claim] = [c for n in self.notes for c in n.claims]
        self.note_of: dict[str, Note] = {n.key: n for n in self.notes}
        self.position: dict[str, int] = {c.id: i for i, c in enumerate(self.claims)}
        self.claim_vectors = self._array("claims")
        self.question_vectors = self._array("questions")
        self.question_owner: NDArray[np.int64] = np.array(
            [i for i, c in enumerate(self.claims) for _ in c.questions], np.int64
        )
        if len(self.claim_vectors) != len(self.claims) or len(self.question_vectors) != len(self.question_owner):
            raise IndexBroken("claims and their vectors do not match", where=str(folder), todo=BUILD)

    @classmethod
    def open(cls, index: Path, wanted: Stamp | None = None) -> Index:
        """The published generation. Raises IndexMissing, IndexOutdated or IndexBroken."""
        return cls(*published(index, wanted))

    def _array(self, name: str) -> Vectors:
        try:
            loaded: Vectors = np.load(self.folder / f"{name}.npy")
        except (OSError, ValueError) as error:
            raise IndexBroken(f"{name}.npy is unreadable ({error})", where=str(self.folder), todo=BUILD) from error
        return loaded

    @cached_property
    def _vectors(self) -> VectorIndex:
        return VectorIndex(self.folder / "chroma")

    @cached_property
    def claim_words(self) -> WordSearch:
        """BM25 over claims with their questions, in the order of ``claims``."""
        return WordSearch.load(self.folder / "words-claims")

    @cached_property
    def passage_words(self) -> WordSearch:
        """BM25 over passages."""
        return WordSearch.load(self.folder / "words-passages")

    @cached_property
    def passage_position(self) -> dict[str, int]:
        """The position of each passage among ``passage_words.ids``."""
        return {i: n for n, i in enumerate(self.passage_words.ids)}

    @cached_property
    def _sentence_vectors(self) -> NDArray[np.float16]:
        loaded: NDArray[np.float16] = np.load(self.folder / "sentences.npy", mmap_mode="r")
        return loaded

    @cached_property
    def _sentence_offsets(self) -> NDArray[np.int64]:
        loaded: NDArray[np.int64] = np.load(self.folder / "sentence-offsets.npy")
        return loaded

    def nearest(self, collection: Collection, queries: Vectors, count: int) -> list[list[tuple[str, float]]]:
        """For each query the ``count`` nearest rows as (id, cosine), best first."""
        return self._vectors.nearest(collection, queries, count)

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
