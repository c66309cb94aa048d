"""What the command line shows while it works: the progress bar, and the index built on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.settings import Settings

Progress = Callable[[str, int, int], None]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on stderr; one line a stage where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
                if not console.is_terminal:
                    print(f"{stage} …", file=sys.stderr)
            bar.update(tasks[stage], completed=done, total=total)
            if done >= total:
                bar.remove_task(tasks.pop(stage))

        yield show


def mend(settings: Settings, progress: Progress) -> None:
    """Build the index where it is missing or out of date, saying so in one line."""
    from ingest.embedding import SentenceTransformerEmbedder
    from ingest.errors import IndexBroken, IndexMissing, IndexOutdated
    from ingest.index.generation import published
    from ingest.pipeline import ingest as run
    from ingest.pipeline import wanted_stamp

    embedder = SentenceTransformerEmbedder(settings.embedder)
    try:
        published(settings.index, wanted_stamp(settings, embedder))
    except (IndexMissing, IndexOutdated, IndexBroken) as error:
        print(f"{error.what}: building it now (some minutes, once) …", file=sys.stderr)
        report = run(settings, embedder=embedder, progress=progress)
        if not report.counts.get("documents"):
            from assistant.listing import offer

            if free := offer(settings):
                print(free, file=sys.stderr)
