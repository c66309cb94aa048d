"""An answer as others read it: one file a format, each a pure function of the answer. Knows no index."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assistant.answers import Answer
from assistant.references.annotations import to_annotations
from assistant.references.bibtex import to_bibtex
from assistant.references.csl import to_csl
from assistant.references.langchain import to_langchain
from assistant.references.markdown import to_markdown
from assistant.references.text import folded, to_terminal

#: What ``underhood ask --format`` offers beside ``json``.
FORMATS: Mapping[str, Callable[[Answer], str]] = {
    "text": to_terminal,
    "markdown": to_markdown,
    "bibtex": to_bibtex,
    "csl": to_csl,
    "annotations": to_annotations,
    "langchain": to_langchain,
}

__all__ = [
    "FORMATS",
    "folded",
    "to_annotations",
    "to_bibtex",
    "to_csl",
    "to_langchain",
    "to_markdown",
    "to_terminal",
]
