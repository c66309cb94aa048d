"""One answer, however it is asked: Python, page, command line, MCP, REST; and many programs at once."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from mcp.client.client import Client
from typer.testing import CliRunner

from assistant.answering import Assistant
from assistant.chat.serving import application
from assistant.chat.talking import talk
from assistant.cli import app
from assistant.pacing import Pace
from assistant.programs.mcp import server
from assistant.programs.service import Service, read_asked
from ingest.settings import Settings
from tests.assistant.programs.test_mcp import address  # noqa: F401 (fixture)
from tests.conftest import ROOT, waited

QUESTIONS = [
    "What is batch normalization?",
    "are gradient descent and backprop the same thing?",
    "How does stride affect convolutions?",
    "Should I use convnets or RNNs on text?",
    "What is the output shape after a convolution?",
    "What happens when I call T.grad in Theano?",
    "Who won the world cup?",
    "wat is dropout",
    "What is Q-learning and how does it differ from SARSA?",
    "Why do vanishing gradients happen?",
    "adam vs sgd",
    "Explain LSTMs.",
    "What is a GAN?",
    "Is the Hessian always symmetric?",
    "What is LoRA?",
    "how do I choose the learning rate",
    "What does 1x1 convolution do?",
    "What is backpropagation through time, and when does it fail?",
    "¿Qué es una red neuronal?",
    "describe Monte Carlo tree search",
]


def plain(answer: Any) -> Any:
    """An answer's JSON without what differs from run to run."""
    return {k: v for k, v in json.loads(json.dumps(answer)).items() if k != "timings_ms"}


def test_the_same_answer_from_every_side(real: Assistant):
    """Python, page, MCP and REST give the very same JSON for twenty questions."""
    wanted = [plain(real.ask(q).to_json()) for q in QUESTIONS]
    page = [list(talk(real, [], q))[-1].to_json()["answer"] for q in QUESTIONS]
    assert [plain(a) for a in page] == wanted
    with TestClient(application(real), base_url="http://localhost") as client:
        rest = [client.post("/ask", json={"question": q}).json() for q in QUESTIONS]
    assert [plain(a) for a in rest] == wanted

    async def by_mcp() -> list[Any]:
        async with Client(server(Service(real))) as client:
            return [(await client.call_tool("ask", {"question": q})).structured_content for q in QUESTIONS]

    assert [plain(a) for a in waited(by_mcp)] == wanted


@pytest.mark.parametrize("questions", [QUESTIONS[:1], pytest.param(QUESTIONS[1:], marks=pytest.mark.long)])
def test_the_command_line_says_it_too(real: Assistant, real_settings: Settings, questions: list[str]):
    """``underhood ask --json`` prints that JSON."""
    env = {"UNDERHOOD_HOME": str(real_settings.home), "UNDERHOOD_CORPUS": str(ROOT / "corpus")}
    for question in questions:
        done = CliRunner().invoke(app, ["ask", question, "--json"], env=env)
        assert plain(json.loads(done.stdout)) == plain(real.ask(question).to_json())


def test_a_caller_that_hangs_up_frees_its_work(small: Assistant):
    """The stream of a caller that is gone is closed, and its place is free for the next."""

    async def go() -> None:
        pieces = Service(small).stream(read_asked({"question": "What is momentum?"}))
        await anext(pieces)
        await pieces.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)

    waited(go)


@pytest.mark.long
def test_fifty_programs_at_once(small: Assistant, address: str, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """Fifty clients for sixty seconds: no error, no answer to somebody else's question, memory bounded."""
    monkeypatch.setattr(Pace, "wait", lambda self, session: 0)  # one address stands for fifty here
    before, ends = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic() + 60
    words = ["What is momentum?", "What is gradient descent?", "Why use momentum?", "Who won the world cup?"]
    wanted = {q: small.ask(q).text for q in words}

    async def one(number: int, client: httpx.AsyncClient) -> int:
        done = 0
        while time.monotonic() < ends:
            question = words[(number + done) % len(words)]
            response = await client.post(f"{address}/ask", json={"question": question})
            assert response.status_code == 200, response.text
            assert response.json()["text"] == wanted[question]
            done += 1
        return done

    async def go() -> int:
        async with httpx.AsyncClient(timeout=60) as client:
            return sum(await asyncio.gather(*(one(n, client) for n in range(50))))

    done = waited(go)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{done} answers, {grown:.0f} MB more at the peak, {os.cpu_count()} cores")
    assert done > 500
    assert grown < 300
