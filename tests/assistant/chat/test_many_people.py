"""A class on one server: people who ask at the same time get their own answers, soon, and memory stays flat."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client.utils import apply_diff

from assistant.answering import Assistant
from tests.assistant.chat.conftest import serving
from tests.conftest import waited

QUESTIONS = ("What is momentum?", "Why use momentum?", "What is gradient descent?", "Who won the world cup?")


@dataclass
class Person:
    """A tab without a browser: a session, its conversation, and how long it waited for the first words."""

    address: str
    act: int
    store: int
    session: str = field(default_factory=lambda: uuid.uuid4().hex[:11])
    kept: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    async def ask(self, client: httpx.AsyncClient, question: str) -> None:
        """Ask as the page does, and keep the conversation as the page does."""
        self.asked.append(question)
        started = time.perf_counter()
        body = {
            "data": [self.kept, []],
            "event_data": {"question": question},
            "fn_index": self.act,
            "session_hash": self.session,
        }
        joined = await client.post(f"{self.address}/gradio_api/queue/join", json=body)
        joined.raise_for_status()
        state: list[Any] | None = None
        words = False
        url = f"{self.address}/gradio_api/queue/data?session_hash={self.session}"
        async with client.stream("GET", url) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_generating":
                    data = message["output"]["data"]
                    state = data if state is None else [apply_diff(a, d) for a, d in zip(state, data, strict=True)]
                    if (not words and 'class="statement' in str(state)) or 'class="reason"' in str(state):
                        words = True
                        self.waits.append(time.perf_counter() - started)
                if message.get("msg") == "process_completed":
                    assert message["success"], message
                    break
        assert state is not None
        self.kept = state[self.store]


def people(address: str, count: int) -> list[Person]:
    """So many people at a page: which of its functions answers, and which output is the conversation."""
    config = httpx.get(f"{address}/config", timeout=60).json()
    ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
    act = next(d for d in config["dependencies"] if [ids["bridge"], "ask"] in [list(t) for t in d["targets"]])
    return [Person(address, act["id"], act["outputs"].index(ids["store"])) for _ in range(count)]


def crowd(address: str, count: int, seconds: float, every: float) -> list[Person]:
    """So many people, each asking every so many seconds, not all at the same moment."""
    everybody = people(address, count)

    async def one(number: int, person: Person, client: httpx.AsyncClient) -> None:
        begun = time.perf_counter() + every * number / count
        turn = 0
        while (due := begun + turn * every) - begun < seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await person.ask(client, f"{QUESTIONS[(number + turn) % 4]}")
            turn += 1

    async def run() -> None:
        async with httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=200)) as client:
            await asyncio.gather(*(one(n, p, client) for n, p in enumerate(everybody)))

    waited(run)
    return everybody


def memory_mb() -> float:
    """Resident memory of this process, which serves the page."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def check(everybody: list[Person]) -> None:
    for person in everybody:
        assert [t["question"] for t in person.kept["turns"]] == person.asked
        assert all(t["answer"] for t in person.kept["turns"])


def test_five_people_at_once_do_not_mix(held: Assistant) -> None:
    """Each gets the answers to their own questions, in order."""
    with serving(held) as address:
        check(crowd(address, 5, seconds=2, every=1))


@pytest.mark.long
def test_fifty_people_for_a_minute(held: Assistant, capsys: pytest.CaptureFixture[str]) -> None:
    """Fifty people, each asking every ten seconds: no error, nothing mixed, the first words of nineteen in twenty
    within five times what one person alone waits for them, memory flat after the first rounds."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    with serving(held) as address:
        crowd(address, 10, seconds=10, every=5)
        alone = crowd(address, 1, seconds=20, every=2)
        before = memory_mb()
        everybody = crowd(address, 50, seconds=60, every=10)
        after = memory_mb()
    check(everybody)
    single = statistics.median(alone[0].waits)
    p95 = statistics.quantiles([w for p in everybody for w in p.waits], n=20)[-1]
    asked = sum(len(p.asked) for p in everybody)
    with capsys.disabled():
        print(
            f"\n{asked} answers; first words alone {single:.2f} s, p95 {p95:.2f} s; memory {before:.0f} to {after:.0f} MB"
        )
    assert asked == 300
    assert p95 <= 5 * single
    assert after - before < 60
