"""A question from the page to the assistant and back, as a stream of conversations. Knows no Gradio."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.chat.sessions import Turn, history
from ingest.catalogue import Catalogue
from ingest.errors import UnderhoodError

#: A choice of the narrowing list that stands for a whole section.
SECTION = "section:"

_log = logging.getLogger("underhood.chat")


def talk(assistant: Assistant, before: Sequence[Turn], question: str, scope: Sequence[str] = ()) -> Iterator[Turn]:
    """The turn of a question as it grows; the last one is done or failed."""
    now = Turn(question.strip(), "writing", scope=tuple(scope))
    yield now
    wanted = resources(assistant.catalogue, scope)
    try:
        for piece in assistant.stream(question, history(before), resources=wanted or None):
            if isinstance(piece, Answer):
                yield replace(now, state="done", answer=piece, text="")
            else:
                now = replace(now, text=now.text + piece)
                yield now
    except UnderhoodError as error:
        yield replace(now, state="failed", text=_sentence(str(error)))
    except Exception:  # whatever it was, the page says so and the person can go on
        _log.exception("a question could not be answered")
        yield replace(
            now, state="failed", text="Something went wrong while answering. The server’s log says what; ask again."
        )


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
