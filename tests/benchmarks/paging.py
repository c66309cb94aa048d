"""What the page costs: building it beside an empty one, and an answer through it beside the same from Python."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from assistant.answering import Assistant
from ingest.settings import Settings
from tests.benchmarks.asking import QUESTIONS
from tests.benchmarks.measuring import Pairs, Row, in_turn, process
from tests.conftest import waited

_EMPTY = """
with gr.Blocks(analytics_enabled=False) as blocks:
    pass
gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)
"""
_START = """
import time
started = time.perf_counter()
import gradio as gr
from fastapi import FastAPI
from assistant.answering import Assistant
from assistant.chat.serving import application
from assistant.programs import mcp
imported = time.perf_counter()
{}
print(time.perf_counter() - started - {})
"""
_OURS = """
from ingest.settings import Settings
assistant = Assistant.open(Settings.from_environment())
opened = time.perf_counter()
application(assistant)
"""


def paging(settings: Settings, rounds: int) -> Iterator[Row]:
    """The rows on the page, over the index of ``settings``."""
    from tests.assistant.chat.conftest import serving
    from tests.assistant.chat.crowd import Person, people

    yield _starting(settings)
    assistant = Assistant.open(settings)
    with serving(assistant) as address:
        person: Person = people(address, 1)[0]

        async def once() -> None:
            person.kept = {}
            async with httpx.AsyncClient(timeout=60) as session:
                await person.ask(session, QUESTIONS[0])

        pairs = in_turn([lambda: waited(once)], [lambda: list(assistant.stream(QUESTIONS[0]))], rounds)
        yield pairs.row("an answer through the page, first question to last word", "the same from Python", "")


def _starting(settings: Settings, rounds: int = 7) -> Row:
    """Imports and the building of the page in a process of its own, beside an empty page with the same imports."""
    environ = {"UNDERHOOD_HOME": str(settings.home)}
    times = {"ours": (_OURS, "(opened - imported)"), "empty": (_EMPTY, "0")}
    found: dict[str, list[float]] = {name: [] for name in times}
    for _ in range(rounds + 1):
        for name, (work, apart) in times.items():
            found[name].append(float(process("-c", _START.format(work, apart), environ=environ).split()[-1]))
    pairs = Pairs(tuple(found["ours"][1:]), tuple(found["empty"][1:]))  # the first reads the disk
    return pairs.row(
        "start the page: imports and building, opening the index not counted", "an empty page", "at most 1.5"
    )
