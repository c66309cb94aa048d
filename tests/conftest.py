"""Shared fixtures: a small corpus of our own, an ordinary embedder without weights, the real model, the real corpus."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import numpy as np
import pytest
from filelock import FileLock

from ingest.embedding import SentenceTransformerEmbedder, Vectors, encode_apart
from ingest.index.words import tokens
from ingest.pipeline import ingest
from ingest.settings import Settings

# A busy machine is slow, not wrong: no deadline for an example.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

CATALOGUE = """
[[section]]
id = "maths"
title = "Maths"
examples = ["What is momentum?"]

[[resource]]
id = "doe-2001-descent"
title = "Walking Downhill"
short = "Doe (2001)"
authors = ["Jane Doe"]
year = 2001
kind = "paper"
sections = ["maths"]
url = "https://example.org/descent"
licence = "CC BY 4.0"
identity = "certain"
access = "by hand"

[[resource]]
id = "roe-2002-slopes"
title = "Slopes and Valleys"
short = "Roe (2002)"
authors = ["Richard Roe"]
year = 2002
kind = "book"
sections = ["maths"]
url = "https://example.org/slopes"
licence = "unknown"
identity = "guess"
access = "by hand"
"""

NOTES = {
    "doe-2001-descent.md": """---
resource: doe-2001-descent
edition: first
basis: full text
read: 2026-11-24
---
## What it is
- Walking Downhill by Doe is a short paper that explains gradient descent with pictures of a hiker in the fog. [@doe-2001-descent] {#doe-what kind=definition}
  ? What is Walking Downhill about?
  ? doe paper summary
""",
    "concepts/gradient-descent.md": """---
concept: gradient-descent
section: maths
aliases: [GD, steepest descent]
read_next: [[doe-2001-descent, "the pictures help"], [roe-2002-slopes, "goes deeper"]]
---
## What it is
- Gradient descent lowers a function by repeatedly taking a small step against its gradient, until the steps become tiny. [@doe-2001-descent, sec. 1; @roe-2002-slopes, "Descent"] {#gradient-descent-what kind=definition}
  ? What is gradient descent?
  ? gradient descent meaning
  ? Describe gradient descent.
- Gradient descent is used because it needs only first derivatives, which stay cheap when a model has millions of parameters. [@roe-2002-slopes, "Why"] {#gradient-descent-why kind=purpose}
  ? Why is gradient descent used?
  ? why gradient descent for neural nets
- Gradient descent steps are computed in two moves: take the gradient at the current point, then subtract the learning rate times that gradient. [@doe-2001-descent, sec. 2] {#gradient-descent-how kind=mechanism}
  ? How does gradient descent work?
  ? gradient descent steps
""",
    "concepts/momentum.md": """---
concept: momentum
section: maths
aliases: [heavy ball]
read_next: [[roe-2002-slopes, "the only full account"]]
---
## What it is
- Momentum adds a share of the previous step to the present gradient step, so that a steady direction gathers speed. [@roe-2002-slopes, "Momentum"] {#momentum-what kind=definition also=gradient-descent}
  ? What is momentum?
  ? momentum sgd meaning
- Momentum is used to cross long flat valleys quickly and to damp the zigzags of plain gradient descent. [@roe-2002-slopes, "Momentum"] {#momentum-why kind=purpose}
  ? Why use momentum?
  ? why does momentum help
- Momentum and plain gradient descent are not the same: momentum remembers earlier steps, plain gradient descent looks at the present gradient only. [@roe-2002-slopes, "Momentum"; @doe-2001-descent, sec. 3] {#momentum-versus-descent kind=comparison also=gradient-descent}
  ? Are momentum and gradient descent the same thing?
  ? momentum vs gradient descent
""",
}


class HashingEmbedder:
    """An ordinary embedder without weights: a bag of stemmed words, hashed into unit vectors of 256 numbers."""

    fingerprint = "hashing-256"
    dimensions = 256

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        out = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(out, texts, strict=True):
            for token in [*tokens(text), *text.casefold().split()]:
                row[int(hashlib.md5(token.encode("utf-8", "replace")).hexdigest(), 16) % self.dimensions] += 1
            row[0] += 1e-3
            row /= np.linalg.norm(row)
        if progress:
            progress(len(texts))
        return out

    def encode_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[tuple[int, int]]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, Vectors]:
        return encode_apart(self, texts, parts, progress)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [sum(1 + (len(w) > 7) for w in t.split()) for t in texts]


def waited(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of a coroutine, awaited in a thread of its own: browser tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def write_corpus(folder: Path, notes: dict[str, str] = NOTES, catalogue: str = CATALOGUE) -> Path:
    """A corpus folder with these notes."""
    (folder / "notes" / "concepts").mkdir(parents=True, exist_ok=True)
    (folder / "anchors").mkdir(exist_ok=True)
    (folder / "catalogue.toml").write_text(catalogue, "utf-8")
    for name, text in notes.items():
        (folder / "notes" / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def settings(tmp_path: Path, corpus: Path) -> Settings:
    return Settings(home=tmp_path / "home", corpus=corpus)


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformerEmbedder:
    """The real model from its package."""
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="session")
def real_settings(tmp_path_factory: pytest.TempPathFactory, minilm: SentenceTransformerEmbedder) -> Settings:
    """The repository's own corpus, ingested once for all test processes with the real model."""
    shared = tmp_path_factory.getbasetemp().parent / "underhood-real"
    shared.mkdir(exist_ok=True)
    settings = Settings(home=shared / "home", corpus=ROOT / "corpus")
    with FileLock(shared / "lock"):
        ingest(settings, embedder=minilm)
    return settings


@pytest.fixture(scope="session")
def readings() -> Path:
    """The real readings beside the checkout."""
    folder = SHARED / "readings"
    if not folder.is_dir():
        pytest.skip("the shared readings are not here")
    return folder


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("UNDERHOOD_"):
            monkeypatch.delenv(name)
    return
