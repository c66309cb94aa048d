"""What an ingest tells of itself: what was taken, fetched, left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Skipped:
    """A file that was not taken, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """A file that was read: its pages (None where it has none), its passages, the seconds it took, vectors included."""

    name: str
    pages: int | None
    passages: int
    seconds: float


@dataclass
class Report:
    """What an ingest did. ``counts`` is what the index now holds.

    ``files`` says more of each name in ``taken``. ``fetched`` are files that came from the web, ``not_modified`` counts those whose server said that the copy
    held is still right.
    """

    published: bool = False
    taken: list[str] = field(default_factory=list)
    files: list[Taken] = field(default_factory=list)
    unchanged: int = 0
    removed: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    not_modified: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    resources: int = 0
    seconds: float = 0.0
