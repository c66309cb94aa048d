"""A PDF added from the page: checked, brought through ``ingest``, which reads it in its guarded process.

Off unless the page is served with ``--allow-uploads``. Knows no Gradio.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import ReadingError, UnderhoodError
from ingest.pipeline import Report, ingest
from ingest.settings import Settings

#: The largest file that may be sent.
MOST_MB = 100


def add(settings: Settings, resource: str, file: Path) -> Iterator[str]:
    """Take a PDF in as a reading of ``resource``, saying how far it is; the last line says what came of it."""
    try:
        check(file)
    except ReadingError as error:
        yield f"Not added. {error}"
        return
    lines: queue.Queue[str | Report | UnderhoodError] = queue.Queue()

    def work() -> None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / resource
                place.mkdir()
                shutil.copyfile(file, place / _name(file))
                report = ingest(
                    settings,
                    readings=Path(folder),
                    only=[resource],
                    progress=lambda stage, done, total: lines.put(f"Reading {stage}: {done} of {total} …"),
                )
            lines.put(report)
        except UnderhoodError as error:
            lines.put(error)
        except Exception as error:  # the page must say that it ended
            lines.put(ReadingError(f"it could not be taken in ({type(error).__name__})"))

    threading.Thread(target=work, daemon=True).start()
    yield "Reading the file …"
    while isinstance(line := lines.get(), str):
        yield line
    yield _outcome(line, f"{resource}/{_name(file)}")


def remove(settings: Settings, resource: str) -> str:
    """Take all readings of a resource away again; what came of it."""
    try:
        report = ingest(settings, forget=[resource])
    except UnderhoodError as error:
        return f"Not removed. {error}"
    count = len(report.removed)
    return f"Removed: {count} {'reading' if count == 1 else 'readings'}."


def check(file: Path) -> None:
    """Raise ReadingError where a file is no PDF or too large."""
    if file.stat().st_size > MOST_MB * 2**20:
        raise ReadingError(f"it is larger than {MOST_MB} MB")
    with file.open("rb") as opened:
        if b"%PDF-" not in opened.read(1024):
            raise ReadingError("it is not a PDF")


def _name(file: Path) -> str:
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in file.stem)[:80].strip(".-")
    return f"{plain or 'added'}.pdf"


def _outcome(end: Report | UnderhoodError, key: str) -> str:
    if isinstance(end, UnderhoodError):
        return f"Not added. {end}"
    if refused := next((s for s in end.skipped if s.name == key), None):
        return f"Not added. {refused.reason}."
    pages = "; ".join(w.reason for w in end.warnings if w.name == key)
    return "Added; you can ask about it now." + (f" Note: {pages}." if pages else "")
