"""Chat models by name, with their errors made ours. With chain.py the only owner of langchain.

``UNDERHOOD_MODEL=openai:gpt-4o-mini`` is a LangChain model string. OpenAI-compatible servers elsewhere are
reached as LangChain reaches them (``OPENAI_BASE_URL``).
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ingest.errors import ModelError

#: How long the model may be silent, and how long its whole reply may take.
TIMEOUT_SECONDS, REPLY_SECONDS = 60, 120
RETRIES = 1
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
        provider = self.name.partition(":")[0]
        fields = ("openai_api_base", "base_url", "anthropic_api_url", "endpoint_url")
        found = next((str(v) for a in fields if (v := getattr(self._model, a, None))), "")
        base = found or os.environ.get(_ADDRESSES.get(provider, ""), "") or _USUAL.get(provider, provider)
        return None if _on_this_machine(base) else base

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """Pieces of the reply's text. Raises ModelError with a reason in words."""
        ended, until = "", time.monotonic() + REPLY_SECONDS
        try:
            for chunk in self._model.stream([(m.role, m.content) for m in messages]):
                if time.monotonic() > until:
                    raise ModelError("the model did not finish in time", where=f"UNDERHOOD_MODEL={self.name}")
                if text := _text(chunk):
                    yield text
                ended = _end(chunk) or ended
            if why := _unfinished(ended, self.name):
                raise ModelError(why, where=f"UNDERHOOD_MODEL={self.name}")
        except ModelError:
            raise
        except Exception as error:  # providers raise their own trees; each becomes one line here
            raise ModelError(_why(error), where=f"UNDERHOOD_MODEL={self.name}") from error


def told_before(model: ChatModel) -> str | None:
    """What a person is told before a question goes to a model elsewhere; None where nothing leaves this machine."""
    if model.destination is None:
        return None
    return (
        f"Your questions, and the pieces of our notes and readings found for them, are sent to {model.name} at "
        f"{model.destination}; without UNDERHOOD_MODEL nothing leaves this machine."
    )


_ADDRESSES = {"openai": "OPENAI_BASE_URL", "ollama": "OLLAMA_HOST"}
_USUAL = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434",
}


def _on_this_machine(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        at = ipaddress.ip_address(host)
    except ValueError:
        return False
    return at.is_loopback or at.is_unspecified


def _end(chunk: Any) -> str:
    """Why a reply ended, where a chunk says it; each provider has its own name for it."""
    said = getattr(chunk, "response_metadata", None) or {}
    return str(said.get("finish_reason") or said.get("stop_reason") or said.get("done_reason") or "")


def _unfinished(ended: str, name: str) -> str:
    """What is wrong with how a reply ended, in words; empty where nothing is."""
    if ended in ("content_filter", "refusal"):
        return "the model's service withheld the reply"
    if ended in ("length", "max_tokens"):
        return "the model's reply was cut off at its greatest length"
    # OpenAI's protocol always says why a reply ends; others do not all do.
    return "the model's reply was cut off" if not ended and name.startswith("openai:") else ""


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
        ("permission", "the model's service refuses the key"),
        ("notfound", "the model's service does not know this model"),
        ("internalserver", "the model's service failed"),
        ("error code: 5", "the model's service failed"),
        ("no generation chunks", "the model's service sent broken text"),
        ("overloaded", "the model's service is overloaded; try again later"),
        ("jsondecode", "the model's service sent broken text"),
        ("unicodedecode", "the model's service sent broken text"),
        ("validationerror", "the model's service sent broken text"),
        ("api_key", "no key for the model's service"),
        ("credentials", "no key for the model's service"),
        ("connect", "the model's service cannot be reached"),
    ):
        if cue in lower:
            return words
    return f"the model failed ({kind}: {text})"
