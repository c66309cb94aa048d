"""Readings brought and taken away from the page: the free ones fetched, a PDF of one's own, with progress.

The work is ``ingest``'s, which reads files in its guarded process. One piece of work runs at a time; whoever looks
sees how far it is, and it can be stopped: the index then stays as it was. Knows no Gradio.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.errors import ReadingError, UnderhoodError
from ingest.pipeline import Addition, Report, ingest
from ingest.settings import Settings

#: The largest file that may be sent.
MOST_MB = 100

Progress = Callable[[str, int, int], None]


class Stopped(Exception):
    """A person stopped the work."""


@dataclass(frozen=True)
class Stage:
    """How far the work is: a line, ``done`` of ``total`` (0: not known), what went wrong with single files.

    ``stopping``: it was asked to stop, and has not yet.
    """

    text: str
    done: int = 0
    total: int = 0
    over: bool = False
    problems: tuple[str, ...] = ()
    stopping: bool = False


class Bringing:
    """The one piece of work on readings that may run."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stage: Stage | None = None
        self._stopping = threading.Event()

    def start(self, first: str, work: Callable[[Progress], Stage]) -> bool:
        """Begin ``work``, which gives the last stage; False where another is running, which goes on."""
        with self._changed:
            if self.running:
                return False
            self._stage = Stage(first)
            self._stopping.clear()
        threading.Thread(target=self._run, args=[work], daemon=True).start()
        return True

    @property
    def running(self) -> bool:
        """Whether work is going on."""
        return self._stage is not None and not self._stage.over

    def stop(self) -> None:
        """Ask the work to stop; it does at its next step."""
        with self._changed:
            if self.running and self._stage:
                self._stopping.set()
                self._stage = replace(self._stage, text="Stopping", stopping=True)
                self._changed.notify_all()

    def check(self) -> None:
        """Raise Stopped where the work is to stop."""
        if self._stopping.is_set():
            raise Stopped

    def watch(self) -> Iterator[Stage]:
        """Each stage as it comes, until the work is over; nothing where there is none."""
        seen: Stage | None = None
        while seen is None or not seen.over:
            with self._changed:
                if self._stage is None:
                    return
                self._changed.wait_for(lambda: self._stage is not seen, timeout=1)  # noqa: B023 - called at once
                now = self._stage
            if now is not seen:
                seen = now
                yield now

    def _run(self, work: Callable[[Progress], Stage]) -> None:
        try:
            end = work(self._step)
        except Stopped:
            end = Stage("Stopped; the index is as it was before.", over=True)
        except UnderhoodError as error:
            end = Stage(f"That did not work: {error}", over=True)
        except Exception as error:  # the page must say that it ended
            end = Stage(f"That did not work ({type(error).__name__}); the index is as it was before.", over=True)
        self._set(end)

    def _step(self, stage: str, done: int, total: int) -> None:
        self.check()
        self._set(Stage(_line(stage, done, total), done, total))

    def _set(self, stage: Stage) -> None:
        with self._changed:
            self._stage = stage
            self._changed.notify_all()


def fetch(settings: Settings, only: str, check: Callable[[], None], progress: Progress) -> Stage:
    """Fetch what is free on the web, of one resource or (empty) of all, until ``check`` raises. Raises UnderhoodError."""
    from ingest.fetching import Fetcher

    names = [only] if only else []
    try:
        report = ingest(settings, fetch=True, only=names, fetcher=Fetcher(check=check), progress=progress)
    except Stopped:
        return Stage("Stopped. Files that came whole are kept, and are read when you fetch again.", over=True)
    new, same = len(report.fetched), report.not_modified
    parts = [f"{new} {_files(new)} fetched"] + ([f"{same} had not changed"] if same else [])
    refused = tuple(f"{s.name}: {s.reason}" for s in report.skipped)
    parts += [f"{len(refused)} could not be taken"] if refused else []
    return Stage("; ".join(parts) + ".", over=True, problems=refused)


def add(settings: Settings, addition: Addition, progress: Progress) -> Stage:
    """Take one PDF in. Raises UnderhoodError where it is none, or cannot be read."""
    check(addition.file)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / file_name(addition.file)
        shutil.copyfile(addition.file, file)
        whole = Addition(file, addition.resource, addition.title, addition.authors, addition.year)
        report = ingest(settings, addition=whole, progress=progress)
    key = f"{addition.resource}/{file.name}"
    if refused := next((s for s in report.skipped if s.name == key), None):
        raise ReadingError(refused.reason)
    notes = tuple(w.reason for w in report.warnings if w.name == key)
    return Stage("Added; you can ask about it now.", over=True, problems=notes)


def remove(settings: Settings, resource: str) -> Stage:
    """Take all readings of a resource away. Raises UnderhoodError where none is held."""
    report: Report = ingest(settings, forget=[resource])
    count = len(report.removed)
    return Stage(f"Removed: {count} {'reading' if count == 1 else 'readings'}.", over=True)


def check(file: Path) -> None:
    """Raise ReadingError where a file is no PDF or too large."""
    if file.stat().st_size > MOST_MB * 2**20:
        raise ReadingError(f"the file is larger than {MOST_MB} MB")
    with file.open("rb") as opened:
        if b"%PDF-" not in opened.read(1024):
            raise ReadingError("the file is not a PDF")


def new_id(title: str, taken: Callable[[str], bool]) -> str:
    """An id for a new resource, made of its title."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-") or "own-reading"
    return next(c for n in range(1, 10_000) if not taken(c := slug if n == 1 else f"{slug}-{n}"))


def file_name(file: Path) -> str:
    """A plain name for a kept PDF."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in file.stem)[:80].strip(".-")
    return f"{plain or 'added'}.pdf"


def _line(stage: str, done: int, total: int) -> str:
    if stage == "fetching":
        return f"Fetching, politely: {done} of {total} {_files(total)} asked for"
    if stage == "readings":
        return f"Reading: {done} of {total} {_files(total)} taken in"
    return f"Reading {stage}" if "/" in stage else "Bringing the index up to date"


def _files(count: int) -> str:
    return "file" if count == 1 else "files"
