"""The part of the page that checks a text of one's own: a saved answer, or anything with quotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from assistant.answering import Assistant
from assistant.chat import render
from assistant.chat.events import session, text, who
from assistant.pacing import Pace, slower
from assistant.quotations import MIN_WORDS
from assistant.verification import Verdict, Verifier
from ingest.errors import QuestionError, UnderhoodError

#: Characters of a text that is checked.
MOST = 2_000_000

Update = dict[Any, Any]


class Checking:
    """Where the verdicts stand, and who gives them. The text itself stays in the browser."""

    def __init__(self, assistant: Assistant, pace: Pace) -> None:
        self.assistant, self.pace = assistant, pace
        self.verdicts = gr.HTML("", elem_id="verdicts", apply_default_css=False)

    def wire(self, bridge: gr.HTML, status: gr.HTML) -> None:
        """Connect the event; ``status`` says aloud what comes of it."""
        self.status = status
        bridge.examine(
            self._examine,
            outputs=[self.verdicts, status],
            api_visibility="private",
            show_progress="hidden",
            concurrency_limit=1,
        )

    def _examine(self, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        if wait := self.pace.wait(who(request) or session(request)):
            yield self._told(error=slower(wait))
            return
        yield self._told(working=True)
        given = text(event, "text")
        try:
            if len(given) > MOST:
                raise QuestionError(f"The text is longer than {MOST // 10**6} million characters")
            yield self._told(Verifier(self.assistant.index, self.assistant.catalogue).saved(given))
        except UnderhoodError as error:
            yield self._told(error=str(error))

    def _told(self, found: Sequence[Verdict] = (), error: str = "", *, working: bool = False) -> Update:
        html = render.fill("verdicts.html", verdicts=found, error=error, least=MIN_WORDS, working=working)
        line = "Looking the words up." if working else error or render.checked(found)
        return {self.verdicts: html, self.status: render.fill("status.html", text=line)}
