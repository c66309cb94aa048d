"""The vector cache: no text is embedded twice, and a kill loses little of a long run."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ingest.embedding import Embedder, Vectors
from ingest.parts import Span

#: Texts whose vectors are kept together: a kill loses no more than half a minute's work.
_PIECE = 1024


class CachedEmbedder:
    """An embedder that never embeds a text twice: vectors are kept in one SQLite file per model.

    Only ``encode`` through this class is kept; questions go to the inner embedder directly.
    """

    def __init__(self, inner: Embedder, folder: Path) -> None:
        self.inner = inner
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(inner.fingerprint.encode()).hexdigest()[:16]
        self._db = sqlite3.connect(folder / f"vectors-{name}.sqlite", timeout=60)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    @property
    def fingerprint(self) -> str:
        """The inner embedder's."""
        return self.inner.fingerprint

    @property
    def dimensions(self) -> int:
        """The inner embedder's."""
        return self.inner.dimensions

    def count(self, texts: Sequence[str]) -> list[int]:
        """The inner embedder's."""
        return self.inner.count(texts)

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """As the protocol says; known texts come from the file, new ones are kept piece by piece."""
        keys = [_digest(t) for t in texts]

        def embed(missing: Sequence[int], progress: Callable[[int], None] | None) -> Iterable[Vectors]:
            return self.inner.encode([texts[n] for n in missing], progress)

        known = self._completed(keys, embed, progress)
        return np.concatenate([np.zeros((0, self.dimensions), np.float32), *(known[k] for k in keys)])

    def encode_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, Vectors]:
        """As the protocol says; a text is kept with its parts, one row for all."""
        keys = [_digest(f"{t}\0{list(spans)}") for t, spans in zip(texts, parts, strict=True)]

        def embed(missing: Sequence[int], progress: Callable[[int], None] | None) -> Iterable[Vectors]:
            whole, cut = self.inner.encode_parts([texts[n] for n in missing], [parts[n] for n in missing], progress)
            ends = np.cumsum([len(parts[n]) for n in missing])[:-1]
            return (np.vstack([w, *c]) for w, c in zip(whole, np.split(cut, ends), strict=True))

        known = self._completed(keys, embed, progress)
        none = np.zeros((0, self.dimensions), np.float32)
        return np.concatenate([none, *(known[k][:1] for k in keys)]), np.concatenate(
            [none, *(known[k][1:] for k in keys)]
        )

    def _completed(
        self,
        keys: Sequence[bytes],
        embed: Callable[[Sequence[int], Callable[[int], None] | None], Iterable[Vectors]],
        progress: Callable[[int], None] | None,
    ) -> dict[bytes, Vectors]:
        """The rows of all keys, shape (rows, dimensions) each: known ones from the file, the others embedded and kept."""
        known = self._known(keys)
        missing = [n for k, n in {k: n for n, k in enumerate(keys)}.items() if k not in known]
        before = len(keys) - len(missing)
        for first in range(0, len(missing), _PIECE):
            piece = missing[first : first + _PIECE]
            fresh = embed(piece, partial(_from, before + first, progress) if progress else None)
            rows = {keys[n]: np.atleast_2d(v) for n, v in zip(piece, fresh, strict=True)}
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)", ((k, v.tobytes()) for k, v in rows.items())
                )
            known.update(rows)
        return known

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        unique = list(dict.fromkeys(keys))
        for first in range(0, len(unique), 500):
            part = unique[first : first + 500]
            rows = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({','.join('?' * len(part))})", part)
            found.update((k, np.frombuffer(v, np.float32).reshape(-1, self.dimensions)) for k, v in rows)
        return found

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _from(first: int, progress: Callable[[int], None], done: int) -> None:
    progress(first + done)
