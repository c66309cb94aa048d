"""Generations: immutable states of the index, published whole by one atomic rename.

``UNDERHOOD_HOME/index/`` holds folders ``gen-…`` and a file ``CURRENT`` that names the published one. A
builder takes the one writer lock, copies the current generation, changes the copy, checks it and then moves
``CURRENT``. A kill at any moment leaves the old state or the new one; readers keep what they opened.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from ingest.errors import ChromaServerError, IndexBroken, IndexBusy, IndexMissing, IndexOutdated

BUILD = "Run: underhood ingest"
#: Removes what a generation, by its name, has outside its folder.
Forget = Callable[[str], None]


def nothing(_generation: str) -> None:
    """Forget for generations that lie whole in their folder."""


@dataclass(frozen=True)
class Stamp:
    """What an index was made with. Another stamp means the index must be rebuilt; another corpus, brought up to date."""

    schema: int
    embedder: str
    recipes: str
    corpus: str = ""
    vectors: Literal["here", "server"] = "here"

    def same_recipe(self, other: Stamp) -> bool:
        """Whether rows of the one can stand beside rows of the other."""
        return replace(self, corpus="") == replace(other, corpus="")


@dataclass(frozen=True)
class Manifest:
    """What is known of a generation without opening it."""

    name: str
    created: str
    stamp: Stamp
    counts: dict[str, int] = field(default_factory=dict)
    rows_ever_added: int = 0

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """The manifest in a generation's folder. Raises IndexBroken where it is absent or not ours."""
        try:
            raw: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
            return cls(**{**raw, "stamp": Stamp(**raw["stamp"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IndexBroken(f"the manifest is unreadable ({error})", where=str(folder), todo=BUILD) from error


def current(index: Path) -> Path | None:
    """The folder of the published generation, or None."""
    try:
        name = (index / "CURRENT").read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IndexBroken(f"CURRENT is unreadable ({error.strerror})", where=str(index)) from error
    folder = index / name
    return folder if name.startswith("gen-") and folder.is_dir() else None


def published(index: Path, wanted: Stamp | None = None, *, any_corpus: bool = False) -> tuple[Path, Manifest]:
    """The published generation and its manifest.

    Raises IndexMissing where there is none, IndexOutdated where ``wanted`` differs from its stamp; ``any_corpus``
    takes it with other notes than these, as a reader does whose notes are being edited.
    """
    folder = current(index)
    if folder is None:
        raise IndexMissing("there is no index yet", where=str(index), todo=BUILD)
    manifest = Manifest.load(folder)
    stamp = manifest.stamp
    if wanted is not None and not (stamp.same_recipe(wanted) if any_corpus else stamp == wanted):
        if manifest.stamp.vectors != wanted.vectors:
            why = "its vectors are not where UNDERHOOD_CHROMA_URL says"
        elif manifest.stamp.same_recipe(wanted):
            why = "the notes or the catalogue changed since it was built"
        else:
            why = "another version or model built it"
        raise IndexOutdated(f"the index is out of date: {why}", where=str(index), todo=BUILD)
    return folder, manifest


@contextmanager
def writer_lock(index: Path) -> Iterator[None]:
    """The one writer lock. Raises IndexBusy at once where another process holds it."""
    index.mkdir(parents=True, exist_ok=True)
    lock = FileLock(index / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexBusy(
            "another process is building the index", where=str(index), todo="Wait for it to finish, then try again"
        ) from error
    try:
        yield
    finally:
        lock.release()


def begin(index: Path, base: Path | None, forget: Forget = nothing) -> Path:
    """A new unpublished folder: a copy of ``base``, or empty. The caller holds the writer lock."""
    sweep(index, keep=1, forget=forget)
    seconds, fraction = divmod(time.time_ns(), 10**9)  # names sort by time
    folder = index / f"gen-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}.{fraction:09d}-{uuid.uuid4().hex[:6]}"
    if base is None:
        folder.mkdir()
    else:
        shutil.copytree(base, folder)
        (folder / "manifest.json").unlink(missing_ok=True)
    return folder


def publish(index: Path, folder: Path, manifest: Manifest, forget: Forget = nothing) -> None:
    """Write the manifest and move ``CURRENT``, both to disk before the rename."""
    _write_durably(folder / "manifest.json", manifest.dump())
    _fsync_tree(folder)
    staged = index / f".CURRENT-{uuid.uuid4().hex[:6]}"
    _write_durably(staged, folder.name + "\n")
    os.replace(staged, index / "CURRENT")
    _fsync(index)
    sweep(index, keep=2, forget=forget)


def abandon(folder: Path, forget: Forget = nothing) -> None:
    """Remove an unpublished folder. What cannot be forgotten now, the next sweep forgets: the folder stays till then."""
    try:
        forget(folder.name)
    except ChromaServerError:
        return
    shutil.rmtree(folder, ignore_errors=True)


def sweep(index: Path, *, keep: int, forget: Forget = nothing) -> None:
    """Remove all generations but the published one and its ``keep - 1`` predecessors. The caller holds the lock.

    Readers that still use a removed one keep its open files until they move on.
    """
    live = current(index)
    complete = sorted((p for p in index.glob("gen-*") if (p / "manifest.json").is_file()), key=lambda p: p.name)
    spared = {live, *[p for p in complete if live is None or p.name < live.name][-(keep - 1) :]} if keep > 1 else {live}
    for folder in index.glob("gen-*"):
        if folder not in spared:
            abandon(folder, forget)
    for stray in index.glob(".CURRENT-*"):
        stray.unlink(missing_ok=True)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _fsync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            _fsync(path)
    _fsync(folder)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
