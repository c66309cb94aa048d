"""Chat models by name, with their errors made ours. With chain.py the only owner of langchain.

``UNDERHOOD_MODEL=openai:gpt-4o-mini`` is a LangChain model string. OpenAI-compatible servers elsewhere are
reached as LangChain reaches them (``OPENAI_BASE_URL``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ingest.errors import ModelError

TIMEOUT_SECONDS = 60
RETRIES = 2
_EXTRAS = {"openai": "openai", "anthropic": "anthropic", "ollama": "ollama"}


@dataclass(frozen=True)
class Message:
    """One message to a chat model."""

    role: str
    content: str


class ChatModel(Protocol):
    """Anything that answers messages piece by piece."""

    @property
    def name(self) -> str:
        """How the model is named to a person."""

    @property
    def destination(self) -> str | None:
        """Where questions and evidence are sent; None where they stay on this machine."""

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """Pieces of the reply's text. Raises ModelError."""


class LangChainModel:
    """A chat model that LangChain knows, by its model string."""

    def __init__(self, name: str, *, model: Any = None) -> None:
        self.name = name
        self._model = model if model is not None else _load(name)

    @property
    def destination(self) -> str | None:
        """The server's address, or None for this machine."""
        base = next(
            (
                str(v)
                for a in ("openai_api_base", "base_url", "anthropic_api_url")
                if (v := getattr(self._model, a, None))
            ),
            "",
        )
        if any(local in base for local in ("127.0.0.1", "localhost", "[::1]")):
            return None
        provider = self.name.partition(":")[0]
        if provider == "ollama" and not base:
            return None
        return base or os.environ.get("OPENAI_BASE_URL") or provider

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """Pieces of the reply's text. Raises ModelError with a reason in words."""
        finished = not self.name.startswith("openai:")  # others do not all say why they end
        try:
            for chunk in self._model.stream([(m.role, m.content) for m in messages]):
                if text := _text(chunk):
                    yield text
                finished = finished or getattr(chunk, "response_metadata", {}).get("finish_reason") == "stop"
            if not finished:
                raise ModelError("the model's reply was cut off", where=f"UNDERHOOD_MODEL={self.name}")
        except ModelError:
            raise
        except Exception as error:  # providers raise their own trees; each becomes one line here
            raise ModelError(_why(error), where=f"UNDERHOOD_MODEL={self.name}") from error


def _text(chunk: Any) -> str:
    content = getattr(chunk, "content", chunk)
    if isinstance(content, str):
        return content
    return "".join(b.get("text", "") for b in content if isinstance(b, dict) and b.get("type") in ("text", None))


def _load(name: str) -> Any:
    from langchain.chat_models import init_chat_model

    provider = name.partition(":")[0]
    try:
        return init_chat_model(name, temperature=0, timeout=TIMEOUT_SECONDS, max_retries=RETRIES)
    except ImportError as error:
        extra = _EXTRAS.get(provider, provider)
        raise ModelError(
            f"the package for {provider} is not installed",
            where=f"UNDERHOOD_MODEL={name}",
            todo=f"pip install 'underhood[{extra}]'",
        ) from error
    except Exception as error:  # a missing key, an unknown name: each provider says it in its own way
        raise ModelError(
            _why(error), where=f"UNDERHOOD_MODEL={name}", todo="Use provider:model, such as openai:gpt-4o-mini"
        ) from error


def _why(error: Exception) -> str:
    kind, text = type(error).__name__, " ".join(str(error).split())[:160]
    lower = f"{kind} {text}".casefold()
    for cue, words in (
        ("timeout", "the model did not answer in time"),
        ("timed out", "the model did not answer in time"),
        ("ratelimit", "the model's service limits the rate; try again later"),
        ("429", "the model's service limits the rate; try again later"),
        ("authentication", "the model's service refuses the key"),
        ("api_key", "no key for the model's service"),
        ("credentials", "no key for the model's service"),
        ("connect", "the model's service cannot be reached"),
    ):
        if cue in lower:
            return f"{words} ({kind})"
    return f"the model failed ({kind}: {text})"
