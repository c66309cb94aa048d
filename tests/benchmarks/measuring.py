"""Measuring in turn: ratios of medians from one interleaved run, and rows of one table."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.embedding import _computes_bfloat16

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
#: OpenMP's threads wait busily for 200 ms for more work.
_PAUSE = 0.25


@dataclass(frozen=True)
class Row:
    """One line of the table; ``result`` is a figure with its unit, or why there is none."""

    work: str
    result: str
    against: str = ""
    ratio: str = ""
    target: str = ""


def skipped(work: str, why: str, target: str = "") -> Row:
    """A row that could not be measured here."""
    return Row(work, f"skipped: {why}", target=target)


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rested(work: Callable[[], object]) -> float:
    """How long ``work`` takes after a pause, in which the threads of the work before it stop spinning."""
    time.sleep(_PAUSE)
    return seconds(work)


@dataclass(frozen=True)
class Pairs:
    """Seconds of two works, measured in turn."""

    ours: tuple[float, ...]
    against: tuple[float, ...]

    @property
    def ratio(self) -> str:
        """The median of the ratios pair by pair, with its middle half."""
        found = sorted(a / b for a, b in zip(self.ours, self.against, strict=True))
        low, high = found[len(found) // 4], found[-(len(found) // 4) - 1]
        return f"{statistics.median(found):.2f} ({low:.2f} to {high:.2f})"

    def row(self, work: str, against: str, target: str) -> Row:
        """The row of these pairs."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.against)
        return Row(work, shown(ours), f"{against} {shown(theirs)}", self.ratio, target)


def in_turn(
    ours: Sequence[Callable[[], object]], against: Sequence[Callable[[], object]], rounds: int, warm: bool = True
) -> Pairs:
    """Each of ``ours`` beside its counterpart, in turn, ``rounds`` times; once before, uncounted, if ``warm``."""
    pairs = list(zip(ours, against, strict=True))
    for a, b in pairs if warm else ():
        a(), b()
    found = [(_rested(a), _rested(b)) for _ in range(rounds) for a, b in pairs]
    return Pairs(tuple(a for a, _ in found), tuple(b for _, b in found))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def shown(value: float) -> str:
    """Seconds in the unit that suits them."""
    return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.1f} s"


def machine() -> str:
    """The machine, by what bears on speed."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    kind = "computes in bfloat16" if _computes_bfloat16() else "does not compute in bfloat16"
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {kind}), {pages / 2**30:.0f} GB of memory, "
        f"Python {platform.python_version()}, OMP_NUM_THREADS {threads}, load {os.getloadavg()[0]:.1f} at the start"
    )


def most_memory() -> int:
    """The most memory this process has held, KB; the kernel's own count, since getrusage remembers the parent's too."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def process(*arguments: str, environ: dict[str, str] | None = None) -> str:
    """What a Python process of ours prints."""
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **(environ or {})}, cwd=ROOT, check=True, capture_output=True
    )
    return done.stdout.decode()
