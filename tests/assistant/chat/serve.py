"""The page as a process of its own: ``python -m tests.assistant.chat.serve HOME CORPUS PORT [--slow | --model]``.

With ``--slow`` answers come a few words at a time, so that there is a middle to be killed in; with ``--model`` the
index is one of the real model, else of the tests' embedder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from assistant.answering import Assistant
from assistant.chat.serving import application
from ingest.settings import Settings
from tests.conftest import HashingEmbedder


class Slow(Assistant):
    """An assistant that takes a fifth of a second for each word."""

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for piece in super().stream(*args, **kwargs):
            for word in piece.split(" ") if isinstance(piece, str) else [piece]:
                time.sleep(0.2)
                yield f"{word} " if isinstance(word, str) else word


def main() -> None:
    home, corpus, port, *how = sys.argv[1:]
    settings = Settings(home=Path(home), corpus=Path(corpus))
    kind = Slow if "--slow" in how else Assistant
    assistant = kind.open(settings, embedder=None if "--model" in how else HashingEmbedder())
    uvicorn.run(application(assistant), host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main()
