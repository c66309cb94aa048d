"""Nearest vectors, by Chroma. This module alone imports chromadb, when it is first used.

Two collections, cosine distance: ``claims`` holds claims and their questions, ``passages`` the passages of
readings. Texts are not stored here (store.py has them); a row is an id and a vector.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ingest.embedding import Vectors
from ingest.errors import IndexBroken

Collection = Literal["claims", "passages"]
COLLECTIONS: tuple[Collection, ...] = ("claims", "passages")
#: Enough neighbours for recall near 1 on our texts; the default of 10 loses on hard data.
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}


class VectorIndex:
    """The two collections in one folder (or, with a client of its own, elsewhere)."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb
        from chromadb.config import Settings

        folder.mkdir(parents=True, exist_ok=True)
        self._client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        self._batch = min(5000, self._client.get_max_batch_size())
        self._open: dict[str, Any] = {
            name: self._client.get_or_create_collection(name, configuration={"hnsw": _HNSW}, embedding_function=None)
            for name in COLLECTIONS
        }

    def put(
        self,
        collection: Collection,
        ids: Sequence[str],
        vectors: Vectors,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Add or replace rows. ``vectors``: shape (len(ids), dimensions), float32, unit length."""
        for first in range(0, len(ids), self._batch):
            last = first + self._batch
            self._open[collection].upsert(ids=list(ids[first:last]), embeddings=vectors[first:last])
            if progress:
                progress(min(last, len(ids)))

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        """Remove rows; ids that are absent are ignored."""
        for first in range(0, len(ids), self._batch):
            self._open[collection].delete(ids=list(ids[first : first + self._batch]))

    def nearest(self, collection: Collection, queries: Vectors, count: int) -> list[list[tuple[str, float]]]:
        """For each query (rows of a float32 array) the ``count`` nearest rows as (id, cosine), best first."""
        if not len(queries):
            return []
        found = self._open[collection].query(query_embeddings=queries, n_results=count, include=["distances"])
        return [
            [(i, 1.0 - float(d)) for i, d in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def get(self, collection: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of some rows, by id."""
        found = self._open[collection].get(ids=list(ids), include=["embeddings"])
        return {i: np.asarray(v, np.float32) for i, v in zip(found["ids"], found["embeddings"], strict=True)}

    def ids(self, collection: Collection) -> set[str]:
        """All ids of a collection."""
        return set(self._open[collection].get(include=[])["ids"])

    def count(self, collection: Collection) -> int:
        """The number of rows."""
        return int(self._open[collection].count())

    def check(self, collection: Collection, expected: int, sample: int = 64) -> None:
        """Raises IndexBroken unless all rows are readable and a sample of them is found by its own vector."""
        ids = sorted(self.ids(collection))
        if len(ids) != expected or self.count(collection) != expected:
            raise IndexBroken(f"{collection}: {len(ids)} rows where {expected} were written", where="Chroma")
        picked = ids[:: max(1, len(ids) // sample)][:sample]
        if not picked:
            return
        stored = self.get(collection, picked)
        if len(stored) != len(picked):
            raise IndexBroken(
                f"{collection}: {len(picked) - len(stored)} of {len(picked)} rows unreadable", where="Chroma"
            )
        found = self.nearest(collection, np.stack([stored[i] for i in picked]), 1)
        lost = sum(not hits or hits[0][1] < 0.999 for hits in found)
        if lost > 0.05 * len(picked):
            raise IndexBroken(
                f"{collection}: {lost} of {len(picked)} rows are not found by their own vector", where="Chroma"
            )

    def close(self) -> None:
        """Free the files."""
        self._client.close()
