"""A document: canonical text, its sections, and where every character stands.

Spans are half-open ranges ``[start, end)`` of Unicode code points of the canonical text. A reader
(ingest/readers/) makes a ``Parsed``; together with what is known of the file it becomes a ``Document``.
This module knows no format and no file.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Literal, TypeVar

_T = TypeVar("_T", "Place", "Section")

Format = Literal["pdf", "html", "markdown", "notebook", "captions", "note"]
Role = Literal["text", "related"]
MarkKind = Literal["heading", "reference", "formula", "caption", "code", "table", "footnote", "question"]

#: Kinds of marked text that are neither searched nor shown as a quote.
UNQUOTABLE: frozenset[MarkKind] = frozenset({"heading", "reference", "formula", "code", "table", "caption"})


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under a heading; ``path`` holds the headings from the top down to its own."""

    start: int
    end: int
    path: tuple[str, ...]
    fragment: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """From ``start`` on (until the next place) the text stands here.

    ``page`` is 1-based, ``label`` the printed page number, ``seconds`` the time in a recording, ``cell``
    the 1-based cell of a notebook. ``None`` where it does not apply or is not known.
    """

    start: int
    page: int | None = None
    label: str | None = None
    seconds: float | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A line of text on a page: fractions of the page's width and height, from its top left corner."""

    start: int
    end: int
    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A span that is not plain running text."""

    start: int
    end: int
    kind: MarkKind


@dataclass(frozen=True)
class Locator:
    """Where in a resource: heading path, page and printed label, seconds, cell. ``None`` where unknown."""

    heading: tuple[str, ...] = ()
    page: int | None = None
    label: str | None = None
    seconds: float | None = None
    cell: int | None = None
    fragment: str | None = None
    written: str | None = None

    def __str__(self) -> str:
        parts = [self.written] if self.written else []
        if self.heading and not self.written:
            parts.append(f"“{self.heading[-1]}”")
        if self.page is not None:
            printed = f" (printed {self.label})" if self.label and self.label != str(self.page) else ""
            parts.append(f"p. {self.page}{printed}")
        if self.seconds is not None:
            minutes, seconds = divmod(int(self.seconds), 60)
            parts.append(f"{minutes}:{seconds:02d}")
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Parsed:
    """What a reader makes of the bytes of one file. Sequences are sorted by ``start``.

    ``warnings`` are one-line remarks for the report, such as pages without a text layer.
    """

    text: str
    title: str | None = None
    sections: tuple[Section, ...] = ()
    places: tuple[Place, ...] = ()
    boxes: tuple[Box, ...] = ()
    marks: tuple[Mark, ...] = ()
    pages: int | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def reach(self) -> tuple[int, ...]:
        """How far the marks up to each one reach, so that ``marked`` need not look at all of them."""
        return tuple(accumulate((mark.end for mark in self.marks), max))


@dataclass(frozen=True)
class Document:
    """One reading of a resource, parsed.

    ``source_sha256`` is the hash of the file's bytes, ``reader_recipe`` names the reader and its version,
    ``text_sha256`` the hash of the canonical text (UTF-8): together they say which text a span belongs to.
    """

    resource: str
    name: str
    format: Format
    role: Role
    edition: str | None
    source_sha256: str
    reader_recipe: str
    url: str | None
    parsed: Parsed = field(repr=False)

    @property
    def text(self) -> str:
        """The canonical text."""
        return self.parsed.text

    @cached_property
    def text_sha256(self) -> str:
        """SHA-256 (hex) of the canonical text as UTF-8."""
        return text_sha256(self.parsed.text)

    @property
    def key(self) -> str:
        """``resource/name``: one file of one resource."""
        return f"{self.resource}/{self.name}"

    def locate(self, start: int) -> Locator:
        """Where the character at ``start`` stands."""
        return locate(self.parsed, start)


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of a text as UTF-8; lone surrogates, which UTF-8 cannot hold, count as U+FFFD."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def locate(parsed: Parsed, start: int) -> Locator:
    """Where the character at ``start`` stands: the innermost section and the last place before it."""
    place = _last(parsed.places, start)
    section = _last(parsed.sections, start)
    if section is not None and start >= section.end:
        section = None
    return Locator(
        heading=section.path if section else (),
        page=place.page if place else None,
        label=place.label if place else None,
        seconds=place.seconds if place else None,
        cell=place.cell if place else None,
        fragment=section.fragment if section else None,
    )


def _last(items: Sequence[_T], start: int) -> _T | None:
    index = bisect_right(items, start, key=lambda item: item.start)
    return items[index - 1] if index else None


def marked(parsed: Parsed, start: int, end: int) -> list[Mark]:
    """The marks that touch ``[start, end)``."""
    first = bisect_right(parsed.marks, end - 1, key=lambda mark: mark.start)
    found = []
    while first and parsed.reach[first - 1] > start:
        first -= 1
        if parsed.marks[first].end > start:
            found.append(parsed.marks[first])
    return found[::-1]


def boxes_of(parsed: Parsed, start: int, end: int) -> list[Box]:
    """The boxes of the lines that ``[start, end)`` touches, the first and last cut in proportion to characters."""
    cut = []
    for box in parsed.boxes:
        if box.end <= start or box.start >= end:
            continue
        width, size = box.right - box.left, max(1, box.end - box.start)
        left = box.left + width * max(0, start - box.start) / size
        right = box.right - width * max(0, box.end - end) / size
        cut.append(replace(box, start=max(start, box.start), end=min(end, box.end), left=left, right=right))
    return cut
