"""PDFium -> runs of characters: what stands where on each page, in which font. Owns pypdfium2.

Characters are read in bulk through PDFium's C functions, because a Python object for each would cost ten
times the rest of the reader. Knows nothing of lines, columns or words.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from ingest.errors import ReadingError
from ingest.readers.pdf_fonts import Font, font_named
from ingest.readers.pdf_hidden import Hidden

MOST_PAGES = 5000
MOST_CHARACTERS = 20_000_000
MOST_PAGE_CHARACTERS = 150_000
_MOST_OUTLINE = 20_000
#: No text is set in fewer points.
_TINY = 1.5
#: Stands for a hyphen that breaks a word at a line end.
HYPHEN = "\ufffe"
_BLANK = " \t\r\n\xa0"  # no more: codes that Python strips as well, such as 0x1c, are letters in some fonts
_BREAK = re.compile("[\r\n]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Run(NamedTuple):
    """Characters of one font on one baseline; ``y`` grows upwards from the bottom of the page as it is read."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    font: int
    page: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its runs in the order of the file, its size as read, and the quarter turns from shown to read.

    ``aslant`` counts the characters of other text that stands aslant, which is not read.
    """

    index: int
    width: float
    height: float
    turns: int
    runs: list[Run]
    label: str | None
    pictures: float
    aslant: int = 0


class Entry(NamedTuple):
    """A line of the outline; ``top`` is the height on the page where it points, in points from the bottom."""

    title: str
    level: int
    page: int
    top: float | None


@dataclass
class Source:
    """An open PDF. Use it in a ``with`` statement."""

    document: Any
    fonts: list[Font]
    _known: dict[str, int]  # fonts by name
    _near: dict[int, int]  # fonts of the page being read, by address: valid no longer than the page

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.document.close()

    def __len__(self) -> int:
        return len(self.document)

    def title(self) -> str | None:
        """The title among the document's properties."""
        return self.document.get_metadata_value("Title").strip("\x00 \t\r\n") or None

    def outline(self) -> list[Entry]:
        """The outline, as far as it points to pages of this file."""
        entries = []
        for mark in self.document.get_toc(max_depth=8):
            dest = mark.get_dest()
            page = dest.get_index() if dest else None
            if page is not None and 0 <= page < len(self):
                mode, view = dest.get_view()
                top = {1: view[1:2], 3: view[:1], 7: view[:1]}.get(mode)
                title = " ".join(mark.get_title().replace("\x00", "").split())
                entries.append(Entry(title, mark.level, page, top[0] if top else None))
            if len(entries) >= _MOST_OUTLINE:
                break
        return entries

    def pages(self) -> Iterator[Page]:
        """The pages in order."""
        total = 0
        for index in range(len(self)):
            page = self._page(index)
            total += sum(len(run.text) for run in page.runs)
            if total > MOST_CHARACTERS:
                raise ReadingError(f"holds more than {MOST_CHARACTERS // 1_000_000} million characters; skipped")
            yield page

    def _page(self, index: int) -> Page:
        import pypdfium2
        import pypdfium2.raw as pdfium

        label = self.document.get_page_label(index).replace("\x00", "").strip() or None
        try:
            page = self.document[index]
        except pypdfium2.PdfiumError:
            return Page(index, 612.0, 792.0, 0, [], label, 0.0)
        try:
            box = pdfium.FS_RECTF()
            pdfium.FPDF_GetPageBoundingBox(page, box)
            width, height = box.right - box.left, box.top - box.bottom
            if not (1 <= width < 1e6 and 1 <= height < 1e6):
                box, width, height = pdfium.FS_RECTF(0.0, 792.0, 612.0, 0.0), 612.0, 792.0
            try:
                words = page.get_textpage()
            except pypdfium2.PdfiumError:
                raw: list[_Raw] = []
            else:
                raw = _true_sizes(list(self._raw_runs(words.raw)))
                words.close()
            shown = page.get_rotation() // 90
            turned = _common_turn(raw)
            runs = list(_as_read(raw, index, turned, (box.left, box.bottom, width, height)))
            if turned % 2:
                width, height = height, width
            return Page(
                index, width, height, (turned - shown) % 4, runs, label, _pictures(page, width * height), _aslant(raw)
            )
        finally:
            self._near.clear()
            page.close()

    def _raw_runs(self, text: Any) -> Iterator[_Raw]:
        """The stretches of one text object each; a leading space says that white space stands before."""
        fast = _fast_functions()
        here = ctypes.cast(text, ctypes.c_void_p).value
        count = min(fast["CountChars"](here), MOST_PAGE_CHARACTERS)
        line = _characters(here, count)
        object_of, about, hidden = fast["GetTextObject"], _About(here), Hidden()
        objects = [object_of(here, i) for i in range(count)]
        line = _with_drawn_breaks(line, objects)
        start, spaced = 0, False
        while start < count:
            target, end = objects[start], start + 1
            while end < count and objects[end] == target and line[end] not in "\r\n":
                end += 1
            part = line[start:end]
            words = part.strip(_BLANK)
            if words and target and not hidden(target):
                first = start + len(part) - len(part.lstrip(_BLANK))
                yield _Raw(
                    " " + words if spaced or first > start else words,
                    *about(first, first + len(words) - 1),
                    self._font(target),
                )
            spaced = part[-1] in _BLANK or (not words and spaced)
            start = end

    def _font(self, target: int) -> int:
        import pypdfium2.raw as pdfium

        address = _fast_functions()["GetFont"](target) or 0
        if address not in self._near:
            buffer = ctypes.create_string_buffer(128)
            if address:
                pdfium.FPDFFont_GetBaseFontName(ctypes.cast(address, pdfium.FPDF_FONT), buffer, 128)
            name = buffer.value.decode("latin-1").split("+")[-1]
            number = self._known.setdefault(name, len(self.fonts))
            if number == len(self.fonts):
                self.fonts.append(font_named(name))
            self._near[address] = number
        return self._near[address]


class _Raw(NamedTuple):
    text: str
    left: float
    right: float
    bottom: float
    top: float
    x: float
    y: float
    size: float
    along: tuple[float, float]
    font: int


class _About:
    """Where a stretch of characters stands, in which size and direction; its buffers are used again."""

    def __init__(self, text: int | None) -> None:
        self._text, self._fast = text, _fast_functions()
        self._box, self._matrix, self._origin = (ctypes.c_double * 4)(), (ctypes.c_float * 6)(), (ctypes.c_double * 2)()
        at = ctypes.addressof(self._box)
        self._edges = (at, at + 8, at + 16, at + 24)
        self._xy = (ctypes.addressof(self._origin), ctypes.addressof(self._origin) + 8)
        self._turn = ctypes.addressof(self._matrix)

    def __call__(
        self, first: int, last: int
    ) -> tuple[float, float, float, float, float, float, float, tuple[float, float]]:
        fast, text = self._fast, self._text
        fast["GetCharBox"](text, first, *self._edges)
        left, right, bottom, top = self._box
        if last != first:
            fast["GetCharBox"](text, last, *self._edges)
            box = self._box
            left, right, bottom, top = min(left, box[0]), max(right, box[1]), min(bottom, box[2]), max(top, box[3])
        fast["GetMatrix"](text, first, self._turn)
        fast["GetCharOrigin"](text, first, *self._xy)
        a, b, c, d, *_ = self._matrix
        size = fast["GetFontSize"](text, first) * math.hypot(c, d)
        return left, right, bottom, top, *self._origin, size, (a, b)


def _characters(text: int | None, count: int) -> str:
    """The characters of a page, one for each of PDFium's; a hyphen that it found at a line end is ``HYPHEN``."""
    fast = _fast_functions()
    buffer = (ctypes.c_uint16 * (count + 1))()
    written = fast["GetText"](text, 0, count, ctypes.addressof(buffer))
    line = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
    if written == count + 1 and len(line) == count and not _SURROGATE.search(line):
        return line.replace("\0", "\ufffd")
    # Characters without a meaning are left out above, and those beyond 16 bits are two: ask for each.
    codes = [fast["GetUnicode"](text, i) for i in range(count)]
    hyphens = [HYPHEN if c == 2 and fast["IsHyphen"](text, i) == 1 else "" for i, c in enumerate(codes)]
    good = [c if 0 < c < 0xD800 or 0xDFFF < c <= 0x10FFFF else 0xFFFD for c in codes]
    return "".join(hyphen or chr(code) for hyphen, code in zip(hyphens, good, strict=True))


def _with_drawn_breaks(line: str, objects: list[int | None]) -> str:
    """Codes 10 and 13 that are drawn, as U+F00A and U+F00D: some fonts of TeX have ◯, ‖ or "fl" there.

    The line breaks that PDFium itself adds belong to no text object; one among other white space is a blank.
    """
    drawn = [match.start() for match in _BREAK.finditer(line) if objects[match.start()]]
    if not drawn:
        return line
    characters = list(line)
    for at in drawn:
        beside = [i for i in (at - 1, at + 1) if 0 <= i < len(line) and objects[i] == objects[at]]
        if not beside or any(line[i] not in " \t\xa0" for i in beside):
            characters[at] = chr(0xF000 + ord(line[at]))
    return "".join(characters)


def open_pdf(data: bytes) -> Source:
    """Open a PDF, or say why not."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ReadingError("needs a password; save a copy without one") from None
        if "security" in str(error).lower():
            raise ReadingError("is protected in a way not known here; save a copy without protection") from None
        raise ReadingError("is damaged: no PDF pages can be found in it") from None
    if not len(document):
        raise ReadingError("has no pages")
    if len(document) > MOST_PAGES:
        raise ReadingError(f"has {len(document)} pages, more than the {MOST_PAGES} that are read")
    return Source(document, [], {}, {})


@cache
def _fast_functions() -> dict[str, Any]:
    """C functions of PDFium that take plain addresses: three times faster than with pointer objects."""
    import pypdfium2.raw as pdfium

    at, number = ctypes.c_void_p, ctypes.c_int
    kinds: dict[str, tuple[Any, ...]] = {
        "FPDFText_CountChars": (number, at),
        "FPDFText_GetText": (number, at, number, number, at),
        "FPDFText_GetUnicode": (ctypes.c_uint, at, number),
        "FPDFText_IsHyphen": (number, at, number),
        "FPDFText_GetTextObject": (at, at, number),
        "FPDFText_GetCharBox": (number, at, number, at, at, at, at),
        "FPDFText_GetCharOrigin": (number, at, number, at, at),
        "FPDFText_GetMatrix": (number, at, number, at),
        "FPDFText_GetFontSize": (ctypes.c_double, at, number),
        "FPDFTextObj_GetFont": (at, at),
    }
    return {
        name.split("_")[1]: ctypes.CFUNCTYPE(*kind)(ctypes.cast(getattr(pdfium, name), at).value or 0)
        for name, kind in kinds.items()
    }


def _true_sizes(raw: list[_Raw]) -> list[_Raw]:
    """Sizes of fonts drawn glyph by glyph (Type 3, as older TeX wrote), which give theirs as a fraction of a point.

    PDFium does not tell the matrix of such a font; its tallest stretch on the page stands for its size.
    """
    heights: dict[tuple[int, float], float] = {}
    for run in raw:
        if run.size < _TINY:
            at = (run.font, round(run.size, 3))
            tall = run.top - run.bottom if _turn(run.along) in (0, 2) else run.right - run.left
            heights[at] = max(heights.get(at, 0.0), tall)
    if not heights:
        return raw
    return [
        run._replace(size=max(run.size, heights[run.font, round(run.size, 3)])) if run.size < _TINY else run
        for run in raw
    ]


def _turn(along: tuple[float, float]) -> int | None:
    """Quarter turns, counter-clockwise, of a direction; ``None`` where it is aslant."""
    a, b = along
    if abs(b) <= 0.05 * abs(a):
        return 0 if a >= 0 else 2
    if abs(a) <= 0.05 * abs(b):
        return 1 if b > 0 else 3
    return None


def _common_turn(raw: list[_Raw]) -> int:
    counts = [0, 0, 0, 0]
    for run in raw:
        turn = _turn(run.along)
        if turn is not None:
            counts[turn] += len(run.text)
    return counts.index(max(counts))


def _aslant(raw: list[_Raw]) -> int:
    return sum(len(run.text.strip()) for run in raw if _turn(run.along) is None)


def _as_read(raw: list[_Raw], index: int, turned: int, page: tuple[float, float, float, float]) -> Iterator[Run]:
    """The runs that lie along the page's common direction, turned so that it is left to right.

    Words that a program wrote one by one, in the same font on the same line, become one run.
    """
    held: Run | None = None
    for run in raw:
        if _turn(run.along) != turned or not 0.5 <= run.size < 2000:
            continue
        x0, y0 = turn_point(run.left, run.bottom, turned, page)
        x1, y1 = turn_point(run.right, run.top, turned, page)
        _, y = turn_point(run.x, run.y, turned, page)
        if not math.isfinite(x0 + x1 + y0 + y1 + y):
            continue
        x0, x1 = min(x0, x1), max(x0, x1)
        if held is not None:
            alike = held.font == run.font and abs(held.size - run.size) < 0.01 and abs(held.y - y) < 0.02 * run.size
            if alike and -0.2 * run.size <= x0 - held.x1 <= 0.8 * run.size:
                held = Run(held.text + run.text, held.x0, max(held.x1, x1), held.y, held.size, held.font, index)
                continue
            yield held
        held = Run(run.text, x0, x1, y, run.size, run.font, index)
    if held is not None:
        yield held


def turn_point(x: float, y: float, turns: int, page: tuple[float, float, float, float]) -> tuple[float, float]:
    """A point of a page (left, bottom, width, height) after it is turned clockwise by quarter turns."""
    left, bottom, width, height = page
    x, y = x - left, y - bottom
    return ((x, y), (y, width - x), (width - x, height - y), (height - y, x))[turns]


def _pictures(page: Any, area: float) -> float:
    """The share of the page that its largest picture covers; that of a scan is among the first or last objects."""
    import pypdfium2.raw as pdfium

    largest = 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    count = pdfium.FPDFPage_CountObjects(page)
    for i in {*range(min(count, 20)), *range(max(0, count - 20), count)}:
        item = pdfium.FPDFPage_GetObject(page, i)
        if pdfium.FPDFPageObj_GetType(item) in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM) and (
            pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        ):
            largest = max(largest, (right.value - left.value) * (top.value - bottom.value) / area)
    return largest
