"""Readers: the bytes of one file -> ``documents.Parsed``; one file a format, run in a guarded process.

    format_of(data, name)        which format the bytes are, or None
    recipe(name_or_format)       which reader, in which version, reads it
    Guard().read(data, name, f)  reads in a process of its own, with limits; raises ReadingError only
    read_guarded(source, f)      the same with one guard shared by the whole process

Importing this package imports no heavy library: each reader imports its own inside ``read``.
"""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path, PurePosixPath
from typing import get_args

from ingest.documents import Format, Parsed
from ingest.readers import captions, html, markdown, notebook, pdf
from ingest.readers.guard import Guard, Limits, read_here

__all__ = ["RECIPES", "Guard", "Limits", "format_of", "read_guarded", "read_here", "recipe"]

#: The version of the reader of each format; another version means that a reading is parsed anew.
RECIPES: dict[Format, str] = {
    "pdf": pdf.RECIPE,
    "html": html.RECIPE,
    "markdown": markdown.RECIPE,
    "notebook": notebook.RECIPE,
    "captions": captions.RECIPE,
}

_ENDINGS: dict[str, Format] = {
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mkd": "markdown",
    ".ipynb": "notebook",
    ".vtt": "captions",
    ".srt": "captions",
}
_TEXTUAL = frozenset(_ENDINGS) - {".pdf"}


def format_of(data: bytes, name: str) -> Format | None:
    """The format of a file: what its first bytes say, else its ending; ``None`` where no reader knows it.

    Bytes win over the ending, so a page saved as ``paper.pdf`` is read as the page it is; text formats
    other than these need their ending, because Markdown looks like any text.
    """
    head = data[:4096]
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    ending = PurePosixPath(name).suffix.lower()
    if start[:6] == b"WEBVTT":
        return "captions"
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if b"\x00" in start and ending in _TEXTUAL:
        return None
    return _ENDINGS.get(ending)


def recipe(name: str) -> str:
    """The recipe that reads a file of this name (or of this format); of an odd name all recipes together."""
    for format_ in get_args(Format):
        if name == format_ and format_ in RECIPES:
            return RECIPES[format_]
    known = _ENDINGS.get(PurePosixPath(name).suffix.lower())
    return RECIPES[known] if known else "+".join(RECIPES.values())


@cache
def _shared_guard() -> Guard:
    guard = Guard()
    atexit.register(guard.close)
    return guard


def read_guarded(
    source: Path | bytes, format_: Format | None = None, limits: Limits | None = None, *, name: str = ""
) -> Parsed:
    """Read one file in a guarded process; every failure is a ``ReadingError`` that names the file."""
    from ingest.errors import ReadingError

    if isinstance(source, Path):
        name = name or source.name
        try:
            data = source.read_bytes()
        except OSError as error:
            raise ReadingError(f"cannot be opened ({error.strerror or error})", where=name) from error
    else:
        data = source
    format_ = format_ or format_of(data, name)
    if limits is None:
        return _shared_guard().read(data, name, format_)
    with Guard(limits) as guard:
        return guard.read(data, name, format_)
