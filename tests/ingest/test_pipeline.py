"""Ingest as a whole (ingest/pipeline.py), with the real Chroma and files made here."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import CatalogueError, IndexBusy, NotesError, ReadingError, SettingsError
from ingest.index.generation import current, writer_lock
from ingest.index.reading import Index
from ingest.notes import parse_note
from ingest.pipeline import ingest, wanted_stamp
from ingest.settings import Settings
from ingest.wording import digest, norms, short_digest
from tests.conftest import CATALOGUE, NOTES, HashingEmbedder, write_corpus

PAGE = """# Walking Downhill

## Descent

Gradient descent walks downhill in small steps until the ground is flat. The hiker feels the slope with both feet.

## Momentum

A heavy ball keeps rolling through small dents of the ground. Its speed carries it over the flat parts.
"""
SENTENCE = "A heavy ball keeps rolling through small dents of the ground."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "readings"
    (folder / "doe-2001-descent").mkdir(parents=True)
    (folder / "doe-2001-descent" / "paper.md").write_text(PAGE)
    return folder


def opened(settings: Settings, embedder: HashingEmbedder) -> Index:
    return Index.open(settings.index, wanted_stamp(settings, embedder))


def test_notes_become_an_index(settings: Settings, embedder: HashingEmbedder):
    """Every claim and question is in the store, in Chroma and in BM25, and a second run writes nothing."""
    report = ingest(settings, embedder=embedder)
    assert report.published
    assert (report.counts["notes"], report.counts["claims"], report.counts["questions"]) == (3, 7, 15)
    index = opened(settings, embedder)
    assert [c.id for c in index.claims] == index.claim_words.ids
    assert index.claim_vectors.shape == (7, 256)
    assert index.question_vectors.shape == (15, 256)
    near = index.nearest("claims", embedder.encode(["What is momentum?"]), 1)[0][0]
    assert near[0].startswith("q:momentum-what:")
    assert near[1] == pytest.approx(1, abs=1e-4)
    index.close()
    before = current(settings.index)
    again = ingest(settings, embedder=embedder)
    assert not again.published
    assert current(settings.index) == before


def test_a_changed_note_changes_only_its_rows(settings: Settings, embedder: HashingEmbedder):
    """A reworded claim is found by its new words and no more by its old ones; the rest is as it was."""
    ingest(settings, embedder=embedder)
    note = settings.corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace("? Why use momentum?", "? What does inertia bring?"))
    assert ingest(settings, embedder=embedder).published
    index = opened(settings, embedder)
    questions = [q for c in index.claims for q in c.questions]
    assert "What does inertia bring?" in questions
    assert "Why use momentum?" not in questions
    assert np.allclose(index.question_vectors, embedder.encode(questions), atol=1e-6)
    found = index.nearest("claims", embedder.encode(["Why use momentum?"]), 1)[0][0]
    assert found[1] < 0.999
    index.close()


def test_a_removed_note_leaves_no_orphan(settings: Settings, embedder: HashingEmbedder):
    """A note that is gone takes its claims out of every part of the index."""
    ingest(settings, embedder=embedder)
    note = settings.corpus / "notes/concepts/momentum.md"
    note.unlink()
    report = ingest(settings, embedder=embedder)
    assert report.counts["claims"] == 4
    index = opened(settings, embedder)
    assert all(not c.id.startswith("momentum") for c in index.claims)
    assert all("momentum-" not in i for i, _ in index.nearest("claims", embedder.encode(["momentum"]), 50)[0])
    index.close()


def test_readings_are_taken_kept_and_forgotten(settings: Settings, embedder: HashingEmbedder, folder: Path):
    """What was brought is kept without its folder, and goes only when it is forgotten."""
    report = ingest(settings, readings=folder, embedder=embedder)
    assert report.taken == ["doe-2001-descent/paper.md"]
    assert report.counts["passages"] == 2
    shutil.rmtree(folder)
    with pytest.raises(ReadingError, match="no such folder"):
        ingest(settings, readings=folder, embedder=embedder)
    kept = ingest(settings, embedder=embedder)
    assert (kept.published, kept.unchanged) == (False, 1)
    index = opened(settings, embedder)
    assert {p.passage.heading for p in index.store.passages()} == {
        ("Walking Downhill", "Descent"),
        ("Walking Downhill", "Momentum"),
    }
    index.close()
    gone = ingest(settings, forget=["doe-2001-descent"], embedder=embedder)
    assert (gone.removed, gone.counts["passages"]) == (["doe-2001-descent/paper.md"], 0)
    assert not [p for p in settings.sources.iterdir() if len(p.name) == 64]
    with pytest.raises(ReadingError, match="Held are: none"):
        ingest(settings, forget=["doe-2001-descent"], embedder=embedder)


def test_anchors_find_their_sentence(settings: Settings, embedder: HashingEmbedder, folder: Path):
    """A claim's anchor resolves to the span of the reading that has its words, in any edition that has them."""
    (settings.corpus / "anchors" / "momentum.jsonl").write_text(anchor_on(SENTENCE))
    ingest(settings, readings=folder, embedder=embedder)
    index = opened(settings, embedder)
    (found,) = index.store.anchors("momentum-versus-descent")
    assert index.store.text(found.document, found.start, found.end) + "." == SENTENCE
    index.close()


def anchor_on(sentence: str) -> str:
    wanted = norms(sentence)
    anchor = {
        "claim": "momentum-versus-descent", "resource": "doe-2001-descent", "edition": "first", "locator": "sec. 3",
        "words": len(wanted), "sha256": digest(wanted), "start": short_digest(wanted), "normalisation": 1, "decided": "2026-11-24",
    }  # fmt: skip
    return json.dumps(anchor) + "\n"


def test_step_by_step_is_as_all_at_once(settings: Settings, embedder: HashingEmbedder, folder: Path, tmp_path: Path):
    """Readings added, changed and forgotten one after another, and anchors written last, leave the index of one fresh ingest."""
    doe = folder / "doe-2001-descent"
    (doe / "second.md").write_text(PAGE.replace("hiker", "walker"))
    ingest(settings, readings=folder, embedder=embedder)
    (doe / "paper.md").write_text(PAGE.replace("hiker", "climber"))
    (doe / "third.md").write_text("# Ponds\n\nA pond is a small lake. It freezes early in winter.")
    ingest(settings, readings=folder, embedder=embedder)
    (settings.corpus / "anchors" / "momentum.jsonl").write_text(anchor_on(SENTENCE))
    ingest(settings, embedder=embedder)
    fresh = replace(settings, home=tmp_path / "fresh")
    ingest(fresh, readings=folder, embedder=embedder)
    grown, whole = opened(settings, embedder), opened(fresh, embedder)
    assert grown.store.passages() == whole.store.passages()
    assert grown.passage_words.ids == whole.passage_words.ids
    for passage in whole.passage_words.ids:
        assert np.array_equal(grown.sentence_vectors(passage), whole.sentence_vectors(passage))
    assert np.array_equal(grown.passage_words.scores("small lake"), whole.passage_words.scores("small lake"))
    found = [sorted(map(astuple, i.store.anchors("momentum-versus-descent"))) for i in (grown, whole)]
    assert found[0] == found[1] != []
    grown.close()
    whole.close()


def test_one_bad_file_never_stops_the_others(settings: Settings, embedder: HashingEmbedder, folder: Path):
    """Broken, unknown, foreign and linked files are skipped with a reason each; the good one is taken."""
    doe = folder / "doe-2001-descent"
    (doe / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    (doe / "empty.md").write_bytes(b"")
    (doe / "sheet.xlsx").write_bytes(b"PK\x03\x04")
    (folder / "poe-1845").mkdir()
    (folder / "poe-1845" / "raven.md").write_text("Once upon a midnight dreary.")
    (folder.parent / "secret.md").write_text("secret")
    (doe / "link.md").symlink_to(folder.parent / "secret.md")
    os.mkfifo(doe / "pipe.md")
    report = ingest(settings, readings=folder, embedder=embedder)
    assert report.taken == ["doe-2001-descent/paper.md"]
    reasons = {s.name: s.reason for s in report.skipped}
    assert set(reasons) == {
        "doe-2001-descent/broken.pdf", "doe-2001-descent/empty.md", "doe-2001-descent/sheet.xlsx",
        "doe-2001-descent/link.md", "doe-2001-descent/pipe.md", "poe-1845/raven.md",
    }  # fmt: skip
    assert "out of the folder" in reasons["doe-2001-descent/link.md"]
    assert "no resource 'poe-1845'" in reasons["poe-1845/raven.md"]
    assert not ingest(settings, embedder=embedder).published


def test_odd_names_and_links_stop_nothing(settings: Settings, embedder: HashingEmbedder, folder: Path):
    """A name that is no text is kept in letters that can be shown; what lies astray, or behind a link, is told."""
    own, outside = folder / "doe-2001-descent", folder.parent / "outside"
    outside.mkdir()
    (outside / "far.md").write_text(PAGE)
    (own / "far").symlink_to(outside)
    (own / "gone.md").symlink_to("nowhere")
    (folder / "loose.md").write_text(PAGE)
    (own / "two\nlines\x1b[31m.md").write_text(PAGE)
    taken = ["doe-2001-descent/paper.md", "doe-2001-descent/two\ufffdlines\ufffd[31m.md"]
    if sys.platform == "linux":
        (own / os.fsdecode(b"caf\xe9.md")).write_text(PAGE)
        taken.append("doe-2001-descent/caf\ufffd.md")
    report = ingest(settings, readings=folder, embedder=embedder)
    assert sorted(report.taken) == sorted(taken)
    reasons = {s.name: s.reason for s in report.skipped}
    assert reasons["doe-2001-descent/far"] == "a link that leads out of the folder; skipped"
    assert "no folder named after a resource" in reasons["loose.md"]
    assert "doe-2001-descent/gone.md" in reasons
    assert not ingest(settings, readings=folder, embedder=embedder).published


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda c: (c / "catalogue.toml").write_text(CATALOGUE.replace("identity", "identify")), CatalogueError, "field identi"),
        (lambda c: (c / "notes/concepts/two.md").write_text(NOTES["concepts/momentum.md"]), NotesError, "is taken|one name"),
        (lambda c: (c / "notes/concepts/momentum.md").write_text(NOTES["concepts/momentum.md"].replace("@roe-2002", "@poe-2002")), NotesError, "poe-2002-slopes"),
        (lambda c: (c / "notes/concepts/momentum.md").write_text(NOTES["concepts/momentum.md"].replace("share of", "share " + "very " * 300 + "of")), NotesError, "words; 8 to 60"),
        (lambda c: (c / "anchors/x.jsonl").write_text("{}\n"), NotesError, "x.jsonl:1"),
    ],
)  # fmt: skip
def test_a_bad_corpus_is_refused_and_the_old_index_stays(
    settings: Settings, embedder: HashingEmbedder, change, error, says: str
):
    """A wrong catalogue or note is one line with its place; what was published is still there."""
    ingest(settings, embedder=embedder)
    before = current(settings.index)
    change(settings.corpus)
    with pytest.raises(error, match=says) as caught:
        ingest(settings, embedder=embedder)
    assert "\n" not in str(caught.value)
    assert current(settings.index) == before


def test_a_home_that_cannot_be_written_is_said(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A home under a file is refused by name, with what to do."""
    (tmp_path / "file").write_text("")
    bad = Settings(home=tmp_path / "file" / "home", corpus=settings.corpus)
    with pytest.raises(SettingsError, match="UNDERHOOD_HOME="):
        ingest(bad, embedder=embedder)


class FullDisk(HashingEmbedder):
    def encode(self, texts, progress=None):
        raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_index(settings: Settings, embedder: HashingEmbedder):
    """Where the disk is full the error says so, nothing half-made is left, and the old index answers."""
    ingest(settings, embedder=embedder)
    before = current(settings.index)
    note = settings.corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace("Why use momentum", "Why take momentum"))
    with pytest.raises(SettingsError, match="disk is full"):
        ingest(settings, embedder=FullDisk())
    assert current(settings.index) == before
    assert len(list(settings.index.glob("gen-*"))) == 1


def test_a_second_ingest_is_refused(settings: Settings, embedder: HashingEmbedder):
    """While one process builds, another is refused at once and told to wait."""
    with writer_lock(settings.index), pytest.raises(IndexBusy, match="Wait"):
        ingest(settings, embedder=embedder)


def _killed_while_building(home: Path, corpus: Path) -> None:
    note = corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace("Why use momentum", "Why take momentum"))
    ingest(
        Settings(home=home, corpus=corpus),
        embedder=HashingEmbedder(),
        before_publish=lambda: os.kill(os.getpid(), signal.SIGKILL),
    )


def test_a_kill_before_publishing_leaves_the_old_index(settings: Settings, embedder: HashingEmbedder):
    """After kill -9 in the middle the old generation answers, and the next run completes the work."""
    ingest(settings, embedder=embedder)
    before = current(settings.index)
    process = multiprocessing.get_context("spawn").Process(
        target=_killed_while_building, args=(settings.home, settings.corpus)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert current(settings.index) == before
    assert ingest(settings, embedder=embedder).published
    index = opened(settings, embedder)
    assert any("take momentum" in q for c in index.claims for q in c.questions)
    index.close()


@pytest.mark.long
def test_kills_at_random_moments_lose_nothing(settings: Settings, tmp_path: Path):
    """After each of 50 kills at random moments what was published is readable, and the last run completes."""
    import random
    import subprocess

    random.seed(7)
    embedder = HashingEmbedder()
    started = time.perf_counter()
    ingest(settings, embedder=embedder)
    code = (
        "from pathlib import Path; from tests.conftest import HashingEmbedder; from ingest.settings import Settings;"
        "from ingest.pipeline import ingest; import sys;"
        "ingest(Settings(home=Path(sys.argv[1]), corpus=Path(sys.argv[2])), embedder=HashingEmbedder())"
    )
    length = time.perf_counter() - started + 1.5
    for n in range(50):
        write_corpus(
            settings.corpus,
            {**NOTES, "concepts/momentum.md": NOTES["concepts/momentum.md"].replace("Why use", f"Why {n} use")},
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(settings.home), str(settings.corpus)], cwd=Path(__file__).parents[2]
        )
        time.sleep(random.uniform(0, length))
        process.kill()
        process.wait()
        index = Index.open(settings.index)
        assert len(index.claims) == 7
        index.close()
    ingest(settings, embedder=embedder)
    index = opened(settings, embedder)
    assert any("Why 49 use" in q for c in index.claims for q in c.questions)
    index.close()


def test_notes_of_the_fixture_are_good():
    """The fixture's notes parse, so that a failing test above means what it says."""
    assert all(parse_note(t, p).claims for p, t in NOTES.items())
