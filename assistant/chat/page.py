"""The page: what stands where, and which event calls what. All HTML comes from render.py and browse.py.

The page's own controls live in HTML; a click on one becomes an event of ``bridge`` (static/page.js), so that Python
handles every action in one place. The browser keeps the conversation (``store``); see sessions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.answering import Assistant
from assistant.chat import browse, feedback, render, uploads
from assistant.chat.pictures import Pages
from assistant.chat.sessions import Turn, dumped, turns
from assistant.chat.talking import SECTION, talk, told
from assistant.pacing import AT_ONCE, WAITING, Pace
from ingest.errors import UnderhoodError

_ACTS = ("ask", "retry", "edit", "rate", "open", "fresh", "narrow", "forget")
_BRIDGE = (
    f"const acts = {list(_ACTS)!r};"
    "window.underhood = (act, data) => { if (acts.includes(act)) trigger(act, data || {}); };"
    "window.dispatchEvent(new Event('underhood-ready'));"
)
_STORE = "watch('value', () => window.underhoodKeep && window.underhoodKeep(props.value));"
# Runs before page.js may be there, so it reads the tab's storage itself.
_KEPT = """() => {
  try { return [JSON.parse(sessionStorage.getItem("underhood-conversation")) || {}]; } catch { return [{}]; }
}"""
_NARROW = "Narrow the question"
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

Update = dict[Any, Any]


def build(assistant: Assistant, *, allow_uploads: bool = False, pace: Pace | None = None) -> gr.Blocks:
    """The page over an open assistant; ``pace`` is shared with other ways to ask."""
    with gr.Blocks(title="Underhood", fill_width=True, analytics_enabled=False) as page:
        _Page(assistant, allow_uploads, pace or Pace()).lay_out(page)
    page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)
    return page


class _Page:
    """The components of one page and their handlers."""

    def __init__(self, assistant: Assistant, allow_uploads: bool, pace: Pace) -> None:
        self.assistant, self.allow_uploads, self.pace = assistant, allow_uploads, pace
        self.pages = Pages(assistant)

    def lay_out(self, page: gr.Blocks) -> None:
        """Make the components, top to bottom, and wire them."""
        with gr.Column(elem_id="page"):
            gr.HTML(render.fill("header.html"), elem_id="top", apply_default_css=False)
            with gr.Column(elem_id="ask-view"):
                self.conversation = gr.HTML(
                    browse.start(self.assistant), elem_id="conversation", apply_default_css=False
                )
                self.status = gr.HTML(
                    '<p role="status" aria-live="polite"></p>', elem_id="status", apply_default_css=False
                )
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="asking"):
                        self.question = gr.Textbox(
                            label="Your question",
                            placeholder="Ask a question …",
                            elem_id="question",
                            lines=1,
                            max_lines=6,
                            container=False,
                            html_attributes=gr.InputHTMLAttributes(autocapitalize="sentences", spellcheck=True),
                        )
                        self.ask = gr.Button("Ask", variant="primary", elem_id="ask", min_width=0)
                        self.stop = gr.Button("Stop", visible=False, elem_id="stop", min_width=0)
                    with gr.Accordion(_NARROW, open=False, elem_id="narrow") as self.narrow:
                        self.scope = gr.Dropdown(
                            _choices(self.assistant),
                            multiselect=True,
                            value=[],
                            label="Only these resources or sections",
                            elem_id="scope",
                        )
            with gr.Column(elem_id="browse-view"):
                self.browse = gr.HTML("", elem_id="browse", apply_default_css=False)
                if self.allow_uploads:
                    self._lay_out_uploads()
        self.bridge = gr.HTML("", html_template=" ", js_on_load=_BRIDGE, elem_id="bridge")
        self.store = gr.HTML({}, html_template=" ", js_on_load=_STORE, elem_id="store")
        self.editing = gr.State(False)
        self._wire(page)

    def _lay_out_uploads(self) -> None:
        readings = [(r.title, r.id) for r in self.assistant.catalogue]
        with gr.Accordion("Add a PDF of your own", open=False, elem_id="adding"):
            of = gr.Dropdown(readings, value=None, label="It is the text of")
            file = gr.File(label="The PDF", file_types=[".pdf"], type="filepath", height=120)
            with gr.Row():
                add, remove = gr.Button("Add it", variant="primary"), gr.Button("Remove what is held of this resource")
            line = gr.HTML(_status(""), elem_id="added", apply_default_css=False)
        told: dict[str, Any] = {**_PRIVATE, "outputs": [line], "concurrency_id": "uploads", "concurrency_limit": 1}
        add.click(self._add, inputs=[of, file], **told)
        remove.click(self._remove, inputs=[of], **told)

    def _wire(self, page: gr.Blocks) -> None:
        said = [self.conversation, self.store, self.status]
        box = [self.question, self.ask, self.stop, self.editing]
        asking: dict[str, Any] = {**_PRIVATE, "outputs": [*said, *box], "concurrency_id": "ask"}
        typed = [self.question, self.store, self.scope, self.editing]
        running = [
            gr.on([self.ask.click, self.question.submit], self._typed, inputs=typed, **asking),
            self.bridge.ask(self._pointed, inputs=[self.store, self.scope], **asking),
            self.bridge.retry(self._again, inputs=[self.store], **asking),
        ]
        # What was running is cancelled first, so that no late word of it overwrites what comes after.
        self.stop.click(None, cancels=running).then(
            self._stopped, inputs=[self.store], outputs=[*said, *box], queue=False, **_PRIVATE
        )
        self.bridge.fresh(None, cancels=running).then(
            self._fresh, outputs=[*said, *box, self.scope], queue=False, **_PRIVATE
        )
        self.bridge.edit(
            self._edit, inputs=[self.store], outputs=[self.question, self.editing, self.status], **_PRIVATE
        )
        self.bridge.rate(self._rate, inputs=[self.store], outputs=said, **_PRIVATE)
        self.bridge.forget(self._forget, outputs=[*said, *box, self.scope], cancels=running, queue=False, **_PRIVATE)
        self.bridge.open(self._open, outputs=[self.browse], **_PRIVATE)
        self.bridge.narrow(self._narrow, outputs=[self.scope, self.narrow], **_PRIVATE)
        self.scope.change(self._narrowed, inputs=[self.scope], outputs=[self.narrow], **_PRIVATE)
        page.load(self._loaded, inputs=[self.store], outputs=[*said, self.browse], js=_KEPT, queue=False, **_PRIVATE)

    # Asking

    def _typed(self, question: str, raw: Any, scope: list[str], editing: bool, request: gr.Request) -> Iterator[Update]:
        before = turns(raw)
        yield from self._answer(before[:-1] if editing else before, question, scope, request)

    def _pointed(self, raw: Any, scope: list[str], event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        yield from self._answer(turns(raw), _text(event, "question"), scope, request)

    def _again(self, raw: Any, request: gr.Request) -> Iterator[Update]:
        before = turns(raw)
        if before:
            yield from self._answer(before[:-1], before[-1].question, before[-1].scope, request)

    def _answer(
        self, before: list[Turn], question: str, scope: Sequence[str] | None, request: gr.Request
    ) -> Iterator[Update]:
        if wait := self.pace.wait(request.session_hash or ""):
            yield {self.status: _status(f"That is a lot of questions at once; go on in {wait} seconds.")}
            raise gr.Error(f"That is a lot of questions at once; go on in {wait} seconds.", print_exception=False)
        for now in talk(self.assistant, before, question, scope or ()):
            over = now.state != "writing"
            yield {
                self.conversation: self._shown([*before, now]),
                self.store: dumped([*before, now]),
                self.status: _status(told(now) if over else "Looking for an answer."),
                self.question: gr.update() if over or now.text else "",
                self.ask: gr.update(visible=over),
                self.stop: gr.update(visible=not over),
                self.editing: False,
            }

    def _stopped(self, raw: Any) -> Update:
        before = turns(raw)
        if before and before[-1].answer is None:
            before[-1] = replace(before[-1], state="stopped")
        return {
            self.conversation: self._shown(before),
            self.store: dumped(before),
            self.status: _status("Stopped."),
            **self._ready(),
        }

    def _fresh(self) -> Update:
        return {
            self.conversation: browse.start(self.assistant),
            self.store: dumped([]),
            self.status: _status("A new conversation."),
            self.scope: [],
            **self._ready(),
            self.question: "",
        }

    def _edit(self, raw: Any) -> Update:
        before = turns(raw)
        question = before[-1].question if before else ""
        return {
            self.question: question,
            self.editing: bool(before),
            self.status: _status("Change the question and ask; it takes the place of the last one."),
        }

    def _ready(self) -> Update:
        return {self.ask: gr.update(visible=True), self.stop: gr.update(visible=False), self.editing: False}

    # What people say of it

    def _rate(self, raw: Any, event: gr.EventData, request: gr.Request) -> Update:
        before, number, verdict = turns(raw), _number(event, "turn"), _text(event, "value")
        answer = before[number - 1].answer if 0 < number <= len(before) else None
        if answer is None or verdict not in ("up", "down"):
            return {self.status: _status("There is no such answer.")}
        kept: feedback.Verdict = "up" if verdict == "up" else "down"
        try:
            feedback.record(
                self.assistant.settings,
                _who(event, request),
                answer,
                kept,
                _text(event, "reason"),
                _number(event, "sentence"),
            )
        except (UnderhoodError, OSError) as error:
            return {self.status: _status(f"It could not be kept: {error}")}
        before[number - 1] = replace(before[number - 1], rating=kept)
        return {
            self.conversation: self._shown(before),
            self.store: dumped(before),
            self.status: _status("Thank you. It is kept on this machine, and sent nowhere."),
        }

    def _forget(self, event: gr.EventData, request: gr.Request) -> Update:
        gone = feedback.forget(self.assistant.settings, _who(event, request))
        rows = f" and {gone} of your remarks" if gone else ""
        return {**self._fresh(), self.status: _status(f"This conversation{rows} were deleted.")}

    # Readings of one's own

    def _add(self, resource: str | None, file: str | None) -> Iterator[str]:
        if resource not in self.assistant.catalogue.by_id or not file:
            yield _status("Choose the resource and the file first.")
            return
        for line in uploads.add(self.assistant.settings, str(resource), Path(file)):
            yield _status(line)
        Path(file).unlink(missing_ok=True)

    def _remove(self, resource: str | None) -> str:
        if resource not in self.assistant.catalogue.by_id:
            return _status("Choose the resource first.")
        return _status(uploads.remove(self.assistant.settings, str(resource)))

    # Looking around

    def _loaded(self, raw: Any, request: gr.Request) -> Update:
        kept, wanted = turns(raw), dict(request.query_params)
        return {
            self.conversation: self._shown(kept),
            self.store: dumped(kept),
            self.status: _status(""),
            self.browse: self._viewed(wanted),
        }

    def _viewed(self, wanted: dict[str, str]) -> str:
        for kind in ("resource", "concept"):
            if kind in wanted:
                return browse.view(self.assistant, kind, wanted[kind])
        return browse.view(self.assistant, wanted.get("view", "list"))

    def _open(self, event: gr.EventData) -> str:
        return browse.view(self.assistant, _text(event, "kind"), _text(event, "id"))

    def _narrow(self, event: gr.EventData) -> Update:
        wanted = _text(event, "id")
        scope = [wanted] if wanted in self.assistant.catalogue.by_id else []
        return {self.scope: scope, self.narrow: gr.update(open=True)}

    def _narrowed(self, scope: list[str] | None) -> Update:
        count = len(scope or ())
        return {self.narrow: gr.update(label=f"Narrowed to {count}" if count else _NARROW)}

    def _shown(self, conversation: list[Turn]) -> str:
        if not conversation:
            return browse.start(self.assistant)
        return render.conversation(conversation, browse.titles(self.assistant), self.pages.of)


def _text(event: gr.EventData, name: str) -> str:
    data = event._data if isinstance(event._data, dict) else {}
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _number(event: gr.EventData, name: str) -> int:
    text = _text(event, name)
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _who(event: gr.EventData, request: gr.Request) -> str:
    """The name a person signed in with, else the token of their browser."""
    signed_in = request.request.scope.get("underhood_name") if request.request else None
    return str(signed_in or _text(event, "who"))


def _status(text: str) -> str:
    return render.fill("status.html", text=text)


def _choices(assistant: Assistant) -> list[tuple[str, str]]:
    sections = [(f"Section: {s.title}", f"{SECTION}{s.id}") for s in assistant.catalogue.section]
    return [*sections, *((f"{r.title} – {r.short}", r.id) for r in assistant.catalogue)]
