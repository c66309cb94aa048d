"""Underhood's assistant: a question to a cited answer.

    from assistant import Assistant
    answer = Assistant.open().ask("What does momentum add to gradient descent?")

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.answers import Answer, Citation, Statement

__all__ = ["Answer", "Assistant", "Citation", "Statement", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Assistant":
        from assistant.answering import Assistant

        return Assistant
    if name in ("Answer", "Citation", "Statement"):
        from assistant import answers

        return getattr(answers, name)
    raise AttributeError(f"module 'assistant' has no attribute {name!r}")
