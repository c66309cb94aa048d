"""The vector cache (ingest/vector_cache.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.vector_cache import CachedEmbedder
from tests.conftest import HashingEmbedder
from tests.ingest.test_parts import PARTS, TEXT


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts, progress=None):
        self.seen += texts
        return super().encode(texts, progress)

    def encode_parts(self, texts, parts, progress=None):
        self.seen += texts
        return HashingEmbedder().encode_parts(texts, parts, progress)


def test_nothing_is_embedded_twice(tmp_path: Path):
    """Known texts come from the file, also after a restart; the rows are those of the inner embedder, in order."""
    inner = Counting()
    first = CachedEmbedder(inner, tmp_path)
    first.encode(["a b", "c d", "a b"])
    first.close()
    again = CachedEmbedder(inner, tmp_path)
    got = again.encode(["c d", "e \ud800 f", "a b"])
    assert inner.seen == ["a b", "c d", "e \ud800 f"]
    assert np.array_equal(got, HashingEmbedder().encode(["c d", "e \ud800 f", "a b"]))
    again.close()


class Dying(HashingEmbedder):
    """Dies at the text "last"."""

    def encode(self, texts, progress=None):
        if "last" in texts:
            raise KeyboardInterrupt
        if progress:
            progress(len(texts))
        return super().encode(texts, progress)


def test_what_was_embedded_before_a_kill_is_kept(tmp_path: Path):
    """A long run that dies near its end has kept the vectors of all whole pieces; progress counts what was known."""
    texts = [f"text {n}" for n in range(3000)]
    dying = CachedEmbedder(Dying(), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        dying.encode([*texts, "last"])
    dying.close()
    inner, seen = Counting(), list[int]()
    again = CachedEmbedder(inner, tmp_path)
    again.encode(texts)
    assert inner.seen == texts[2048:]
    again.close()
    last = CachedEmbedder(Dying(), tmp_path)
    last.encode([*texts, "new"], seen.append)
    last.close()
    assert set(seen) == {3001}


def test_parts_are_kept_with_their_text(tmp_path: Path):
    """A text with the same parts is embedded once; other parts of it are not taken for these."""

    inner = Counting()
    cached = CachedEmbedder(inner, tmp_path)
    texts, parts = [TEXT, "One. Two.", "None"], [PARTS, [(0, 4), (5, 9)], []]
    first, again = cached.encode_parts(texts, parts), cached.encode_parts(texts, parts)
    expected = HashingEmbedder().encode_parts(texts, parts)
    assert inner.seen == texts
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(first, again, expected, strict=True))
    assert len(cached.encode_parts([TEXT], [PARTS[:1]])[1]) == 1
    assert inner.seen == [*texts, TEXT]
    cached.close()
