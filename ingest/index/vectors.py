"""Nearest vectors, by Chroma: embedded in this process, or a server (server.py). chromadb is imported when first used.

Two collections, cosine distance: ``claims`` holds claims and their questions, ``passages`` the passages of
readings. Texts are not stored here (store.py has them); a row is an id and a vector. Embedded, they lie in a folder
of their generation; on a server they carry its name: ``gen-….claims``, ``gen-….passages``.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ingest.embedding import Vectors
from ingest.errors import IndexBroken
from ingest.index import server

Collection = Literal["claims", "passages"]
COLLECTIONS: tuple[Collection, ...] = ("claims", "passages")
#: Recall .995 in 70,000 of our vectors; more neighbours cost twice the time to build and find no more.
_HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 200, "max_neighbors": 16}
_TODO = "Run: underhood ingest"


class VectorIndex:
    """The two collections of one generation, in ``folder/chroma`` or, where a URL is given, on a server.

    A reader (``writable=False``) makes nothing: what is not there raises IndexBroken. A server that is away raises
    ChromaServerError from any method.
    """

    def __init__(self, folder: Path, url: str | None = None, *, writable: bool = True) -> None:
        """``folder``: of the generation."""
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb
        from chromadb.config import Settings

        self._url, self._where = url, url or str(folder)
        self._patience = server.BUILD_PATIENCE if writable else server.QUESTION_PATIENCE
        if url is not None:
            self._client = server.connect(url, self._patience)
        else:
            path = folder / "chroma"
            if not writable and not path.is_dir():
                raise IndexBroken("its vectors are gone", where=self._where, todo=_TODO)
            path.mkdir(parents=True, exist_ok=True)
            self._client = chromadb.PersistentClient(str(path), settings=Settings(anonymized_telemetry=False))
        self._free = weakref.finalize(self, self._client.close)  # a client that is only dropped keeps 12 descriptors
        self._batch = min(5000, self._asked(self._client.get_max_batch_size))
        self._open: dict[str, Any] = {name: self._collection(folder.name, name, writable) for name in COLLECTIONS}

    def _collection(self, generation: str, name: str, writable: bool) -> Any:
        if self._url is not None:
            name = f"{generation}.{name}"
        if not writable:
            return self._asked(self._client.get_collection, name, embedding_function=None)
        make = self._client.get_or_create_collection
        return self._asked(make, name, configuration={"hnsw": _HNSW}, embedding_function=None)

    def _asked(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What a method of Chroma's returns. Raises IndexBroken or, of a server, ChromaServerError."""
        from chromadb.errors import ChromaError

        work = partial(method, *arguments, **named)
        try:
            return work() if self._url is None else server.patiently(work, self._url, self._patience)
        except ChromaError as error:
            why = " ".join(str(error).split())[:160]
            raise IndexBroken(f"Chroma does not have its vectors ({why})", where=self._where, todo=_TODO) from error

    def copy_from(self, generation: str) -> None:
        """Fill the collections with those of another generation of the same server. Raises IndexBroken."""
        for name in COLLECTIONS:
            source = self._collection(generation, name, False)
            ids = sorted(self._asked(source.get, include=[])["ids"])
            for first in range(0, len(ids), self._batch):
                page = ids[first : first + self._batch]
                rows = self._rows(source, page)
                self.put(name, list(rows), np.stack(list(rows.values())))

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
            page, rows = list(ids[first:last]), vectors[first:last]
            self._asked(self._open[collection].upsert, ids=page, embeddings=rows)
            if progress:
                progress(min(last, len(ids)))

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        """Remove rows; ids that are absent are ignored."""
        for first in range(0, len(ids), self._batch):
            self._asked(self._open[collection].delete, ids=list(ids[first : first + self._batch]))

    def nearest(self, collection: Collection, queries: Vectors, count: int) -> list[list[tuple[str, float]]]:
        """For each query (rows of a float32 array) the ``count`` nearest rows as (id, cosine), best first."""
        if not len(queries):
            return []
        ask = self._open[collection].query
        found = self._asked(ask, query_embeddings=queries, n_results=count, include=["distances"])
        return [
            [(i, 1.0 - float(d)) for i, d in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def get(self, collection: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of some rows, by id."""
        return self._rows(self._open[collection], ids)

    def _rows(self, rows: Any, ids: Sequence[str]) -> dict[str, Vectors]:
        found = self._asked(rows.get, ids=list(ids), include=["embeddings"])
        return {i: np.asarray(v, np.float32) for i, v in zip(found["ids"], found["embeddings"], strict=True)}

    def ids(self, collection: Collection) -> set[str]:
        """All ids of a collection."""
        return set(self._asked(self._open[collection].get, include=[])["ids"])

    def count(self, collection: Collection) -> int:
        """The number of rows."""
        return int(self._asked(self._open[collection].count))

    def check(self, collection: Collection, expected: int, sample: int = 64) -> None:
        """Raises IndexBroken unless all rows are readable and a sample of them is found by its own vector."""
        ids = sorted(self.ids(collection))
        if len(ids) != expected or self.count(collection) != expected:
            raise IndexBroken(f"{collection}: {len(ids)} rows where {expected} were written", where=self._where)
        picked = ids[:: max(1, len(ids) // sample)][:sample]
        if not picked:
            return
        stored = self.get(collection, picked)
        if len(stored) != len(picked):
            raise IndexBroken(
                f"{collection}: {len(picked) - len(stored)} of {len(picked)} rows unreadable", where=self._where
            )
        found = self.nearest(collection, np.stack([stored[i] for i in picked]), 1)
        lost = sum(not hits or hits[0][1] < 0.999 for hits in found)
        if lost > 0.05 * len(picked):
            raise IndexBroken(
                f"{collection}: {lost} of {len(picked)} rows are not found by their own vector", where=self._where
            )

    def close(self) -> None:
        """Free the files."""
        self._free()


def served(url: str, generation: str) -> bool:
    """Whether the server has the collections of a generation. Raises ChromaServerError."""
    return len(_on_server(url, generation)) == len(COLLECTIONS)


def forget(url: str | None, generation: str) -> None:
    """Remove a generation's collections from the server; nothing where there is no server. Raises ChromaServerError."""
    if url is not None:
        _on_server(url, generation, delete=True)


def _on_server(url: str, generation: str, *, delete: bool = False) -> list[str]:
    """The collections of a generation on the server, deleted if so asked."""
    patience = server.QUESTION_PATIENCE if delete else server.BUILD_PATIENCE
    client = server.connect(url, patience)
    try:
        held = {c.name for c in server.patiently(client.list_collections, url, patience)}
        found = [name for c in COLLECTIONS if (name := f"{generation}.{c}") in held]
        for name in found if delete else ():
            server.patiently(partial(client.delete_collection, name), url, patience)
    finally:
        client.close()
    return found
