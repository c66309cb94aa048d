"""PDF -> ``Parsed``: reading order, headings, pages and printed labels, a box for each line of text.

    pdf_pages     PDFium -> runs of characters              (owns pypdfium2)
    pdf_hidden    text that is cut away
    pdf_fonts     what the names of fonts say
    pdf_lines     runs -> lines in reading order
    pdf_margins   running heads and feet out, printed page numbers kept
    pdf_styles    how lines look: sizes, fonts, kinds of characters
    pdf_headings  which lines are headings, and how deep
    pdf_parts     lines -> paragraphs, captions, footnotes, formulas, tables
    pdf_words     ligatures, hyphens

No character recognition here: a page without a text layer is said to have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.documents import Box, Mark, Parsed, Place
from ingest.errors import ReadingError
from ingest.readers.blocks import reference_marks, sections_of
from ingest.readers.pdf_headings import heading_levels
from ingest.readers.pdf_lines import Line, lines_of
from ingest.readers.pdf_margins import without_margins
from ingest.readers.pdf_pages import HYPHEN, Page, Run, open_pdf, turn_point
from ingest.readers.pdf_parts import Part, flow, parts_of
from ingest.readers.pdf_styles import look_of, styles_of
from ingest.readers.pdf_words import Repair, join

RECIPE = "pdf-3"
OCR = "run OCR (for example ocrmypdf) and add the result"
_MARKER = re.compile(r"\s?(?:\d{1,2}|[*∗†‡§¶])(?:,\s?\d{1,2})*")
_BASE = re.compile(r"\d$|(?:^|[^\w’'])[^\W\d_]$")
_EXPONENT = re.compile(r"[-−]|[-−]?\d{1,3}|[A-Za-z⊤>]")
_BEFORE_MARKER = re.compile(r"(?:[^\W\d_]{3}|’s)[.,;:)”]?$|[.,;:)”]$")
_STOPWORD_LIST = (
    "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one "
    "we can der die und das den von zu ist des im für mit auf eine le la les de et en un une du que est pour dans el los "
    "por con del se una"
)
_STOPWORDS = frozenset(_STOPWORD_LIST.split())


def read(data: bytes) -> Parsed:
    """The text of a PDF."""
    with open_pdf(data) as source:
        pages = list(source.pages())
        outline, title, fonts = source.outline(), source.title(), source.fonts
    warnings = _no_words(pages) + _slanted(pages)
    repair = Repair(fonts, [page.runs for page in pages])
    mended = [replace(page, runs=[_mended(run, repair) for run in page.runs]) for page in pages]
    lines = lines_of(mended, fonts)
    bad = _bad_layers(mended, lines)
    if bad:
        warnings.append(f"the text layer of {_page_ranges(bad)} is mostly no words; {OCR}")
    lines, labels = without_margins(mended, lines)
    look = look_of(lines)
    styles = styles_of(lines, fonts, look)
    levels, seen_title = heading_levels(lines, outline, look, styles)
    parts = flow(parts_of(page, look, styles, levels) for page in lines)
    writer = _Writer(mended, labels, repair)
    for part in parts:
        if part.kind is None and part.lines[0].page + 1 in bad:
            part.kind = "table"  # never quoted
        writer.add(part)
    if not writer.text:
        if not any(page.runs for page in pages):
            if any(map(_is_slanted, pages)):
                raise ReadingError("has slanted text only, which is not read; add a copy with straight pages")
            raise ReadingError(f"has no text layer; {OCR}" if any(p.pictures for p in pages) else "has no text")
        raise ReadingError("has no readable words")
    return writer.parsed(title=_good_title(title) or (seen_title and seen_title.rstrip("*∗†‡ ")), warnings=warnings)


def _mended(run: Run, repair: Repair) -> Run:
    text = repair(run.text, run.font)
    return run if text is run.text else run._replace(text=text)


def _no_words(pages: Sequence[Page]) -> list[str]:
    empty = [page.index + 1 for page in pages if not page.runs and page.pictures > 0.2 and not _is_slanted(page)]
    if not empty or len(empty) == len(pages):
        return []
    return [f"{_page_ranges(empty)} {'has' if len(empty) == 1 else 'have'} no text layer; {OCR}"]


def _slanted(pages: Sequence[Page]) -> list[str]:
    slanted = [page.index + 1 for page in pages if _is_slanted(page)]
    if not slanted:
        return []
    return [f"most text of {_page_ranges(slanted)} is slanted, and not read; add a copy with straight pages"]


def _is_slanted(page: Page) -> bool:
    """Whether most of a page's characters stand aslant: a page scanned askew, not a watermark over straight text."""
    return page.aslant > max(20, sum(len(run.text) for run in page.runs))


def _page_ranges(numbers: Sequence[int]) -> str:
    """``pages 3-5, 8`` of sorted numbers."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    written = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges[:20])
    more = ", …" if len(ranges) > 20 else ""
    return f"page{'s' if len(numbers) > 1 else ''} {written}{more}"


def _bad_layers(pages: Sequence[Page], lines: Sequence[list[Line]]) -> list[int]:
    """Pages (from 1) whose words are mostly none: behind a scan, or in fonts that do not say what their letters are."""
    bad = []
    for page, found in zip(pages, lines, strict=True):
        words = [word for line in found for word in re.findall(r"[a-zäöüéèêáíóúàçñ]+", line.text.lower())]
        long = {word for word in words if len(word) >= 3}  # each once: a page of formulas repeats a few names
        common = sum(word in _STOPWORDS for word in words)
        mute = sum(not re.search(r"[aeiouyäöüéèêáíóúà]", word) for word in long)
        scan = page.pictures > 0.5 and len(words) >= 30 and common < 0.1 * len(words)
        if len(long) >= 20 and (mute > 0.4 * len(long) or (scan and mute > 0.12 * len(long))):
            bad.append(page.index + 1)
    return bad


def _good_title(title: str | None) -> str | None:
    """The title among the properties, unless a program put a file name or its own name there."""
    if (
        not title
        or len(title) > 300
        or re.search(r"\.(?:dvi|docx?|tex|pdf|pptx?|indd|qxd|ps)\b|untitled|microsoft|^\W*$", title, re.I)
    ):
        return None
    return " ".join(title.split()) if re.search(r"[^\W\d_]{3}", title) else None


class _Writer:
    """Writes parts one after another into the canonical text, and remembers where each line came to stand."""

    def __init__(self, pages: Sequence[Page], labels: Sequence[str | None], repair: Repair) -> None:
        self._pages, self._labels, self._repair = pages, labels, repair
        self._parts: list[str] = []
        self._size = 0
        self._boxes: list[Box] = []
        self._places: list[Place] = []
        self._marks: list[Mark] = []
        self._headings: list[tuple[int, int, str, str | None]] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, part: Part) -> None:
        """Write a part as a block of its own."""
        pieces = [(line, text) for line in part.lines if (text := self._words(line, part)).strip(" \ufffd")]
        if not pieces:
            return
        if self._parts:
            self._put("\n\n")
        start, first = self._size, len(self._parts)
        for (line, text), (_, following) in pairwise([*pieces, (pieces[-1][0], "")]):
            if not following:
                glue = ""
                text = text[:-1] + "-" if text.endswith(HYPHEN) else text
            elif part.kind in ("code", "table", "formula"):
                text, glue = text.replace(HYPHEN, "-"), "\n"
            else:
                text, glue = join(text, following, self._repair.vocabulary)
            self._place(line, text)
            self._put(text.replace(HYPHEN, "-") + glue)
        if part.kind:
            self._marks.append(Mark(start, self._size, part.kind))
        if part.level:
            self._headings.append((start, part.level, "".join(self._parts[first:]).strip(), None))

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._size += len(text)

    def _words(self, line: Line, part: Part) -> str:
        """The words of a line, without raised marks of footnotes behind a word."""
        if part.kind not in (None, "footnote", "caption", "heading") or len(line.runs) < 2:
            return line.text
        kept = [line.runs[0]]
        for before, run in pairwise(line.runs):
            if before is not kept[-1] and re.match(r" [.,;:)]", run.text):
                run = run._replace(text=run.text[1:])  # no space where a mark stood before a full stop
            raised = run.size < 0.86 * before.size and run.y - before.y > 0.2 * before.size
            if not raised:
                kept.append(run)
            elif _BASE.search(before.text) and _EXPONENT.fullmatch(run.text.strip()):
                # 10^22 must not become 1022, nor m^n mn; a raised ">" is TeX's sign of the transpose, whose code that is.
                kept.append(run._replace(text="^" + run.text.strip().replace(">", "⊤")))
            elif not (_MARKER.fullmatch(run.text) and _BEFORE_MARKER.search(before.text)):
                kept.append(run)
        return line.text if kept == line.runs else replace(line, runs=kept, _text=None).text

    def _place(self, line: Line, text: str) -> None:
        page = self._pages[line.page]
        if not self._places or self._places[-1].page != line.page + 1:
            self._places.append(Place(self._size, page=line.page + 1, label=self._labels[line.page]))
        x0, y0 = turn_point(line.x0, line.bottom, -page.turns % 4, (0.0, 0.0, page.width, page.height))
        x1, y1 = turn_point(line.x1, line.top, -page.turns % 4, (0.0, 0.0, page.width, page.height))
        width, height = (page.height, page.width) if page.turns % 2 else (page.width, page.height)
        left, right = sorted((_fraction(x0 / width), _fraction(x1 / width)))
        top, bottom = sorted((_fraction(1 - y0 / height), _fraction(1 - y1 / height)))
        self._boxes.append(Box(self._size, self._size + len(text), line.page + 1, left, top, right, bottom))

    def parsed(self, title: str | None, warnings: Sequence[str]) -> Parsed:
        text = self.text
        marks = self._marks + reference_marks(self._headings, self._marks, len(text))
        return Parsed(
            text=text,
            title=title,
            sections=sections_of(self._headings, len(text)),
            places=tuple(self._places),
            boxes=tuple(self._boxes),
            marks=tuple(sorted(marks, key=lambda mark: (mark.start, mark.end))),
            pages=len(self._pages),
            warnings=tuple(warnings),
        )


def _fraction(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
