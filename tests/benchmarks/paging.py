"""What the page costs: building it beside an empty one, and an answer through it beside the same from Python."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from assistant.answering import Assistant
from ingest.settings import Settings
from tests.benchmarks.asking import QUESTIONS
from tests.benchmarks.measuring import Row, in_turn
from tests.conftest import waited


def paging(settings: Settings, rounds: int) -> Iterator[Row]:
    """The rows on the page, over the index of ``settings``."""
    import gradio as gr
    from fastapi import FastAPI

    from assistant.chat.serving import application
    from tests.assistant.chat.conftest import serving
    from tests.assistant.chat.test_many_people import Person, people

    assistant = Assistant.open(settings)

    def empty() -> None:
        with gr.Blocks(analytics_enabled=False) as blocks:
            pass
        gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)

    building = in_turn([lambda: application(assistant)], [empty], 7)
    yield building.row("build the page", "an empty Gradio page", "at most 1.5")
    with serving(assistant) as address:
        person: Person = people(address, 1)[0]

        async def once() -> None:
            person.kept = {}
            async with httpx.AsyncClient(timeout=60) as session:
                await person.ask(session, QUESTIONS[0])

        pairs = in_turn([lambda: waited(once)], [lambda: list(assistant.stream(QUESTIONS[0]))], rounds)
        yield pairs.row("an answer through the page, first question to last word", "the same from Python", "")
