"""The part of the page that brings readings: fetch what is free, add a PDF, remove one, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.answering import Assistant
from assistant.chat import browse, readings, render
from assistant.chat.browse import Allowed
from assistant.chat.events import text
from assistant.chat.readings import Bringing, Progress, Stage
from assistant.chat.talking import SECTION
from ingest.errors import UnderhoodError
from ingest.pipeline import Addition

#: The choice for a PDF that is the text of nothing on the list.
OWN = ""
#: People who may watch the work at the same time.
_WATCHING = 20

Update = dict[Any, Any]


class Shelf:
    """The components that bring readings, and their handlers."""

    def __init__(self, assistant: Assistant, allowed: Allowed) -> None:
        self.assistant, self.allowed, self.bringing = assistant, allowed, Bringing()
        self.progress = gr.HTML("", elem_id="progress", apply_default_css=False)
        if allowed.upload:
            self._lay_out_adding()

    def _lay_out_adding(self) -> None:
        with gr.Column(elem_id="adding"):
            self.file = gr.File(label="A PDF of your own", file_types=[".pdf"], type="filepath", height=110)
            self.of = gr.Dropdown(self._of(), value=OWN, label="It is the text of", elem_id="adding-of")
            with gr.Row():
                self.title = gr.Textbox(label="Title, if it is not on the list", max_length=300)
                self.authors = gr.Textbox(label="Authors, with commas between", max_length=500)
                self.year = gr.Number(label="Year", precision=0, value=None, min_width=90)
            self.button = gr.Button("Add it", variant="primary", elem_id="add")

    def wire(self, page: gr.Blocks, bridge: gr.HTML, view: gr.HTML, scope: gr.Dropdown) -> None:
        """Connect the events: ``view`` shows the list again after a change, ``scope`` its new resources."""
        self.view, self.scope = view, scope
        outputs = [self.progress, view, scope]
        told: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_id": "readings",
            "concurrency_limit": _WATCHING,
        }
        page.load(self._running, outputs=[self.progress], **told)
        if self.allowed.fetch or self.allowed.upload:
            bridge.halt(self.bringing.stop, queue=False, api_visibility="private", show_progress="hidden")
        if self.allowed.fetch:
            bridge.fetch(self._fetch, outputs=outputs, **told)
        if self.allowed.upload:
            bridge.remove(self._remove, outputs=outputs, **told)
            self.button.click(
                self._add,
                inputs=[self.file, self.of, self.title, self.authors, self.year],
                outputs=[*outputs, self.file, self.of],
                **told,
            )

    def _running(self) -> Iterator[str]:
        """What is going on already when a page is opened."""
        yield ""
        if self.bringing.running:
            for stage in self.bringing.watch():
                yield self._shown(stage)

    def _fetch(self, event: gr.EventData) -> Iterator[Update]:
        only = text(event, "only")
        if only and only not in self.assistant.catalogue.by_id:
            return
        work = partial(readings.fetch, self.assistant.settings, only, self.bringing.check)
        yield from self._watched("Asking the web", work, text(event, "kind"), text(event, "id"))

    def _remove(self, event: gr.EventData) -> Iterator[Update]:
        resource = text(event, "resource")
        yield from self._watched(
            "Removing",
            lambda _: readings.remove(self.assistant.settings, resource),
            text(event, "kind"),
            text(event, "id"),
        )

    def _add(self, file: str | None, of: str | None, title: str, authors: str, year: float | None) -> Iterator[Update]:
        if not file:
            yield {self.progress: self._shown(Stage("Choose a PDF first.", over=True))}
            return
        known = self.assistant.catalogue.by_id
        if of in known:
            addition = Addition(Path(file), str(of))
        elif title.strip():
            names = tuple(a.strip() for a in authors.split(",") if a.strip())
            own = readings.new_id(title, known.__contains__)
            addition = Addition(Path(file), own, title.strip(), names, int(year) if year else None)
        else:
            yield {self.progress: self._shown(Stage("Say what it is the text of, or give it a title.", over=True))}
            return
        work = partial(readings.add, self.assistant.settings, addition)
        yield from self._watched("Reading the file", work, "resource", addition.resource)
        Path(file).unlink(missing_ok=True)
        yield {self.file: None, self.of: gr.update(choices=self._of(), value=OWN)}

    def _watched(self, first: str, work: Callable[[Progress], Stage], kind: str, name: str) -> Iterator[Update]:
        """The work's stages; where other work is going on, that one's, and a line that says so."""
        mine = self.bringing.start(first, work)
        for stage in self.bringing.watch():
            yield {self.progress: self._shown(stage)}
        if not mine:
            yield {self.progress: self._shown(Stage("Other work was going on, and is done now. Try again.", over=True))}
        try:
            self.scope.choices = choices(self.assistant)  # what any tab may choose from now on
            yield {
                self.view: browse.view(self.assistant, kind or "readings", name, self.allowed),
                self.scope: gr.update(choices=self.scope.choices),
            }
        except UnderhoodError as error:
            yield {self.progress: self._shown(Stage(str(error), over=True))}

    def _shown(self, stage: Stage) -> str:
        return render.fill("progress.html", stage=stage, may_stop=self.allowed.fetch or self.allowed.upload)

    def _of(self) -> list[tuple[str, str]]:
        return [("Something that is not on the list", OWN), *((r.title, r.id) for r in self.assistant.catalogue)]


def choices(assistant: Assistant) -> list[tuple[str, str]]:
    """What a question can be narrowed to: sections, then resources."""
    sections = [(f"Section: {s.title}", f"{SECTION}{s.id}") for s in assistant.catalogue.section]
    return [*sections, *((f"{r.title} – {r.short}", r.id) for r in assistant.catalogue)]
