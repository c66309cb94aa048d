"""``make bench``: what asking, taking in and searching cost, as ratios from interleaved runs; writes BENCHMARKS.md.

Judges nothing: it prints each figure beside its target. A row that cannot be measured says why.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import pstats
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from pathlib import Path

from ingest.pipeline import ingest
from ingest.settings import Settings, packaged_corpus
from tests.benchmarks.asking import QUESTIONS, asking
from tests.benchmarks.ingesting import ingesting, profile_of_an_ingest
from tests.benchmarks.measuring import ROOT, SHARED, Row, machine, skipped
from tests.benchmarks.paging import paging
from tests.benchmarks.peers import peers
from tests.benchmarks.searching import searching

_HEAD = "| work | ours | beside | ratio, median (middle half) | target |\n|---|---|---|---|---|"


def arguments() -> argparse.Namespace:
    """What to measure, and on what."""
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    asked.add_argument("--home", type=Path, help="a built index to ask and search, instead of one made here")
    asked.add_argument("--readings", type=Path, default=SHARED / "readings", help="the readings to take in")
    asked.add_argument(
        "--rows", default="ask,page,search,ingest,peers,profile,ingest-profile", help="which parts, comma-separated"
    )
    asked.add_argument("--rounds", type=int, default=15, help="how often each question is asked")
    asked.add_argument("--sizes", default="1000,10000,100000,1000000", help="of the search")
    asked.add_argument("--passages", type=int, default=10_000, help="that the peers take in")
    return asked.parse_args()


def main() -> None:
    """Measure, print, write."""
    asked = arguments()
    wanted = set(asked.rows.split(","))
    about = machine()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=asked.home or Path(scratch), corpus=packaged_corpus())
        if asked.home is None:
            ingest(settings, readings=asked.readings if asked.readings.is_dir() else None)
        sizes = tuple(int(n) for n in asked.sizes.split(","))
        parts: dict[str, Callable[[], Iterable[Row]]] = {
            "ask": lambda: asking(settings, asked.rounds),
            "page": lambda: paging(settings, asked.rounds),
            "search": lambda: searching(settings, sizes),
            "ingest": lambda: ingesting(asked.readings, settings),
            "peers": lambda: peers(asked.passages, 100),
        }
        readings = asked.readings if asked.readings.is_dir() else None
        texts = {
            "profile": lambda: ("A profile of questions", _profile(settings)),
            "ingest-profile": lambda: ("A profile of an ingest", profile_of_an_ingest(readings)),
        }
        _report(
            f"Measured {time.strftime('%Y-%m-%d')} on {about}.",
            _rows({k: v for k, v in parts.items() if k in wanted}),
            (v() for k, v in texts.items() if k in wanted),
        )


def _report(about: str, rows: Iterable[Row], texts: Iterable[tuple[str, str]]) -> None:
    """Print as it comes, and write BENCHMARKS.md after each line, so that a run that is cut short leaves what it has."""
    lines: list[str] = []

    def say(*more: str) -> None:
        lines.extend(more)
        print(*more, sep="\n", flush=True)
        (ROOT / "BENCHMARKS.md").write_text(_INTRODUCTION + "\n".join(lines) + "\n", "utf-8")

    say(about, "", _HEAD)
    for row in rows:
        say(f"| {' | '.join(astuple(row))} |")
    for title, text in texts:
        say("", f"## {title}", "```text", text.strip(), "```")


def _rows(parts: dict[str, Callable[[], Iterable[Row]]]) -> Iterator[Row]:
    for name, part in parts.items():
        try:
            yield from part()
        except Exception as error:  # one part that fails must not lose the others' figures
            yield skipped(name, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}")


def _profile(settings: Settings) -> str:
    """Where the time of warm questions goes, as text."""
    from assistant.answering import Assistant

    assistant = Assistant.open(settings)
    for question in QUESTIONS:
        assistant.ask(question)
    profile = cProfile.Profile()
    for question in QUESTIONS:
        profile.runcall(assistant.ask, question)
    out = io.StringIO()
    pstats.Stats(profile, stream=out).strip_dirs().sort_stats("tottime").print_stats(25)
    return out.getvalue()


_INTRODUCTION = """\
# Benchmarks

Written by `make bench` (`python -m tests.benchmarks --help` has its parts). Times are medians; a ratio is the median of
the ratios of works measured in turn, in one run on one machine. Times on another machine differ, ratios less so.

"""


if __name__ == "__main__":
    main()
