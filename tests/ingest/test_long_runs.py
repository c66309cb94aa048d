"""Long runs: ingest and questions together, kills at any moment, a server that dies under load. A small sample runs always."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering import Assistant
from ingest.errors import ChromaServerError
from ingest.index.generation import current
from ingest.index.generation import published as generation
from ingest.index.reading import Index
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.chroma_server import ChromaServer
from tests.conftest import NOTES, ROOT, HashingEmbedder, write_corpus

PAGE = "# Sloops\n\nA sloop is a sailing boat with one mast. Its jib is trimmed by a winch. Number {} was built last."
#: What another process runs: an ingest that takes in a folder of readings.
_INGEST = (
    "import sys; from pathlib import Path; from tests.conftest import HashingEmbedder; from ingest.settings import Settings;"
    "from ingest.pipeline import ingest; home, corpus, readings, url = sys.argv[1:];"
    "ingest(Settings(home=Path(home), corpus=Path(corpus), chroma_url=url or None), readings=Path(readings), embedder=HashingEmbedder())"
)


def change(settings: Settings, readings: Path, n: int) -> None:
    """The ``n``-th state of a note and of a reading: one question and one sentence are new, the former ones gone."""
    write_corpus(
        settings.corpus,
        {**NOTES, "concepts/momentum.md": NOTES["concepts/momentum.md"].replace("Why use", f"Why {n} use")},
    )
    folder = readings / "doe-2001-descent"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "paper.md").write_text(PAGE.format(n))


def state(settings: Settings) -> tuple[int, int]:
    """The number of the note and of the reading in the published index; every part of it is read and checked."""
    index = Index.open(settings.index, None, settings.chroma_url)
    try:
        (question,) = (
            q for c in index.claims for q in c.questions if q.startswith("Why ") and q.endswith(" use momentum?")
        )
        text = index.store.document("doe-2001-descent/paper.md")
        assert text is not None
        vector = HashingEmbedder().encode([question])
        row, cosine = index.nearest("claims", vector, 1)[0][0]
        assert (row.split(":")[1], round(cosine, 3)) == ("momentum-why", 1.0)
        assert len(index.nearest("claims", vector, 100)[0]) == len(index.claims) + len(index.question_owner)
        (passage,) = index.passages([i for i, _ in index.nearest("passages", vector, 100)[0]])
        assert len(index.sentence_vectors(passage.id)) == len(passage.passage.sentences)
        assert index.passage_words.ids == [passage.id]
        return int(question.split()[1]), int(text.text.split("Number ")[1].split()[0])
    finally:
        index.close()


def started(settings: Settings, readings: Path) -> subprocess.Popen[bytes]:
    """An ingest in a process of its own."""
    where = [str(settings.home), str(settings.corpus), str(readings), settings.chroma_url or ""]
    return subprocess.Popen([sys.executable, "-c", _INGEST, *where], cwd=ROOT, stderr=subprocess.DEVNULL)


def _moment(settings: Settings, process: subprocess.Popen[bytes], length: float, rng: random.Random) -> None:
    """Wait for the moment to kill: any in ``length``, or, every third time, just after publication, in the cleaning up."""
    if rng.random() < 2 / 3:
        time.sleep(length * rng.uniform(0.3, 1.05))  # before that Python is still importing
        return
    before = current(settings.index)
    while process.poll() is None and current(settings.index) == before:
        time.sleep(0.0005)
    time.sleep(rng.uniform(0, 0.01))


def killed(settings: Settings, readings: Path, kills: int, seed: int) -> None:
    """Kill an ingest ``kills`` times, at moments spread over its whole length; after each the old state is whole or the new one."""
    rng = random.Random(seed)
    change(settings, readings, 0)
    begun = time.perf_counter()
    assert started(settings, readings).wait(300) == 0
    length = time.perf_counter() - begun
    seen, published, rebuilt, unswept, rows = (0, 0), 0, 0, 0, 0
    for n in range(1, kills + 1):
        change(settings, readings, n)
        process = started(settings, readings)
        _moment(settings, process, length, rng)
        process.kill()
        process.wait()
        now = state(settings)
        assert now in (seen, (n, n))  # note and reading move together
        ever = generation(settings.index)[1].rows_ever_added
        published, rebuilt, rows = published + (now != seen), rebuilt + (ever < rows), ever
        unswept += len(list(settings.index.glob("gen-*"))) > 2
        seen = now
    print(f"{kills} kills: {published} found the new state, {rebuilt} of them rebuilt; {unswept} left more to sweep")
    change(settings, readings, kills + 1)
    ingest(settings, readings=readings, embedder=HashingEmbedder())
    assert state(settings) == (kills + 1, kills + 1)
    assert len(list(settings.index.glob("gen-*"))) <= 2


def test_three_kills_lose_nothing(settings: Settings, tmp_path: Path):
    """A small sample of what follows."""
    killed(settings, tmp_path / "readings", kills=3, seed=1)


@pytest.mark.long
def test_two_hundred_kills_lose_nothing(settings: Settings, tmp_path: Path):
    """200 times kill -9 over ingest, publication and the rebuilding of an index of mostly dead rows: no lost or half state."""
    killed(settings, tmp_path / "readings", kills=200, seed=int(os.environ.get("UNDERHOOD_SEED", "7")))


@contextmanager
def questions(settings: Settings, problems: list[Exception], threads: int = 2) -> Iterator[list[int]]:
    """Ask without pause from some threads; what was answered, and any error into ``problems``."""
    assistant, done, answered = Assistant.open(settings, embedder=HashingEmbedder()), threading.Event(), list[int]()

    def ask() -> None:
        while not done.is_set():
            try:
                assert assistant.ask("What is momentum?").text.startswith("Momentum adds")
                vector = HashingEmbedder().encode(["a sailing boat with one mast"])
                (near,) = assistant.index.nearest("passages", vector, 3)
                assert len(near) == 1
                answered.append(1)
            except Exception as error:
                problems.append(error)
                time.sleep(0.05)

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in asking:
        thread.start()
    try:
        yield answered
    finally:
        done.set()
        for thread in asking:
            thread.join()


def held(settings: Settings) -> tuple[int, int, int]:
    """Descriptors and MB of memory of this process (0 where there is no /proc), KB of the index on disk."""
    disk = sum(p.stat().st_size for p in settings.index.rglob("*") if p.is_file()) >> 10
    if not Path("/proc/self/statm").exists():
        return 0, 0, disk
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGE_SIZE") >> 20, disk


def soaked(settings: Settings, readings: Path, seconds: float) -> None:
    """Ingest and questions together, each publication sweeping generations that readers hold: all answered, nothing grows."""
    change(settings, readings, 0)
    ingest(settings, readings=readings, embedder=HashingEmbedder())
    problems: list[Exception] = []
    marks, n, until = list[tuple[int, int, int]](), 0, time.time() + seconds
    with questions(settings, problems) as answered:
        while time.time() < until or n < 4:
            n += 1
            change(settings, readings, n)
            ingest(settings, readings=readings, embedder=HashingEmbedder())
            marks.append(held(settings))
    thirds = [marks[round(share * (len(marks) - 1) / 3)] for share in range(4)]
    print(f"{n} publications, {len(answered)} answers; descriptors, MB, KB on disk at each third: {thirds}")
    assert {str(p) for p in problems} == set()
    assert answered
    early, late = marks[len(marks) // 4], marks[-1]
    assert late[0] <= early[0] + 40
    assert late[1] <= early[1] * 1.25 + 50
    assert late[2] <= early[2] * 1.5 + 2000


def test_a_short_soak(settings: Settings, tmp_path: Path):
    """A small sample of what follows."""
    soaked(settings, tmp_path / "readings", seconds=0)


@pytest.mark.long
def test_half_an_hour_of_questions_and_ingest(settings: Settings, tmp_path: Path):
    """30 minutes (or UNDERHOOD_SOAK seconds): descriptors, memory and disk stay flat, no question fails."""
    soaked(settings, tmp_path / "readings", seconds=float(os.environ.get("UNDERHOOD_SOAK", "1800")))


def shared(settings: Settings, readings: Path, folder: Path, rounds: int) -> None:
    """Two answering assistants and an ingest in a process of its own against one server that is killed in the middle of each round."""
    server = ChromaServer(folder)
    server.start()
    settings = replace(settings, chroma_url=server.url)
    change(settings, readings, 0)
    ingest(settings, readings=readings, embedder=HashingEmbedder())
    problems: list[Exception] = []
    try:
        with questions(settings, problems) as first, questions(settings, problems) as second:
            for n in range(1, rounds + 1):
                change(settings, readings, n)
                process = started(settings, readings)
                time.sleep(random.Random(n).uniform(0.5, 3))
                server.kill()
                time.sleep(0.5)
                server.start()
                assert process.wait(300) == 0  # it waits for the server and goes on
                before = len(first), len(second)
                deadline = time.time() + 60
                while (len(first) == before[0] or len(second) == before[1]) and time.time() < deadline:
                    time.sleep(0.1)
                assert len(first) > before[0]
                assert len(second) > before[1]
        assert {type(p) for p in problems} <= {ChromaServerError}
        assert state(settings) == (rounds, rounds)
    finally:
        server.kill()


def test_a_server_killed_once_under_load(settings: Settings, tmp_path: Path):
    """A small sample of what follows."""
    shared(settings, tmp_path / "readings", tmp_path / "chroma", rounds=1)


@pytest.mark.long
def test_a_server_killed_again_and_again_under_load(settings: Settings, tmp_path: Path):
    """Ten kills of the server: no wrong answer, errors only that name it, and all as it should be afterwards."""
    shared(settings, tmp_path / "readings", tmp_path / "chroma", rounds=10)
