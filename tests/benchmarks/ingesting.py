"""What taking in readings costs: at first against a bare ``encode`` of the same texts, then when little or nothing changed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ingest.index.reading import Index
from ingest.settings import Settings
from tests.benchmarks.measuring import ROOT, Row, process, shown, skipped

_INGEST = """
import json, sys, time
from pathlib import Path
from tests.benchmarks.measuring import most_memory
from ingest.pipeline import ingest
from ingest.settings import Settings
s = Settings(home=Path(sys.argv[1]), corpus=Path(sys.argv[2]))
started = time.perf_counter()
report = ingest(s, readings=Path(sys.argv[3]) if sys.argv[3] else None)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "passages": report.counts["passages"], "taken": len(report.taken),
    "published": report.published, "memory": most_memory() / 2**20}))
"""
_BARE = """
import json, sys, time
import torch
from sentence_transformers import SentenceTransformer
from ingest.embedding import _computes_bfloat16, packaged_model
texts = json.load(open(sys.argv[1]))
model = SentenceTransformer(str(packaged_model()), local_files_only=True)
if _computes_bfloat16():
    model = model.to(torch.bfloat16)
model.encode(texts[:8])
started = time.perf_counter()
model.encode(texts, show_progress_bar=False, convert_to_numpy=False)
print(json.dumps({"seconds": time.perf_counter() - started}))
"""


def first_ingest(readings: Path | None) -> Iterator[Row]:
    """The rows on taking in a folder of readings from nothing.

    Against a bare ``encode`` of the same texts; the catalogue without notes, so that the readings alone are embedded.
    """
    if readings is None:
        yield skipped("first ingest of readings", "the readings are not beside the checkout", "at least 0.9")
        return
    with tempfile.TemporaryDirectory() as scratch:
        corpus, home = _without_notes(Path(scratch)), Path(scratch) / "first"
        first = _run(home, corpus, readings)
        texts = _texts(Settings(home=home, corpus=corpus))
        (Path(scratch) / "texts.json").write_text(json.dumps(texts))
        bare = json.loads(process("-c", _BARE, str(Path(scratch) / "texts.json")))
    yield Row(
        f"first ingest of {first['taken']} readings, {first['passages']:,} passages",
        f"{first['passages'] / first['seconds']:.1f} passages/s ({shown(first['seconds'])})",
        f"bare `encode` of the same {len(texts):,} passages and sentences {shown(bare['seconds'])}",
        f"{bare['seconds'] / first['seconds']:.2f}", "at least 0.9",
    )  # fmt: skip
    yield Row("memory of the first ingest", f"{first['memory']:.2f} GB", target="at most 1.5 GB")


def _without_notes(scratch: Path) -> Path:
    """A corpus of the catalogue alone."""
    corpus = scratch / "corpus"
    (corpus / "notes").mkdir(parents=True)
    shutil.copy(ROOT / "corpus" / "catalogue.toml", corpus)
    return corpus


def ingest_again(readings: Path | None, built: Settings) -> Iterator[Row]:
    """The rows on ingest over a copy of the index of ``built``, when little or nothing changed."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        shutil.copytree(built.home, home)
        _run(home, ROOT / "corpus", None)
        same = _run(home, ROOT / "corpus", None)
        yield Row("ingest again, nothing changed", shown(same["seconds"]), "imports not counted", target="at most 2 s")
        if readings is not None:
            yield _one_changed(home, readings, Path(scratch))


def _one_changed(home: Path, readings: Path, scratch: Path) -> Row:
    work = "ingest again, one small file changed"
    page = min(readings.glob("*/*.md"), key=lambda p: p.stat().st_size, default=None)
    if page is None:
        return skipped(work, "no Markdown file among the readings to change")
    changed = scratch / "changed" / page.parent.name / page.name
    changed.parent.mkdir(parents=True)
    changed.write_text(page.read_text("utf-8") + "\n\nA sentence that was not here before.\n", "utf-8")
    report = _run(home, ROOT / "corpus", scratch / "changed")
    size = f"an index of {report['passages']:,} passages"
    return Row(work, shown(report["seconds"]), f"most of it in proportion to {size}: copy, words, checks")


def _run(home: Path, corpus: Path, readings: Path | None) -> dict[str, float]:
    found: dict[str, float] = json.loads(process("-c", _INGEST, str(home), str(corpus), str(readings or "")))
    return found


def _texts(settings: Settings) -> list[str]:
    """All passages and sentences of an index, as they were embedded."""
    index = Index.open(settings.index)
    found: list[str] = []
    for stored in index.store.passages():
        document = index.store.document(stored.document)
        assert document is not None
        passage, sentences = stored.passage.embedded(document.text)
        found += [passage, *(passage[start:end] for start, end in sentences)]
    index.close()
    return found


def profile_of_an_ingest(readings: Path | None) -> str:
    """Where the time of an ingest of one resource's readings goes, as text."""
    import cProfile
    import io
    import pstats

    from ingest.pipeline import ingest

    with tempfile.TemporaryDirectory() as scratch:
        profile = cProfile.Profile()
        started = time.perf_counter()
        settings = Settings(home=Path(scratch) / "home", corpus=_without_notes(Path(scratch)))
        only = sorted(p.name for p in readings.iterdir() if p.is_dir())[:1] if readings else []
        report = profile.runcall(ingest, settings, readings=readings, only=only)
        took = time.perf_counter() - started
    out = io.StringIO()
    pstats.Stats(profile, stream=out).strip_dirs().sort_stats("tottime").print_stats(25)
    return f"{asdict(report)['counts']} in {took:.1f} s\n{out.getvalue()}"
