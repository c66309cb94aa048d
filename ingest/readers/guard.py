"""Reading strangers' files safely: one worker process, with limits, replaced when a file kills it.

The guard sends a file's bytes to the worker (``python -m ingest.readers``) and waits for one JSON reply
no longer than a limit. A worker that crashes, hangs or swells takes its file with it and nothing else:
the file becomes a ``ReadingError`` and the next file gets a fresh worker. Knows no format.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from ingest.documents import Box, Format, Mark, Parsed, Place, Section
from ingest.errors import ReadingError

Reader = Callable[[bytes], Parsed]

#: Where the reader of each format is: ``module:function``.
READERS: dict[str, str] = {
    format_: f"ingest.readers.{format_}:read" for format_ in ("pdf", "html", "markdown", "notebook", "captions")
}
UNKNOWN = "is not a format known here (pdf, html, md, ipynb, vtt, srt)"
LENGTH = struct.Struct(">Q")
_MB = 1_000_000
_TOO_LARGE = "needed more memory than the {} MB it may have; skipped"


@dataclass(frozen=True)
class Limits:
    """What one file may use.

    ``seconds`` is for files up to 4 MB, each further MB adds ``seconds_per_mb``, never beyond ``most_seconds``:
    wall time without what the worker waited for a processor that others had (on Linux; elsewhere all of it), so
    that a busy machine refuses no good file. ``memory_mb`` is address space of the worker, ``input_mb`` and
    ``output_mb`` the sizes of the file and of what is read from it.
    """

    seconds: float = 20.0
    seconds_per_mb: float = 2.0
    most_seconds: float = 120.0
    memory_mb: int = 3000
    input_mb: int = 500
    output_mb: int = 200

    def seconds_for(self, size: int) -> float:
        """What a file of ``size`` bytes may take, in seconds."""
        more = max(0.0, size / _MB - 4) * self.seconds_per_mb
        return max(self.seconds, min(self.most_seconds, self.seconds + more))


@dataclass
class Guard:
    """Reads files one after another in a worker process. Close it, or use it in a ``with`` statement.

    ``readers`` maps a format to ``module:function``; only tests give another.
    """

    limits: Limits = field(default_factory=Limits)
    readers: Mapping[str, str] = field(default_factory=lambda: READERS)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._end()

    def read(self, data: bytes, name: str, format_: Format | None) -> Parsed:
        """What the reader of ``format_`` makes of ``data``; raises ``ReadingError`` for anything that goes wrong."""
        if not data.strip(b"\0 \t\r\n"):
            raise ReadingError("is empty", where=name)
        if format_ is None or format_ not in self.readers:
            raise ReadingError(UNKNOWN, where=name)
        if len(data) > self.limits.input_mb * _MB:
            raise ReadingError(f"is larger than {self.limits.input_mb} MB; skipped", where=name)
        with self._lock:
            reply = self._ask(data, self.readers[format_], name)
        if "error" in reply:
            raise ReadingError(str(reply["error"]), where=name, todo=str(reply.get("todo", "")))
        return from_json(reply)

    def _ask(self, data: bytes, reader: str, name: str) -> dict[str, Any]:
        seconds = self.limits.seconds_for(len(data))
        worker = self._worker()
        clock = _Clock(worker.pid, seconds)
        try:
            _send(worker, {"reader": reader, "seconds": seconds}, data)
            reply = self._receive(worker, clock)
        except (BrokenPipeError, EOFError):
            raise ReadingError(f"{self._death()}; skipped", where=name) from None
        except TimeoutError:
            self._end()
            raise ReadingError(f"took more than {seconds:.0f} s; skipped", where=name) from None
        except (OverflowError, ValueError) as error:
            self._end()
            raise ReadingError(f"{error}; skipped", where=name) from None
        except BaseException:  # such as Ctrl-C: the pipe holds half a reply, so this worker is of no more use
            self._end()
            raise
        return reply

    def _worker(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ingest.readers", str(self.limits.memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # so that Ctrl-C reaches this process alone, which then ends the worker
            )
        return self._process

    def _receive(self, worker: subprocess.Popen[bytes], clock: _Clock) -> dict[str, Any]:
        pipe = cast(IO[bytes], worker.stdout)
        (size,) = LENGTH.unpack(_read_exactly(pipe, LENGTH.size, clock))
        if size > self.limits.output_mb * _MB:
            raise OverflowError(f"swells to more than {self.limits.output_mb} MB of text")
        return cast(dict[str, Any], json.loads(_read_exactly(pipe, size, clock)))

    def _death(self) -> str:
        code = self._process.wait(timeout=5) if self._process else 0
        self._end()
        if code == -getattr(signal, "SIGXCPU", 0):
            return "used more processor time than it may"
        if code < 0:
            return f"crashed the reader (signal {-code})"
        return f"ended the reader (exit {code})"

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                cast(IO[bytes], pipe).close()
        self._process = None


def _environment() -> dict[str, str]:
    """The worker finds this very package, and starts no threads that would eat its address space."""
    home = str(Path(__file__).resolve().parents[2])
    path = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _send(worker: subprocess.Popen[bytes], head: dict[str, Any], data: bytes) -> None:
    pipe = cast(IO[bytes], worker.stdin)
    order = json.dumps(head).encode()
    pipe.write(LENGTH.pack(len(order)) + order + LENGTH.pack(len(data)) + data)
    pipe.flush()


class _Clock:
    """How long a worker has had for its file: wall time without what it waited for a processor."""

    def __init__(self, process: int, seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._began = time.monotonic() - _waited(process)

    def left(self) -> float:
        """Seconds left; negative once they are over."""
        return self._seconds - (time.monotonic() - _waited(self._process) - self._began)


def _waited(process: int) -> float:
    """Seconds that a process was ready to run and had to wait; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _read_exactly(pipe: IO[bytes], size: int, clock: _Clock) -> bytes:
    """``size`` bytes of a pipe, or TimeoutError when the clock has run out, or EOFError."""
    parts, missing = [], size
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while missing:
            if not selector.select(max(0.0, clock.left())):
                if clock.left() > 0:
                    continue  # others had the processor in the meantime
                raise TimeoutError
            part = os.read(pipe.fileno(), min(missing, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
    return b"".join(parts)


def read_here(data: bytes, reader: str, memory_mb: int = 0) -> Parsed:
    """Run a reader (``module:function``) in this very process; whatever Python raises becomes a ``ReadingError``."""
    module, _, function = reader.partition(":")
    try:
        parsed = cast(Reader, getattr(import_module(module), function))(data)
    except ReadingError:
        raise
    except MemoryError:
        raise ReadingError(_TOO_LARGE.format(memory_mb or "few")) from None
    except RecursionError:
        raise ReadingError("is nested too deeply; skipped") from None
    except Exception as error:  # a reader of strangers' files may fail in any way
        raise ReadingError(f"could not be read ({type(error).__name__}: {str(error)[:120]}); skipped") from error
    return parsed


def to_json(parsed: Parsed) -> bytes:
    """A ``Parsed`` as JSON, its spans as rows."""
    rows = {
        name: [astuple(item) for item in getattr(parsed, name)] for name in ("sections", "places", "boxes", "marks")
    }
    plain = {"text": parsed.text, "title": parsed.title, "pages": parsed.pages, "warnings": parsed.warnings}
    return json.dumps({**plain, **rows}).encode()


def from_json(reply: Mapping[str, Any]) -> Parsed:
    """The ``Parsed`` that ``to_json`` wrote."""
    return Parsed(
        text=reply["text"],
        title=reply["title"],
        sections=tuple(Section(start, end, tuple(path), fragment) for start, end, path, fragment in reply["sections"]),
        places=tuple(Place(*row) for row in reply["places"]),
        boxes=tuple(Box(*row) for row in reply["boxes"]),
        marks=tuple(Mark(*row) for row in reply["marks"]),
        pages=reply["pages"],
        warnings=tuple(reply["warnings"]),
    )
