"""The embedding model and its cache (ingest/embedding.py)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding import (
    GatheringEmbedder,
    SentenceTransformerEmbedder,
    check_weights,
    packaged_model,
)
from ingest.errors import EmbedderError
from tests.conftest import HashingEmbedder


def test_the_packaged_model_is_the_official_one():
    """The weights in the package have the published hash."""
    check_weights(packaged_model() / "model.safetensors")


def test_altered_weights_are_refused(tmp_path: Path):
    """A file with another hash is refused by name, with what to do."""
    (tmp_path / "model.safetensors").write_bytes(b"not the model")
    with pytest.raises(EmbedderError, match="Reinstall"):
        check_weights(tmp_path / "model.safetensors")


def test_vectors_are_unit_and_near_by_meaning(minilm: SentenceTransformerEmbedder):
    """Vectors have 384 dimensions and length one, and a paraphrase is nearer than another subject."""
    a, b, c = minilm.encode(
        ["How do I cook pasta?", "What is the way to boil noodles?", "Gradient descent lowers a loss."]
    )
    assert a.shape == (384,)
    assert np.allclose(np.linalg.norm([a, b, c], axis=1), 1, atol=1e-5)
    assert a @ b > a @ c + 0.3


def test_many_texts_get_the_vectors_of_one(minilm: SentenceTransformerEmbedder):
    """Batches (in bfloat16 where the processor has it) agree with single texts to a cosine of 0.999, in order."""
    texts = [f"Sentence number {n} speaks of {'many ' * (n % 9)}things." for n in range(70)]
    together = minilm.encode(texts)
    single = np.concatenate([minilm.encode([t]) for t in texts[:20]])
    assert (together[:20] * single).sum(1).min() > 0.999


def test_tokens_are_counted_beyond_the_limit(minilm: SentenceTransformerEmbedder):
    """The count of a long text is not cut at the 256 tokens that the model reads."""
    assert minilm.count(["word " * 1000, "word", ""]) == [1000, 1, 0]


def test_nothing_gives_nothing(minilm: SentenceTransformerEmbedder):
    """No texts give an array of no rows."""
    assert minilm.encode([]).shape == (0, 384)


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts, progress=None):
        self.seen += texts
        return super().encode(texts, progress)


def test_an_absent_model_is_named(tmp_path: Path):
    """A wrong UNDERHOOD_EMBEDDER is one line that names it."""
    with pytest.raises(EmbedderError, match=r"UNDERHOOD_EMBEDDER=.*nowhere"):
        SentenceTransformerEmbedder(str(tmp_path / "nowhere")).encode(["x"])


def test_questions_that_come_together_are_embedded_together():
    """Texts of fifty threads are encoded in far fewer batches; each thread gets its own vectors, or the error."""

    class Slow(Counting):
        batches = 0

        def encode(self, texts, progress=None):
            self.batches += 1
            time.sleep(0.05)
            if "fail" in texts:
                raise EmbedderError("broken")
            return super().encode(texts, progress)

    inner = Slow()
    gathering = GatheringEmbedder(inner)
    asked = [[f"question {n}", f"variant {n}"] for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        got = list(pool.map(gathering.encode, asked))
    assert inner.batches <= 5
    assert all(np.array_equal(v, HashingEmbedder().encode(t)) for v, t in zip(got, asked, strict=True))
    with ThreadPoolExecutor(3) as pool:
        failing = [pool.submit(gathering.encode, [t]) for t in ("fail", "fail", "fail")]
        assert {type(f.exception()) for f in failing} == {EmbedderError}
    assert gathering.encode(["after"]).shape == (1, 256)


def test_more_than_one_batch_can_wait():
    """Where more texts wait than one batch takes, the rest comes next and nobody waits for ever."""
    gathering = GatheringEmbedder(HashingEmbedder())
    asked = [[f"{n} {m}" for m in range(30)] for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(gathering.encode, asked, timeout=60))
    assert all(np.array_equal(v, HashingEmbedder().encode(t)) for v, t in zip(got, asked, strict=True))
