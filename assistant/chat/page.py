"""The page: what stands where, and which event calls what. All HTML comes from render.py and browse.py.

The page's own controls live in HTML; a click on one becomes an event of ``bridge`` (static/page.js), so that Python
handles every action in one place. The browser keeps the conversation (``store``); see sessions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import gradio as gr

from assistant.answering import Assistant
from assistant.chat import browse, feedback, render
from assistant.chat.browse import NOTHING, Allowed
from assistant.chat.checking import Checking
from assistant.chat.events import number, session, text, who
from assistant.chat.pictures import Pages
from assistant.chat.sessions import Turn, dumped, editing, turns
from assistant.chat.shelf import Shelf, choices
from assistant.chat.talking import Desk, talk, told
from assistant.pacing import AT_ONCE, WAITING, Pace, slower
from assistant.verification import Verifier
from ingest.errors import UnderhoodError

_ACTS = (
    "ask",
    "retry",
    "edit",
    "rate",
    "verify",
    "open",
    "fresh",
    "narrow",
    "forget",
    "fetch",
    "remove",
    "halt",
    "examine",
)
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
# Gradio would drop an event that comes before the last one of its kind is wholly over; ``Desk`` decides instead.
_EVERY: dict[str, Any] = {**_PRIVATE, "trigger_mode": "multiple"}
# Gradio keeps the last values of so many tabs; it would keep 10,000. The others miss nothing: the browser has theirs.
_TABS = 16

Update = dict[Any, Any]


def build(assistant: Assistant, *, allowed: Allowed = NOTHING, pace: Pace | None = None) -> gr.Blocks:
    """The page over an open assistant; ``pace`` is shared with other ways to ask."""
    with gr.Blocks(title="Underhood", fill_width=True, analytics_enabled=False) as page:
        _Page(assistant, allowed, pace or Pace()).lay_out(page)
    page.state_session_capacity = _TABS
    page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)
    return page


class _Page:
    """The components of one page and their handlers."""

    def __init__(self, assistant: Assistant, allowed: Allowed, pace: Pace) -> None:
        self.assistant, self.allowed, self.pace = assistant, allowed, pace
        self.pages, self.desk = Pages(assistant), Desk()

    def lay_out(self, page: gr.Blocks) -> None:
        """Make the components, top to bottom, and wire them."""
        with gr.Column(elem_id="page"):
            gr.HTML(render.fill("header.html"), elem_id="top", apply_default_css=False)
            self.status = gr.HTML(_status(""), elem_id="status", apply_default_css=False)
            with gr.Column(elem_id="ask-view"):
                self.conversation = gr.HTML(
                    browse.start(self.assistant), elem_id="conversation", apply_default_css=False
                )
                with gr.Column(elem_id="composer"):
                    self._lay_out_composer()
                self.examples = gr.HTML(browse.examples(self.assistant), elem_id="examples", apply_default_css=False)
            with gr.Column(elem_id="browse-view"):
                self.browse = gr.HTML("", elem_id="browse", apply_default_css=False)
                self.checking = Checking(self.assistant, self.pace)
                self.shelf = Shelf(self.assistant, self.allowed)
        self.bridge = gr.HTML("", html_template=" ", js_on_load=_BRIDGE, elem_id="bridge")
        self.store = gr.HTML({}, html_template=" ", js_on_load=_STORE, elem_id="store")
        self._wire(page)
        self.checking.wire(self.bridge, self.status)
        self.shelf.wire(page, self.bridge, self.browse, self.scope)

    def _lay_out_composer(self) -> None:
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
                choices(self.assistant),
                multiselect=True,
                value=[],
                label="Only these resources or sections",
                elem_id="scope",
            )

    def _wire(self, page: gr.Blocks) -> None:
        said = [self.conversation, self.store, self.status]
        box = [self.question, self.ask, self.stop]
        asking: dict[str, Any] = {**_EVERY, "outputs": [*said, *box], "concurrency_id": "ask"}
        typed = [self.question, self.store, self.scope]
        running = [
            gr.on([self.ask.click, self.question.submit], self._typed, inputs=typed, **asking),
            self.bridge.ask(self._pointed, inputs=[self.store, self.scope], **asking),
            self.bridge.retry(self._again, inputs=[self.store], **asking),
        ]
        # What was running is cancelled first, so that no late word of it overwrites what comes after.
        over: dict[str, Any] = {**_EVERY, "queue": False}
        self.stop.click(None, cancels=running).then(self._stopped, inputs=[self.store], outputs=[*said, *box], **over)
        self.bridge.fresh(None, cancels=running).then(
            self._fresh, outputs=[*said, *box, self.scope, self.examples], **over
        )
        self.bridge.edit(self._edit, inputs=[self.store], outputs=[self.question, self.store, self.status], **_EVERY)
        self.bridge.rate(self._rate, inputs=[self.store], outputs=said, **_EVERY)
        self.bridge.verify(self._verify, inputs=[self.store], outputs=said, **_EVERY)
        self.bridge.forget(self._forget, outputs=[*said, *box, self.scope, self.examples], cancels=running, **over)
        self.bridge.open(self._open, outputs=[self.browse], **_EVERY)
        self.bridge.narrow(self._narrow, outputs=[self.scope, self.narrow], **_EVERY)
        self.scope.change(self._narrowed, inputs=[self.scope], outputs=[self.narrow], **_PRIVATE)
        page.load(
            self._loaded,
            inputs=[self.store],
            outputs=[*said, self.browse, self.examples, self.scope],
            js=_KEPT,
            queue=False,
            **_PRIVATE,
        )

    # Asking

    def _typed(self, question: str, raw: Any, scope: list[str], request: gr.Request) -> Iterator[Update]:
        before = turns(raw)
        yield from self._answer(before[:-1] if editing(raw) else before, question, scope, request)

    def _pointed(self, raw: Any, scope: list[str], event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        yield from self._answer(turns(raw), text(event, "question"), scope, request)

    def _again(self, raw: Any, request: gr.Request) -> Iterator[Update]:
        before = turns(raw)
        if before:
            yield from self._answer(before[:-1], before[-1].question, before[-1].scope, request)

    def _answer(
        self, before: list[Turn], question: str, scope: Sequence[str] | None, request: gr.Request
    ) -> Iterator[Update]:
        if not question.strip():
            yield {self.status: _status("Type a question first.")}
            return
        stop = self.desk.begin(session(request))
        if stop is None:
            yield {self.status: _status("One question at a time: wait for the answer, or stop it.")}
            return
        try:
            yield from self._written(before, question, scope or (), stop, request)
        finally:
            self.desk.end(session(request), stop)

    def _written(
        self, before: list[Turn], question: str, scope: Sequence[str], stop: Event, request: gr.Request
    ) -> Iterator[Update]:
        if wait := self.pace.wait(who(request) or session(request)):
            growing: Iterator[Turn] = iter([Turn(question.strip(), "failed", text=slower(wait), scope=tuple(scope))])
        else:
            growing = talk(self.assistant, before, question, scope)
        for now in growing:
            if stop.is_set():
                return
            over = now.state != "writing"
            if over:  # the next question may come as soon as this one's end is seen
                self.desk.end(session(request), stop)
            yield {
                self.conversation: self._shown([*before, now]),
                self.store: dumped([*before, now]),
                self.status: _status(told(now) if over else "Looking for an answer."),
                self.question: gr.update() if over or now.text else "",
                self.ask: gr.update(visible=over),
                self.stop: gr.update(visible=not over),
            }

    def _stopped(self, raw: Any, request: gr.Request) -> Update:
        self.desk.stop(session(request))
        before = turns(raw)
        if before and before[-1].answer is None:
            before[-1] = replace(before[-1], state="stopped")
        return {
            self.conversation: self._shown(before),
            self.store: dumped(before),
            self.status: _status("Stopped."),
            **self._ready(),
        }

    def _fresh(self, request: gr.Request) -> Update:
        self.desk.stop(session(request))
        return {
            self.examples: browse.examples(self.assistant),
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
            self.store: dumped(before, editing=bool(before)),
            self.status: _status("Change the question and ask; it takes the place of the last one."),
        }

    def _ready(self) -> Update:
        return {self.ask: gr.update(visible=True), self.stop: gr.update(visible=False)}

    # What people say of it

    def _rate(self, raw: Any, event: gr.EventData, request: gr.Request) -> Update:
        before, at, verdict = turns(raw), number(event, "turn"), text(event, "value")
        answer = before[at - 1].answer if 0 < at <= len(before) else None
        if answer is None or verdict not in ("up", "down"):
            return {self.status: _status("There is no such answer.")}
        kept: feedback.Verdict = "up" if verdict == "up" else "down"
        try:
            feedback.record(
                self.assistant.settings,
                who(request, event),
                answer,
                kept,
                text(event, "reason"),
                number(event, "sentence"),
            )
        except (UnderhoodError, OSError) as error:
            return {self.status: _status(f"It could not be kept: {error}")}
        before[at - 1] = replace(before[at - 1], rating=kept)
        return {
            self.conversation: self._shown(before),
            self.store: dumped(before),
            self.status: _status("Thank you. It is kept on this machine, and sent nowhere."),
        }

    def _verify(self, raw: Any, event: gr.EventData) -> Iterator[Update]:
        before, at = turns(raw), number(event, "turn")
        answer = before[at - 1].answer if 0 < at <= len(before) else None
        if answer is None:
            yield {self.status: _status("There is no such answer.")}
            return
        yield {self.status: _status("Looking the quoted words up again.")}
        found = tuple(Verifier(self.assistant.index, self.assistant.catalogue).answer(answer))
        before[at - 1] = replace(before[at - 1], verdicts=found)
        yield {
            self.conversation: self._shown(before),
            self.store: dumped(before),
            self.status: _status(f"Checked again. {render.checked(found)}"),
        }

    def _forget(self, event: gr.EventData, request: gr.Request) -> Update:
        gone = feedback.forget(self.assistant.settings, who(request, event))
        rows = f" and {gone} of your remarks" if gone else ""
        return {**self._fresh(request), self.status: _status(f"This conversation{rows} were deleted.")}

    # Looking around

    def _loaded(self, raw: Any, request: gr.Request) -> Update:
        kept, wanted = turns(raw), dict(request.query_params)
        return {
            self.conversation: self._shown(kept),
            self.store: dumped(kept),
            self.status: _status(""),
            self.browse: self._viewed(wanted),
            self.examples: browse.examples(self.assistant),
            self.scope: gr.update(choices=choices(self.assistant)),
        }

    def _viewed(self, wanted: dict[str, str]) -> str:
        for kind in ("resource", "concept"):
            if kind in wanted:
                return browse.view(self.assistant, kind, wanted[kind], self.allowed)
        return browse.view(self.assistant, wanted.get("view", "list"), allowed=self.allowed)

    def _open(self, event: gr.EventData) -> str:
        return browse.view(self.assistant, text(event, "kind"), text(event, "id"), self.allowed)

    def _narrow(self, event: gr.EventData) -> Update:
        wanted = text(event, "id")
        scope = [wanted] if wanted in self.assistant.catalogue.by_id else []
        return {self.scope: scope, self.narrow: gr.update(open=True)}

    def _narrowed(self, scope: list[str] | None) -> Update:
        count = len(scope or ())
        return {self.narrow: gr.update(label=f"Narrowed to {count}" if count else _NARROW)}

    def _shown(self, conversation: list[Turn]) -> str:
        if not conversation:
            return browse.start(self.assistant)
        return render.conversation(conversation, browse.titles(self.assistant), self.pages.of)


def _status(text: str) -> str:
    return render.fill("status.html", text=text)
