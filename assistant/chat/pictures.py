"""Pages of held PDFs as pictures, and where on them the quoted words stand.

A page is drawn by a process of its own (``python -m assistant.chat.drawing``) with limits on time and memory, since
the file is a stranger's; the picture is kept under ``UNDERHOOD_HOME/cache/pages``, the oldest making room.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path

from assistant.answering import Assistant
from assistant.answers import Quote
from assistant.chat.render import Box, Picture
from ingest import documents
from ingest.errors import ReadingError
from ingest.settings import Settings
from ingest.sources import SourceShelf

#: Where the page asks for a picture: ``ROUTE/<source_sha256>/<page>.png``.
ROUTE = "underhood-parts/page"
#: Seconds of processor time that drawing one page may take, megabytes it may use, pictures kept, drawings at a time.
SECONDS, MEMORY_MB, KEPT, AT_ONCE = 20, 1500, 300, 2
#: Seconds until a drawing is given up where the processor is busy with other things.
PATIENCE = 120
_PACKAGES = Path(__file__).parents[2]


class Pages:
    """The pages behind the quotes of an assistant's index."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def of(self, quote: Quote) -> Sequence[Picture]:
        """The pages that a quote stands on, its words marked; none where no PDF of it is held."""
        if quote.document is None or quote.source_sha256 is None:
            return ()
        store = self._assistant.index.store
        document = store.document(quote.document)
        if document is None or document.format != "pdf" or document.source_sha256 != quote.source_sha256:
            return ()
        if not (self._assistant.settings.sources / quote.source_sha256).is_file():
            return ()
        first, last = document.locate(quote.start).page, document.locate(max(quote.start, quote.end - 1)).page
        if first is None or last is None:
            return ()
        boxes = [
            b
            for page in range(first, min(last, first + 2) + 1)
            for b in _cut(store.boxes(quote.document, page), quote.start, quote.end)
        ]
        numbers = sorted({b[0] for b in boxes}) or [first]
        return [
            Picture(f"{ROUTE}/{quote.source_sha256}/{n}.png", n, tuple(box for page, box in boxes if page == n))
            for n in numbers
        ]


def _cut(boxes: Sequence[documents.Box], start: int, end: int) -> list[tuple[int, Box]]:
    parsed = documents.Parsed(text="", boxes=tuple(boxes))
    return [
        (
            b.page,
            Box(*(round(100 * v, 2) for v in (b.left, b.top, max(0.0, b.right - b.left), max(0.0, b.bottom - b.top)))),
        )
        for b in documents.boxes_of(parsed, start, end)
    ]


class Drawer:
    """Draws and keeps pictures. Safe to use from many threads; only ``AT_ONCE`` of them draw at a time."""

    def __init__(self, settings: Settings) -> None:
        self._shelf, self._folder = settings.sources, settings.cache / "pages"
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def png(self, sha256: str, page: int) -> bytes:
        """A page (1-based) of a kept source as PNG. Raises ReadingError where it is not kept or cannot be drawn."""
        kept = self._folder / f"{sha256}-{page}.png"
        with contextlib.suppress(OSError):
            data = kept.read_bytes()
            os.utime(kept)
            return data
        source = next((s for s in SourceShelf(self._shelf).sources.values() if s.sha256 == sha256), None)
        if source is None:
            raise ReadingError("no such reading is held here", where=sha256[:12])
        if not self._slots.acquire(timeout=PATIENCE):
            raise ReadingError("too many pages are being drawn; try again in a moment", where=source.key)
        try:
            data = draw(self._shelf / sha256, page, source.key)
        finally:
            self._slots.release()
        self._keep(kept, data)
        return data

    def _keep(self, path: Path, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the cache, not the picture
            self._folder.mkdir(parents=True, exist_ok=True)
            staged = path.with_name(f".{uuid.uuid4().hex}")
            staged.write_bytes(data)
            os.replace(staged, path)
            for old in sorted(self._folder.glob("*.png"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
                old.unlink(missing_ok=True)


def draw(path: Path, page: int, name: str) -> bytes:
    """A page of the PDF at ``path`` as PNG, drawn in a process of its own. Raises ReadingError."""
    command = [sys.executable, "-m", "assistant.chat.drawing", str(page), str(MEMORY_MB), str(SECONDS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_PACKAGES), os.environ.get("PYTHONPATH", "")])}
    try:
        with path.open("rb") as pdf:
            done = subprocess.run(
                command, stdin=pdf, capture_output=True, timeout=PATIENCE, check=False, env=environment
            )
    except subprocess.TimeoutExpired:
        raise ReadingError(f"drawing page {page} took more than {PATIENCE} s", where=name) from None
    except OSError as error:
        raise ReadingError(f"the kept file is gone ({error.strerror})", where=name) from error
    if done.returncode != 0 or not done.stdout.startswith(b"\x89PNG"):
        raise ReadingError(f"page {page} cannot be drawn", where=name)
    return done.stdout
