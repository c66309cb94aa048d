"""Chat models by name (assistant/models.py)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from assistant.models import LangChainModel, told_before
from ingest.errors import ModelError


def model(name: str, **fields: str) -> LangChainModel:
    return LangChainModel(name, model=SimpleNamespace(**fields))


@pytest.mark.parametrize(
    ("name", "fields", "destination"),
    [
        ("openai:m", {"openai_api_base": "http://127.0.0.1:8000/v1"}, None),
        ("openai:m", {"openai_api_base": "http://localhost:8000/v1"}, None),
        ("openai:m", {"openai_api_base": "http://[::1]:8000/v1"}, None),
        ("openai:m", {"openai_api_base": "http://127.0.0.1.example.org/v1"}, "http://127.0.0.1.example.org/v1"),
        ("openai:m", {"openai_api_base": "https://example.org/localhost"}, "https://example.org/localhost"),
        ("openai:m", {}, "https://api.openai.com/v1"),
        ("anthropic:m", {"anthropic_api_url": "https://api.anthropic.com"}, "https://api.anthropic.com"),
        ("ollama:m", {}, None),
        ("ollama:m", {"base_url": "http://gpu.example.org:11434"}, "http://gpu.example.org:11434"),
        ("somebody:m", {}, "somebody"),
    ],
)
def test_where_a_model_is(name: str, fields: dict[str, str], destination: str | None, monkeypatch: pytest.MonkeyPatch):
    """Only loopback is this machine, however much an address looks like it."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert model(name, **fields).destination == destination


def test_an_address_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch):
    """OPENAI_BASE_URL and OLLAMA_HOST say where a model is, if the model does not."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OLLAMA_HOST", "gpu.example.org:11434")
    assert model("openai:m").destination is None
    assert model("ollama:m").destination == "gpu.example.org:11434"


def test_a_person_is_told_what_is_sent_and_where():
    """The sentence names what is sent, the model and the address; a model on this machine needs none."""
    told = told_before(model("openai:gpt", openai_api_base="https://example.org/v1"))
    assert told is not None
    assert all(word in told for word in ("questions", "readings", "openai:gpt", "https://example.org/v1"))
    assert told_before(model("ollama:m", base_url="http://127.0.0.1:11434")) is None


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"stop_reason": "max_tokens"}, "cut off at its greatest length"),
        ({"stop_reason": "refusal"}, "withheld"),
        ({"done_reason": "length"}, "cut off at its greatest length"),
    ],
)
def test_other_providers_say_why_a_reply_ends_too(metadata: dict[str, str], says: str):
    """Each provider has its own word for a reply that was cut off or withheld."""
    chunks = [
        SimpleNamespace(content="It", response_metadata={}),
        SimpleNamespace(content="", response_metadata=metadata),
    ]
    broken = LangChainModel("anthropic:m", model=SimpleNamespace(stream=lambda _: iter(chunks)))
    with pytest.raises(ModelError, match=says):
        list(broken.stream([]))


def test_an_unknown_provider_is_named():
    """A model string that LangChain does not know is one line with an example."""
    with pytest.raises(ModelError, match=r"UNDERHOOD_MODEL=nobody:x"):
        LangChainModel("nobody:x")
