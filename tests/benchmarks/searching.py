"""What the vector part of a search costs as the index grows: time, recall, memory and disk, by Chroma as we set it."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ingest.embedding import Vectors
from ingest.index.reading import Index
from ingest.settings import Settings
from tests.benchmarks.measuring import Row, process, shown

#: As many as the assistant asks for.
COUNT, QUERIES = 100, 100
_SEARCH = """
import json, statistics, sys, time
from pathlib import Path
from tests.benchmarks.measuring import most_memory
import numpy as np
from ingest.index.vectors import VectorIndex
folder = Path(sys.argv[1])
rows, queries = np.load(folder / "rows.npy", mmap_mode="r"), np.load(folder / "queries.npy")
index = VectorIndex(folder / "generation")
started = time.perf_counter()
for first in range(0, len(rows), 5000):
    index.put("passages", [str(n) for n in range(first, min(first + 5000, len(rows)))], np.array(rows[first:first + 5000]))
build = time.perf_counter() - started
index.close()
index = VectorIndex(folder / "generation", writable=False)
index.nearest("passages", queries[:5], int(sys.argv[2]))
times, found = [], []
for query in queries:
    tries = []
    for _ in range(3):
        started = time.perf_counter(), time.process_time()
        near = index.nearest("passages", query[None], int(sys.argv[2]))[0]
        tries.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    times.append([min(t) for t in zip(*tries)])
    found.append([int(i) for i, _ in near[:10]])
disk = sum(p.stat().st_size for p in (folder / "generation").rglob("*") if p.is_file())
print(json.dumps({"build": build, "query": statistics.median(t[0] for t in times),
    "work": statistics.median(t[1] for t in times), "found": found, "disk": disk / 2**20,
    "memory": most_memory() / 2**10}))
"""


def searching(settings: Settings, sizes: tuple[int, ...]) -> Iterator[Row]:
    """The rows on search, with the real vectors of the index of ``settings``, and beyond their number drawn ones."""
    real, queries = _real(settings)
    rng = np.random.default_rng(0)
    real = real[rng.permutation(len(real))]
    first: tuple[int, float] | None = None
    for size in sizes:
        rows = real[:size] if size <= len(real) else np.concatenate([real, drawn(real, size - len(real), rng)])
        with tempfile.TemporaryDirectory() as scratch:
            np.save(Path(scratch) / "rows.npy", rows)
            np.save(Path(scratch) / "queries.npy", queries)
            got = json.loads(process("-c", _SEARCH, scratch, str(COUNT)))
        recall = _recall(rows, queries, got["found"])
        kind = "real" if size <= len(real) else f"{len(real):,} real, the rest drawn"
        ratio = ""
        if first is None:
            first = (size, got["work"])
        else:
            allowed = math.log(size) / math.log(first[0])
            ratio = f"processor time {got['work'] / first[1]:.2f} (logarithm {allowed:.2f})"
        yield Row(
            f"vector search in {size:,} ({kind})",
            f"{shown(got['query'])} ({shown(got['work'])} of processor time), recall@10 {recall:.3f}",
            f"built in {shown(got['build'])}, {got['memory']:.0f} MB at most, {got['disk']:.0f} MB on disk",
            ratio,
            "no faster than the logarithm; recall .98",
        )


def drawn(real: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Unit vectors that lie to real ones as those lie to each other, shape (count, d), float32.

    Each is a real vector turned in a random direction, by the median angle between a real vector and its nearest.
    """
    sample = real[:1000]
    near = sample @ real.T
    near[np.arange(len(sample)), np.arange(len(sample))] = -1
    cosine = float(np.median(near.max(1)))
    out = np.empty((count, real.shape[1]), np.float32)
    for first in range(0, count, 20_000):
        chosen = real[rng.integers(0, len(real), min(20_000, count - first))]
        noise = rng.normal(size=chosen.shape).astype(np.float32)
        noise -= (noise * chosen).sum(1, keepdims=True) * chosen
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        out[first : first + len(chosen)] = cosine * chosen + np.float32(math.sqrt(1 - cosine**2)) * noise
    return out


def _real(settings: Settings) -> tuple[Vectors, Vectors]:
    """Passages and sentences of readings, claims and questions as rows; questions of claims, not among them, as queries."""
    index = Index.open(settings.index)
    try:
        sentences = np.asarray(np.load(index.folder / "sentences.npy"), np.float32)
        asked = index.question_vectors[:: max(1, len(index.question_vectors) // QUERIES)][:QUERIES]
        held = np.ones(len(index.question_vectors), bool)
        held[:: max(1, len(index.question_vectors) // QUERIES)] = False
        passages = list(index.passage_vectors([p.id for p in index.store.passages()]).values())
        rows = np.concatenate(
            [*(v[None] for v in passages), sentences, index.claim_vectors, index.question_vectors[held]]
        )
    finally:
        index.close()
    rows = rows[np.linalg.norm(rows, axis=1) > 0.5]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), asked


def _recall(rows: Vectors, queries: Vectors, found: list[list[int]]) -> float:
    """The share of the exact ten nearest that was found; of equal cosines any counts."""
    exact = queries @ rows.T
    right = 0
    for cosines, near in zip(exact, found, strict=True):
        tenth = np.partition(cosines, -10)[-10]
        right += sum(cosines[i] >= tenth - 1e-6 for i in near)
    return right / (10 * len(queries))
