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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

from ingest.pipeline import ingest
from ingest.settings import Settings, packaged_corpus
from tests.benchmarks.asking import QUESTIONS, asking
from tests.benchmarks.ingesting import first_ingest, ingest_again, profile_of_an_ingest
from tests.benchmarks.measuring import ROOT, SHARED, Row, machine, skipped
from tests.benchmarks.paging import paging
from tests.benchmarks.peers import peers
from tests.benchmarks.searching import searching

#: The parts by the name that ``--rows`` knows, in the order they stand in BENCHMARKS.md.
TITLES = {
    "ask": "A question",
    "page": "The page",
    "search": "Searching vectors",
    "first": "A first ingest",
    "again": "Ingest again",
    "peers": "Beside other libraries",
    "profile": "A profile of questions",
    "ingest-profile": "A profile of an ingest",
}
_HEAD = "| work | ours | beside | ratio, median (middle half) | target |\n|---|---|---|---|---|"


def arguments() -> argparse.Namespace:
    """What to measure, and on what."""
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    asked.add_argument("--home", type=Path, help="a built index to ask and search, instead of one made here")
    asked.add_argument("--readings", type=Path, default=SHARED / "readings", help="the readings to take in")
    asked.add_argument("--rows", default=",".join(TITLES), help="which parts, comma-separated: %(default)s")
    asked.add_argument("--rounds", type=int, default=15, help="how often each question is asked")
    asked.add_argument("--sizes", default="1000,10000,100000,1000000", help="of the search")
    asked.add_argument("--passages", type=int, default=10_000, help="that the peers take in")
    return asked.parse_args()


def main() -> None:
    """Measure, print, write."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=asked.home or Path(scratch), corpus=packaged_corpus())
        readings = asked.readings if asked.readings.is_dir() else None
        if asked.home is None:
            ingest(settings, readings=readings)
        parts: dict[str, Callable[[], Iterable[Row] | str]] = {
            "ask": lambda: asking(settings, asked.rounds),
            "page": lambda: paging(settings, asked.rounds),
            "search": lambda: searching(settings, tuple(int(n) for n in asked.sizes.split(","))),
            "first": lambda: first_ingest(readings),
            "again": lambda: ingest_again(readings, settings),
            "peers": lambda: peers(asked.passages, 100),
            "profile": lambda: _profile(settings),
            "ingest-profile": lambda: profile_of_an_ingest(readings),
        }
        for name in asked.rows.split(","):
            _report(name, parts[name])


def _report(name: str, part: Callable[[], Iterable[Row] | str]) -> None:
    """Measure one part; print it as it comes and write it in its place after each line, so that a run cut short leaves what it has."""
    lines = [f"Measured {time.strftime('%Y-%m-%d %H:%M')} on {machine()}.", ""]
    print(f"## {TITLES[name]}", lines[0], sep="\n", flush=True)
    for line in _lines(name, part):
        lines.append(line)
        print(line, flush=True)
        path = ROOT / "BENCHMARKS.md"
        path.write_text(_with(path.read_text("utf-8") if path.is_file() else "", TITLES[name], lines), "utf-8")


def _lines(name: str, part: Callable[[], Iterable[Row] | str]) -> Iterator[str]:
    """A part as Markdown: a table, or a text."""
    found = part()
    if isinstance(found, str):
        yield f"```text\n{found.strip()}\n```"
        return
    yield _HEAD
    try:
        for row in found:
            yield f"| {' | '.join(astuple(row))} |"
    except Exception as error:  # one part that fails must not lose the others' figures
        row = skipped(name, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}")
        yield f"| {' | '.join(astuple(row))} |"


def _with(report: str, title: str, lines: Sequence[str]) -> str:
    """The report with one part in place of what it had under this title; the others stay as they were measured."""
    held = dict(part.split("\n", 1) for part in f"\n{report}".split("\n## ")[1:])
    held[title] = "\n".join(lines)
    return _INTRODUCTION + "".join(f"\n## {t}\n{held[t].strip()}\n" for t in TITLES.values() if t in held)


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

Written by `make bench`, each part with when and where it was measured: `python -m tests.benchmarks --rows search` measures
one again and leaves the others. Times are medians; a ratio is the median of the ratios of works measured in turn, in one
run on one machine. Times on another machine differ, ratios less so.
"""


if __name__ == "__main__":
    main()
