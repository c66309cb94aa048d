"""A question from the page to the assistant and back, as a stream of conversations. Knows no Gradio."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.chat.sessions import Turn, history
from ingest.catalogue import Catalogue
from ingest.errors import UnderhoodError

#: A choice of the narrowing list that stands for a whole section.
SECTION = "section:"

#: Seconds between two sights of a growing answer: quicker ones cost the browser more than they show.
SIGHT = 0.08

_log = logging.getLogger("underhood.chat")


def talk(assistant: Assistant, before: Sequence[Turn], question: str, scope: Sequence[str] = ()) -> Iterator[Turn]:
    """The turn of a question as it grows; the last one is done or failed."""
    now, seen = Turn(question.strip(), "writing", scope=tuple(scope)), 0.0
    yield now
    wanted = resources(assistant.catalogue, scope)
    try:
        for piece in assistant.stream(question, history(before), resources=wanted or None):
            if isinstance(piece, Answer):
                yield replace(now, state="done", answer=piece, text="")
            else:
                now = replace(now, text=now.text + piece)
                if time.monotonic() - seen >= SIGHT:
                    seen = time.monotonic()
                    yield now
    except UnderhoodError as error:
        yield replace(now, state="failed", text=_sentence(str(error)))
    except Exception:  # whatever it was, the page says so and the person can go on
        _log.exception("a question could not be answered")
        yield replace(
            now, state="failed", text="Something went wrong while answering. The server’s log says what; ask again."
        )


class Desk:
    """Who is being answered: one question a session. A stopped answer makes room at once, however slow it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}

    def begin(self, session: str) -> threading.Event | None:
        """The event that will be set to stop the session's answer; None where one is being written already."""
        with self._lock:
            running = self._stops.get(session)
            if running is not None and not running.is_set():
                return None
            self._stops[session] = threading.Event()
            return self._stops[session]

    def end(self, session: str, stop: threading.Event) -> None:
        """The answer that ``begin`` gave ``stop`` for is over."""
        with self._lock:
            if self._stops.get(session) is stop:
                del self._stops[session]

    def stop(self, session: str) -> None:
        """Ask the session's answer, if there is one, to stop."""
        with self._lock:
            if stop := self._stops.get(session):
                stop.set()


def resources(catalogue: Catalogue, scope: Sequence[str]) -> list[str]:
    """The ids that a narrowing stands for: resources as they are, sections as all their resources."""
    found: dict[str, None] = {}
    for choice in scope:
        if choice.startswith(SECTION):
            found |= dict.fromkeys(r.id for r in catalogue.of_section(choice.removeprefix(SECTION)))
        else:
            found[choice] = None
    return list(found)


def told(turn: Turn) -> str:
    """What a screen reader hears when a turn is over."""
    if turn.answer is None:
        return {"failed": turn.text, "stopped": "Stopped."}.get(turn.state, "Looking for an answer.")
    outcome = {"answered": "Answered.", "partly": "Partly answered.", "declined": "Not answered."}[turn.answer.outcome]
    sources = len(turn.answer.citations)
    count = f" {sources} {'source' if sources == 1 else 'sources'}." if sources else ""
    return f"{outcome} {turn.answer.notice}{count}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
