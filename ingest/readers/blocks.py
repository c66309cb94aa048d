"""Blocks of text one after another -> ``Parsed``: what the readers of pages, Markdown and notebooks share.

Blocks are separated by a blank line; a heading is a block of its own, opens a section that lasts until
the next heading of any level, and its path holds the headings above it.
"""

from __future__ import annotations

import re

from ingest.documents import Mark, MarkKind, Parsed, Place, Section

_REFERENCES = re.compile(
    r"(?:[\dIVXA-Z]+\.?(?:\d+\.?)*\s+)?(?:selected\s+|cited\s+|list\s+of\s+)?"
    r"(?:references?|bibliograph(?:y|ies)|works\s+cited|literature(?:\s+cited)?|further\s+reading|"
    r"references?\s+and\s+notes|notes\s+and\s+references|bibliographical\s+(?:notes|remarks))\s*[:.]?",
    re.I,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2060\ufeff\ud800-\udfff\ufffe\uffff]")


def is_reference_heading(title: str) -> bool:
    """Whether a heading opens a list of references ("References", "7 Bibliography")."""
    return bool(_REFERENCES.fullmatch(title.strip()))


def clean(text: str) -> str:
    """``text`` without control codes, soft hyphens and invisible marks."""
    return _CONTROL.sub("", text.replace("\xad", "").replace("\xa0", " "))


def decode(data: bytes) -> str:
    """The text of a text file: by its byte order mark, else UTF-8, else Windows-1252."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Blocks:
    """Collects blocks, then makes a ``Parsed`` of them."""

    def __init__(self) -> None:
        self.title: str | None = None
        self._parts: list[str] = []
        self._size = 0
        self._places: list[Place] = []
        self._marks: list[Mark] = []
        self._headings: list[tuple[int, int, str, str | None]] = []

    def place(self, cell: int | None = None, seconds: float | None = None) -> None:
        """The next block stands here."""
        start = self._size + 2 if self._parts else 0
        if self._places and self._places[-1].start == start:
            self._places.pop()
        self._places.append(Place(start, cell=cell, seconds=seconds))

    def add(self, text: str, kind: MarkKind | None = None) -> None:
        """A block; white space at its ends is dropped, an empty one is none."""
        text = clean(text).strip()
        if kind not in ("code", "table", "formula"):
            text = " ".join(text.split())
        text = re.sub(r"\n\s*\n+", "\n", text)
        if not text:
            return
        if self._parts:
            self._parts.append("\n\n")
            self._size += 2
        start = self._size
        self._parts.append(text)
        self._size += len(text)
        if kind:
            self._marks.append(Mark(start, self._size, kind))

    def heading(self, text: str, level: int, fragment: str | None = None) -> None:
        """A heading of a level (1 is the highest); ``fragment`` is its address within the page."""
        text = " ".join(clean(text).split())
        if text:
            self.add(text, "heading")
            self._headings.append((self._size - len(text), level, text, fragment))

    def parsed(self) -> Parsed:
        """All blocks as one text with its sections, places and marks."""
        sections = sections_of(self._headings, self._size)
        marks = self._marks + reference_marks(self._headings, self._marks, self._size)
        places = [place for place in self._places if place.start < self._size]
        title = self.title or next((text for _, level, text, _ in self._headings if level == 1), None)
        return Parsed(
            text="".join(self._parts),
            title=title,
            sections=sections,
            places=tuple(places),
            marks=tuple(sorted(marks, key=lambda m: (m.start, m.end))),
        )


def sections_of(headings: list[tuple[int, int, str, str | None]], size: int) -> tuple[Section, ...]:
    """Sections from ``(start, level, title, fragment)`` of the headings, in order, of a text of ``size``."""
    sections: list[Section] = []
    open_: list[tuple[int, str]] = []
    ends = [*(start for start, *_ in headings[1:]), size][: len(headings)]
    for (start, level, title, fragment), end in zip(headings, ends, strict=True):
        while open_ and open_[-1][0] >= level:
            open_.pop()
        open_.append((level, title))
        sections.append(Section(start, end, tuple(text for _, text in open_), fragment))
    return tuple(sections)


def reference_marks(headings: list[tuple[int, int, str, str | None]], taken: list[Mark], size: int) -> list[Mark]:
    """Marks over the text under reference headings, up to the next heading of the same or a higher level."""
    found = []
    heads = {mark.start: mark.end for mark in taken if mark.kind == "heading"}
    for i, (start, level, title, _) in enumerate(headings):
        if is_reference_heading(title):
            end = next((s for s, other, *_ in headings[i + 1 :] if other <= level), size)
            first = min(heads.get(start, start) + 2, end)
            if first < end:
                found.append(Mark(first, end, "reference"))
    return found
