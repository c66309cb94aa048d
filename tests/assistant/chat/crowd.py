"""People without browsers who ask the page, as many and as long as one likes, and what that costs the server.

    python -m tests.assistant.chat.crowd HOME CORPUS MINUTES [PEOPLE]

serves the page of a home in a process of its own, lets people ask every ten seconds, and prints memory, descriptors
and threads each minute. Half of the people stay; the other half go after some questions, and somebody new comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from gradio_client.utils import apply_diff

from tests.conftest import ROOT, waited

QUESTIONS = ("What is momentum?", "Why use momentum?", "What is gradient descent?", "Who won the world cup?")
#: Questions that somebody asks who goes again.
A_VISIT = 12


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

    async def stay(self, client: httpx.AsyncClient) -> None:
        """Open the page, and hold the connection by which the server knows that somebody is there."""
        (await client.get(self.address)).raise_for_status()
        url = f"{self.address}/gradio_api/heartbeat/{self.session}"
        async with client.stream("GET", url, timeout=None) as stream:
            async for _ in stream.aiter_lines():
                pass


def people(address: str, count: int) -> list[Person]:
    """So many people at a page: which of its functions answers, and which output is the conversation."""
    config = httpx.get(f"{address}/config", timeout=60).json()
    ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
    act = next(d for d in config["dependencies"] if [ids["bridge"], "ask"] in [list(t) for t in d["targets"]])
    return [Person(address, act["id"], act["outputs"].index(ids["store"])) for _ in range(count)]


def crowd(
    address: str,
    count: int,
    seconds: float,
    every: float,
    *,
    questions: Sequence[str] = QUESTIONS,
    visit: int | None = None,
) -> list[Person]:
    """So many people, each asking every so many seconds, not all at the same moment; the last ones of each.

    With ``visit`` every other one goes after so many questions, and somebody new takes the place.
    """
    everybody = people(address, count)

    async def one(number: int, client: httpx.AsyncClient) -> None:
        begun = time.perf_counter() + every * number / count
        turn, here = 0, None
        while (due := begun + turn * every) - begun < seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if visit and (turn == 0 or (number % 2 and turn % visit == 0)):
                if here:
                    here.cancel()
                everybody[number] = replace(
                    everybody[number], session=uuid.uuid4().hex[:11], kept={}, asked=[], waits=[]
                )
                here = asyncio.create_task(everybody[number].stay(client))
            await everybody[number].ask(client, questions[(number * count + number + turn) % len(questions)])
            turn += 1
        if here:
            here.cancel()

    async def run() -> None:
        async with httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=200)) as client:
            await asyncio.gather(*(one(n, client) for n in range(count)))

    waited(run)
    return everybody


def memory_mb(process: int | str = "self") -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True)
class Sight:
    """A process at one moment: minutes since the first, memory in MB, open descriptors, threads."""

    minute: float
    memory: float
    descriptors: int
    threads: int


def watched(process: int, every: float, over: Callable[[], bool]) -> Iterator[Sight]:
    """A sight of a process every so many seconds, until it is over."""
    begun = time.monotonic()
    while not over():
        time.sleep(every)
        proc = Path(f"/proc/{process}")
        counts = [sum(1 for _ in (proc / kind).iterdir()) for kind in ("fd", "task")]
        yield Sight((time.monotonic() - begun) / 60, memory_mb(process), *counts)


def slope(sights: Sequence[Sight]) -> float:
    """By how many MB a minute memory grows: the line of least squares."""
    return statistics.linear_regression([s.minute for s in sights], [s.memory for s in sights]).slope


@contextlib.contextmanager
def served(home: Path, corpus: Path, *more: str) -> Iterator[tuple[str, int]]:
    """The page of a home as a process of its own (tests/assistant/chat/serve.py); its address and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.assistant.chat.serve", str(home), str(corpus), str(port), *more]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        deadline = time.monotonic() + 900  # a busy machine starts slowly
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/underhood-parts/alive", timeout=5)
                break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait(20)


def soak(
    address: str,
    process: int,
    minutes: float,
    count: int,
    *,
    every: float = 10,
    look: float = 60,
    questions: Sequence[str] = QUESTIONS,
) -> list[Sight]:
    """A crowd of comers and goers for so many minutes; a sight of the server every ``look`` seconds."""
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(crowd, address, count, 60 * minutes, every, questions=questions, visit=A_VISIT)
        sights = []
        for sight in watched(process, look, work.done):
            print(sight, flush=True)
            sights.append(sight)
        work.result()
    return sights


def own_questions(corpus: Path) -> list[str]:
    """The questions of a corpus's own bank."""
    lines = [
        line for path in sorted(corpus.glob("questions/bank-*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    return [json.loads(line)["question"] for line in lines if line.strip()]


if __name__ == "__main__":
    with served(Path(sys.argv[1]), Path(sys.argv[2]), "--model") as (_address, _process):
        _count = int(sys.argv[4]) if len(sys.argv) > 4 else 20
        _sights = soak(_address, _process, float(sys.argv[3]), _count, questions=own_questions(Path(sys.argv[2])))
        print(f"memory grows by {slope(_sights[len(_sights) // 2 :]):.2f} MB a minute in the second half")
