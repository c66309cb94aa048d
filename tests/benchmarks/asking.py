"""What a question costs: warm against one embedding of it, cold against loading the model, fifty at once."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from assistant.answering import Assistant
from ingest.embedding import SentenceTransformerEmbedder, packaged_model
from ingest.settings import Settings
from tests.benchmarks.measuring import Row, in_turn, percentile, process, seconds, shown

QUESTIONS = (
    "What is batch normalization?",
    "are gradient descent and backprop the same thing?",
    "How does stride affect convolutions?",
    "What is the difference between an LSTM and a GRU?",
    "Why do vanishing gradients happen and how are they avoided?",
    "explain dropout",
    "what is the bellman equation",
    "Who won the world cup?",
)
_LOAD = (
    "import sentence_transformers, sys; sentence_transformers.SentenceTransformer(sys.argv[1], local_files_only=True)"
)


def asking(settings: Settings, rounds: int) -> Iterator[Row]:
    """The rows on questions, over the index of ``settings``."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged_model()), local_files_only=True)
    embedder = SentenceTransformerEmbedder()
    assistant = Assistant.open(settings, embedder=embedder)
    counts = assistant.index.manifest.counts
    size = f"{counts['passages']:,} passages, {counts['claims']:,} claims, {counts['questions']:,} questions"
    asked = [partial(assistant.ask, q) for q in QUESTIONS]
    bare = [partial(model.encode, [q]) for q in QUESTIONS]
    pairs = in_turn(asked, bare, rounds)
    yield pairs.row(f"warm answer ({size})", "one `encode` of the question", "at most 1.5")
    middle = statistics.median(pairs.against)
    worst = percentile(pairs.ours, 0.95)
    against = f"one `encode`, median {shown(middle)}"
    yield Row("warm answer, 95th percentile", shown(worst), against, f"{worst / middle:.2f}", "at most 3")
    own = in_turn(asked, [partial(embedder.encode, [q]) for q in QUESTIONS], rounds)
    yield own.row("warm answer", "our own embedding of the question", "")
    yield from _fifty(assistant)
    yield _cold(settings)


def _fifty(assistant: Assistant) -> Iterator[Row]:
    fifty = [f"{q} ({n})" for n in range(7) for q in QUESTIONS][:50]
    taken: list[float] = []

    def timed(question: str) -> None:
        taken.append(seconds(partial(assistant.ask, question)))

    with ThreadPoolExecutor(50) as pool:
        pairs = in_turn([lambda: list(pool.map(timed, fifty))], [lambda: [assistant.ask(q) for q in fifty]], 5)
    yield pairs.row(f"50 questions at once, all answered (slowest of all {shown(max(taken))})", "one after another", "")


def _cold(settings: Settings, rounds: int = 3) -> Row:
    environ = {"UNDERHOOD_HOME": str(settings.home)}
    ask = partial(process, "-m", "assistant.cli", "ask", QUESTIONS[0], environ=environ)
    load = partial(process, "-c", _LOAD, str(packaged_model()))
    pairs = in_turn([ask], [load], rounds)
    return pairs.row("`underhood ask`, whole process", "importing sentence_transformers and loading", "at most 1.3")
