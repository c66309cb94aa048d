"""The quotations in anybody's text, each with the resources named beside it. Pure.

A quotation stands in quotation marks or in a Markdown block quote. It belongs to the resources that its paragraph
names, by id, by a title of several words, or by an author's surname and the year; a block quote without a name
belongs to the paragraph before it, where that ends with a colon.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from ingest.catalogue import Catalogue
from ingest.wording import norms

#: Quotations of fewer words are phrases, not evidence.
MIN_WORDS = 4
#: Shorter titles ("Deep Learning") are words of the subject.
TITLE_WORDS = 4
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|„([^“”]+)[“”]|‘([^’]{20,})’(?!\w)")
_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:\[\^?\w+\]:|[-*+] |\d+[.)] ))")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>&~|])")

Names = Mapping[str, re.Pattern[str]]


def names_of(catalogue: Catalogue) -> Names:
    """For each resource what names it in a text."""
    names = {}
    for resource in catalogue:
        said = [re.escape(resource.id), re.escape(resource.short).replace(r"\ \(", r",?\s*\(?").replace(r"\)", r"\)?")]
        if len(resource.title.split()) >= TITLE_WORDS:
            said.append(re.escape(resource.title))
        if resource.authors and resource.year:
            surname = re.escape(resource.authors[0].split()[-1])
            said.append(rf"{surname}\b[^.“\"\n]{{0,40}}\b{resource.year}")
        names[resource.id] = re.compile(rf"(?<!\w)(?:{'|'.join(said)})(?!\w)", re.I)
    return names


def quotations(text: str, names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each quotation of at least MIN_WORDS words, with the ids of the resources it is said to be from."""
    before: tuple[str, ...] = ()
    for paragraph in _PARAGRAPHS.split(html.unescape(_ESCAPED.sub(r"\1", text.replace("\r\n", "\n")))):
        named = tuple(r for r, pattern in names.items() if pattern.search(_unquoted(paragraph)))
        for quote, owners in _of(paragraph, named, before):
            if len(norms(quote)) >= MIN_WORDS:
                yield quote, owners
        before = named if paragraph.rstrip().endswith(":") else ()


def _of(paragraph: str, named: tuple[str, ...], before: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    lines = [line for line in paragraph.splitlines() if line.strip()]
    if lines and all(line.lstrip().startswith(">") for line in lines):
        block = "\n".join(line.lstrip().removeprefix(">").strip() for line in lines)
        words = re.split(r"\n\s*[—–-]{1,2}\s*(?=\S)", block)[0]  # a line of attribution below it
        if not _QUOTED.search(words):
            yield words, named or before
            return
    for match in _QUOTED.finditer(paragraph):
        yield next(g for g in match.groups() if g), named or before


def _unquoted(paragraph: str) -> str:
    """A paragraph without what it quotes, so that a name within a quotation does not claim it."""
    return _QUOTED.sub(" “” ", paragraph)
