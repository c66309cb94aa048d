"""An assistant over the small corpus, and over our own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.answering import Assistant
from ingest.embedding import SentenceTransformerEmbedder
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import HashingEmbedder


@pytest.fixture
def small(settings: Settings, embedder: HashingEmbedder) -> Iterator[Assistant]:
    """An assistant over the corpus of the fixtures, without weights."""
    ingest(settings, embedder=embedder)
    return Assistant.open(settings, embedder=embedder)


@pytest.fixture(scope="session")
def real(real_settings: Settings, minilm: SentenceTransformerEmbedder) -> Assistant:
    """The assistant as it is shipped: our notes, the real model."""
    return Assistant.open(real_settings, embedder=minilm)
