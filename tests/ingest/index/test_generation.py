"""Publishing generations (ingest/index/generation.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import IndexBroken, IndexBusy, IndexMissing, IndexOutdated
from ingest.index.generation import Manifest, Stamp, begin, current, publish, published, sweep, writer_lock

STAMP = Stamp(1, "model@1", "recipes", "corpus-a")


def make(index: Path, name: str) -> Path:
    with writer_lock(index):
        folder = begin(index, current(index))
        (folder / "data").write_text(name)
        publish(index, folder, Manifest(folder.name, "now", STAMP, {"claims": 1}, 1))
    return folder


def test_what_is_published_is_found(tmp_path: Path):
    """Readers find the newest published generation, with its manifest."""
    make(tmp_path, "one")
    second = make(tmp_path, "two")
    folder, manifest = published(tmp_path, STAMP)
    assert folder == second
    assert (folder / "data").read_text() == "two"
    assert manifest.counts == {"claims": 1}


def test_no_index_is_said(tmp_path: Path):
    """Where nothing is published, the error names the command."""
    with pytest.raises(IndexMissing, match="underhood ingest"):
        published(tmp_path)


@pytest.mark.parametrize(
    ("stamp", "says"),
    [
        (Stamp(1, "model@1", "recipes", "corpus-b"), "notes or the catalogue changed"),
        (Stamp(1, "model@2", "recipes", "corpus-a"), "another version or model"),
        (Stamp(2, "model@1", "recipes", "corpus-a"), "another version or model"),
    ],
)
def test_another_stamp_is_out_of_date(tmp_path: Path, stamp: Stamp, says: str):
    """An index made from other notes, by another model or version is refused with the reason."""
    make(tmp_path, "one")
    with pytest.raises(IndexOutdated, match=says):
        published(tmp_path, stamp)


def test_an_unpublished_folder_is_never_seen(tmp_path: Path):
    """A build that was killed before its rename leaves the old generation, and is swept by the next build."""
    first = make(tmp_path, "one")
    half = begin(tmp_path, first)
    (half / "data").write_text("half")
    assert current(tmp_path) == first
    make(tmp_path, "two")
    assert not half.exists()


def test_old_generations_go(tmp_path: Path):
    """The published one and its predecessor stay, older ones go."""
    folders = [make(tmp_path, str(n)) for n in range(4)]
    assert [f.exists() for f in folders] == [False, False, True, True]
    sweep(tmp_path, keep=1)
    assert [f.exists() for f in folders] == [False, False, False, True]


def test_one_writer_at_a_time(tmp_path: Path):
    """A second writer is refused at once."""
    with writer_lock(tmp_path), pytest.raises(IndexBusy, match="another process"), writer_lock(tmp_path):
        pass


def test_a_damaged_manifest_is_said(tmp_path: Path):
    """A manifest that is not ours is an error with what to do, not a crash."""
    folder = make(tmp_path, "one")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(IndexBroken, match="underhood ingest"):
        published(tmp_path)
