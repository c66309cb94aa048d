"""The page as a process of its own, for tests that kill it: ``python -m tests.assistant.chat.serve HOME CORPUS PORT``.

Answers come slowly, a few words at a time, so that there is a middle to be killed in.
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
    home, corpus, port = sys.argv[1:]
    settings = Settings(home=Path(home), corpus=Path(corpus))
    assistant = Slow.open(settings, embedder=HashingEmbedder())
    uvicorn.run(application(assistant), host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main()
