"""``make bench``: what asking costs, as ratios against the bare work it rests on, measured in turn in one run.

Prints a table of medians with their spread; judges nothing. Times on shared machines are noisy, ratios less so.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from assistant.answering import Assistant
from ingest.embedding import SentenceTransformerEmbedder
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import waited

QUESTIONS = [
    "What is batch normalization?",
    "are gradient descent and backprop the same thing?",
    "How does stride affect convolutions?",
    "What is the difference between an LSTM and a GRU?",
    "Why do vanishing gradients happen and how are they avoided?",
    "Who won the world cup?",
]
BARE = "import sentence_transformers; from ingest.embedding import SentenceTransformerEmbedder as E; E().encode(['x'])"


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(name: str, work: Callable[[], object], against: Callable[[], object], rounds: int) -> str:
    """A row of the table: both in turn, ``rounds`` times, and the ratio pair by pair."""
    work(), against()
    pairs = [(seconds(work), seconds(against)) for _ in range(rounds)]
    ratios = sorted(a / b for a, b in pairs)
    return (
        f"| {name} | {1000 * statistics.median(a for a, _ in pairs):.1f} | {1000 * statistics.median(b for _, b in pairs):.1f} "
        f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
    )


def page(assistant: Assistant) -> Iterator[str]:
    """What the page costs: building it, and the first words through it."""
    import gradio as gr
    from fastapi import FastAPI

    from assistant.chat.serving import application
    from tests.assistant.chat.conftest import serving
    from tests.assistant.chat.test_many_people import Person, people

    def empty() -> None:
        with gr.Blocks(analytics_enabled=False) as blocks:
            pass
        gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)

    yield paired("build the page / an empty Gradio page", lambda: application(assistant), empty, 7)
    with serving(assistant) as address:
        person: Person = people(address, 1)[0]

        def first_words() -> None:
            person.kept = {}
            waited(lambda: once(person))

        async def once(one: Person) -> None:
            async with httpx.AsyncClient(timeout=60) as session:
                await one.ask(session, QUESTIONS[0])

        yield paired(
            "an answer through the page / from Python", first_words, lambda: list(assistant.stream(QUESTIONS[0])), 15
        )


def main() -> None:
    """Build a fresh index of our own corpus and measure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home, corpus=Settings.from_environment({}).corpus)
        embedder = SentenceTransformerEmbedder()
        took = seconds(lambda: ingest(settings, embedder=embedder))
        again = seconds(lambda: ingest(settings, embedder=embedder))
        assistant = Assistant.open(settings, embedder=embedder)
        count = len(assistant.index.claims)
        print(f"First ingest of {count} claims: {took:.1f} s; again, nothing changed: {again:.2f} s\n")
        print("| work | its ms | against ms | ratio, median | spread |\n|---|---|---|---|---|")
        for question in QUESTIONS:
            print(
                paired(
                    f"ask “{question}” / embed it",
                    lambda q=question: assistant.ask(q),
                    lambda q=question: embedder.encode([q]),
                    15,
                )
            )
        for row in page(assistant):
            print(row)
        environ = {**os.environ, "UNDERHOOD_HOME": str(home)}
        cold = [sys.executable, "-m", "assistant.cli", "ask", QUESTIONS[0]]
        bare = [sys.executable, "-c", BARE]
        run = {"env": environ, "check": True, "stdout": subprocess.DEVNULL}
        print(
            paired(
                "`underhood ask`, whole process / load the model",
                lambda: subprocess.run(cold, **run),
                lambda: subprocess.run(bare, **run),
                3,
            )
        )


if __name__ == "__main__":
    main()
