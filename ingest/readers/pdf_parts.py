"""Lines -> parts: paragraphs, headings, captions, footnotes, formulas, tables and code, in reading order. Pure.

A paragraph goes on over a column or a page; what stands between (captions, footnotes, figures' words)
waits until it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.documents import MarkKind
from ingest.readers.pdf_lines import Line
from ingest.readers.pdf_pages import HYPHEN
from ingest.readers.pdf_styles import RELATION, Look, Style

_CAPTION = re.compile(
    r"(?:Figure|Fig\.|FIGURE|FIG\.|Table|TABLE|Algorithm|ALGORITHM|Listing|Scheme|Plate|Chart|Exhibit)\s*"
    r"(?:[A-Z]?\d+(?:[.\-–]\d+)*[a-z]?|[IVX]+)\b(?P<sign>\s*[:.|—–])?"
)
_FOOTNOTE = re.compile(
    r"(?:\d{1,3}|[*∗†‡§¶‖#])[\s.):]*\S|Permission to|(?:Copyright|©)\s|Manuscript received|Proceedings of|Preprint\b"
)
_BULLET = re.compile(r"(?:[•·▪◦‣∙●○■–—►✓*-]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\[\d+\]|\(?[ivx]{1,4}[.)])\s")
_LEADERS = re.compile(r"(?:\.\s?){4,}[\divxlc]*\s*$")
_INDEX_ENTRY = re.compile(r".{2,60}?,\s\d+(?:[–-]\d+)?(?:,\s\d+(?:[–-]\d+)?)*$")
_NUMBERED = re.compile(
    r"(?:(?:Chapter|Section|Lecture|Part|Appendix|§)\s*)?(\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[IVX]{1,5}|[A-Z])[.:)]?\s+\S"
)
_CHAPTER = re.compile(r"(?:Chapter|Part|Lecture|Appendix|Lesson|Week|Unit)\s+(?:[\dIVX]+|[A-Z])\.?:?", re.I)
_ENDS = (".", "?", "!", ":", ";", "”", ".)", ".”", "…")
_FIGURES = re.compile(r"[-−+±(]?[\d.,]*\d[\d.,]*[)%†*∗]?")
_LEADS_TO_FORMULA = re.compile(
    r"(?:\b(?:by|as|that|form|is|are|be|gives?|given|have|has|to|where|follows|obtains?|get|with|and|or|of|if|then|yields?|when|"
    r"equation|function|becomes|for|find|write|=)|,)$"
)
_CODE_WORDS = re.compile(
    r"(?:\d+:|(?:Require|Ensure|Input|Output|Initiali[sz]e|for|while|if|else|end|return|repeat|until|loop|procedure|function|"
    r"compute|update|sample|set|do|choose|take|observe|execute|perform|store|generate)\b)",
    re.I,
)


@dataclass(slots=True)
class Part:
    """Lines that belong together. ``kind`` is ``None`` for running text; ``level`` is a heading's (1 is the highest)."""

    lines: list[Line]
    kind: MarkKind | None = None
    level: int = 0

    @property
    def size(self) -> float:
        """The size of its first line."""
        return self.lines[0].size


def parts_of(lines: Sequence[Line], look: Look, styles: dict[int, Style], levels: dict[int, int]) -> list[Part]:
    """The parts of one page. ``levels`` holds the levels of lines known to be headings, by ``id``."""
    contents = is_contents(lines)
    parts: list[Part] = []
    for line in _without_scraps(lines, styles, look):
        style = styles[id(line)]
        kind = _kind_of(line, style, look)
        if (
            contents
            and kind is None
            and (line.x1 < line.left + 0.7 * (line.right - line.left) or line.text[-1:].isdigit())
        ):
            kind = "table"  # an entry without dots
        level = levels.get(id(line), 0)
        part = parts[-1] if parts else None
        if part and _goes_on(part, line, kind, level, style, styles, look):
            part.lines.append(line)
        else:
            parts.append(Part([line], "heading" if level else kind, level))
    _mark_footnotes(parts, look)
    _mark_margin(parts)
    for part in parts:
        _settle(part, styles, look)
    _mark_algorithms(parts)
    return parts


def is_contents(lines: Sequence[Line]) -> bool:
    """Whether a page is a table of contents: many of its lines end in dots and a number."""
    return sum(bool(_LEADERS.search(line.text)) for line in lines) >= max(4, 0.3 * len(lines))


def _without_scraps(lines: Sequence[Line], styles: dict[int, Style], look: Look) -> Iterator[Line]:
    """Lines, with the scraps of a formula that hang on a line of running text taken into that line."""
    before: Line | None = None
    for line in lines:
        scrap = styles[id(line)].formula and len(line.text) <= 6 and line.size <= 1.02 * look.size
        if (
            before is not None
            and scrap
            and styles[id(before)].words >= 3
            and 0 <= before.y - line.y < 0.75 * look.leading
            and before.x0 <= line.x0
            and line.x1 <= before.x1 + 2 * look.size
            and before.column == line.column
        ):
            at = next((i for i, run in enumerate(before.runs) if run.x0 > line.x0), len(before.runs))
            first = line.runs[0]
            before.runs[at:at] = [first._replace(text=" " + first.text.lstrip()), *line.runs[1:]]
            before.x1 = max(before.x1, line.x1)
            before._text = None
            continue
        yield line
        before = line


def _kind_of(line: Line, style: Style, look: Look) -> MarkKind | None:
    if style.mono:
        return None if "://" in line.text or "@" in line.text or "www." in line.text else "code"
    if _LEADERS.search(line.text):
        return "table"
    if style.formula and (line.x0 > line.left + 1.2 * look.size or line.size < 0.8 * look.size or style.words == 0):
        return "formula"
    match = _CAPTION.match(line.text)
    if match and (match["sign"] or line.size < 0.95 * look.size or style.opens_bold):
        return "caption"
    return None


def _goes_on(
    part: Part, line: Line, kind: MarkKind | None, level: int, style: Style, styles: dict[int, Style], look: Look
) -> bool:
    """Whether a line continues a part of the same page."""
    last = part.lines[-1]
    gap = last.y - line.y
    leading = max(look.leading * min(1.6, line.size / look.size), 1.05 * line.size)
    if part.kind == "heading" or level:
        if _CHAPTER.fullmatch(last.text) and part.kind == "heading" and level and len(part.lines) == 1:
            return 0 < gap < 6 * leading  # "Chapter 6" and its title are one heading
        return part.kind == "heading" and level == part.level and level > 0 and 0 <= gap < 1.7 * leading
    if part.kind in ("formula", "code") or kind in ("formula", "code"):
        if part.kind is None and kind == "formula" and _ends_paragraph(part, line, gap, leading):
            return True
        if part.kind == kind:
            return abs(gap) < 3.2 * leading and last.column == line.column
        return part.kind == "code" and kind == "formula" and abs(gap) < 1.4 * leading
    if kind == "table" or part.kind == "table":
        return kind == part.kind
    if kind == "caption" or last.column != line.column or gap < -0.5 * leading:
        return False
    if abs(last.size - line.size) > 0.09 * look.size and not _shares_row(last, line):
        return False
    if gap > 1.42 * leading or _shares_row(last, line) != (abs(gap) < 0.3 * line.size):
        return False
    before = styles[id(last)]
    if (
        before.bold != style.bold
        and (before.bold or style.bold)
        and len(part.lines) <= 2
        and last.x1 < last.right - 4 * line.size
    ):
        return False
    if part.kind == "caption":
        return gap <= 1.25 * leading
    return not _begins(part, line, look)


def _ends_paragraph(part: Part, line: Line, gap: float, leading: float) -> bool:
    """Whether a line without words, such as "(1996).", is the last line of a paragraph."""
    return (
        not RELATION.search(line.text)
        and len(line.text) <= 30
        and 0 < gap <= 1.3 * leading
        and line.column == part.lines[-1].column
        and (abs(line.x0 - min(part.lines[-1].x0, part.lines[0].x0)) < 3 or _hangs(part, line))
        and not part.lines[-1].text.endswith((".", "?", "!", ":"))
    )


def _hangs(part: Part, line: Line) -> bool:
    """Whether a line stands where the second line of a list's item would."""
    return bool(_BULLET.match(part.lines[0].text)) and 0 < line.x0 - part.lines[0].x0 < 3 * line.size


def _shares_row(last: Line, line: Line) -> bool:
    return abs(last.y - line.y) < 0.3 * line.size


def _begins(part: Part, line: Line, look: Look) -> bool:
    """Whether a line begins a paragraph: a bullet, an indent, or the line before ended early."""
    last = part.lines[-1]
    if _BULLET.match(line.text) and last.text.endswith(_ENDS) | (line.x0 < last.x0 - 1) | (
        abs(line.x0 - part.lines[0].x0) < 2
    ):
        return bool(_BULLET.match(part.lines[0].text)) or last.text.endswith(_ENDS)
    edge = min(item.x0 for item in part.lines)
    indent = line.x0 - edge
    ended = last.text.endswith(_ENDS)
    short = last.x1 < last.right - 0.18 * (last.right - last.left)
    if 0.7 * look.size < indent < 4 * look.size and ended and len(part.lines) >= 1:
        # A list's later lines are indented as well: the second line of a part tells.
        hanging = len(part.lines) >= 2 and part.lines[1].x0 - part.lines[0].x0 > 0.7 * look.size
        return not hanging and not (len(part.lines) == 1 and _BULLET.match(part.lines[0].text))
    if indent < -0.7 * look.size and len(part.lines) >= 2 and ended:
        return True
    hangs = len(part.lines) >= 2 and part.lines[-1].x0 - part.lines[0].x0 > 0.7 * look.size
    if (
        hangs
        and (ended or last.text[-1:].isdigit())
        and line.x0 < last.x0 - 0.7 * look.size
        and abs(line.x0 - part.lines[0].x0) < 2
    ):
        return True
    return short and ended and line.text[:1].isupper()


def _mark_footnotes(parts: list[Part], look: Look) -> None:
    """Small text at the foot of a column, below running text, that begins with a mark."""
    for column in {part.lines[0].column for part in parts}:
        found = [part for part in parts if part.lines[0].column == column]
        if not any(part.size >= 0.97 * look.size for part in found):
            continue
        foot = []
        for part in reversed(found):
            if part.size > 0.93 * look.size or part.kind not in (None, "formula", "code"):
                break
            foot.append(part)
        marked_ = [i for i, part in enumerate(foot) if _FOOTNOTE.match(part.lines[0].text)]
        for part in foot[: marked_[-1] + 1] if marked_ else ():
            part.kind = "footnote"


def _mark_margin(parts: Sequence[Part]) -> None:
    """Notes in a margin, which is a column much narrower than the other."""
    widths = {part.lines[0].column: part.lines[0].right - part.lines[0].left for part in parts if part.lines[0].column}
    for part in parts:
        width = widths.get(part.lines[0].column)
        if width is not None and part.kind is None and width < 0.62 * max(widths.values()):
            part.kind = "footnote"


def _settle(part: Part, styles: dict[int, Style], look: Look) -> None:
    """Mark what is no running text though its lines look like it: words of figures, tables, indexes."""
    lines = part.lines
    if part.kind == "formula" and not any(styles[id(line)].math or RELATION.search(line.text) for line in lines):
        part.kind = "table"  # numbers at the axes of a figure
    if part.kind is not None:
        return
    words = sum(styles[id(line)].words for line in lines)
    text = " ".join(line.text for line in lines)
    ended = text.endswith(_ENDS) or lines[-1].text.endswith((HYPHEN, "-", ","))
    foreign = all(styles[id(line)].foreign for line in lines)
    pieces = text.split()
    in_columns = len(lines) >= 2 and sum(line.wide_gaps > 0 for line in lines) >= 0.5 * len(lines)
    figures = sum(len(piece) == 1 or bool(_FIGURES.fullmatch(piece)) for piece in pieces)
    alone = len(lines) == 1 and len(pieces) <= 2 and len(text) <= 25 and not ended and not _BULLET.match(text)
    if in_columns or alone or (len(pieces) >= 6 and figures > 0.5 * len(pieces)):
        part.kind = "table"
    elif len(lines) >= 4 and sum(bool(_INDEX_ENTRY.match(line.text)) for line in lines) >= 0.6 * len(lines):
        part.kind = "reference"
    elif (lines[0].size < 0.9 * look.size or foreign) and words <= 4 * len(lines) and not ended:
        part.kind = "table"
    elif (words == 0 and not ended) or (
        words <= 1
        and len(text) < 40
        and not ended
        and sum(styles[id(line)].symbols for line in lines) > 0.3 * len(lines)
    ):
        part.kind = "formula"


def _mark_algorithms(parts: Sequence[Part]) -> None:
    """Algorithms: what follows their caption as long as it looks like steps, and what does so by itself."""
    open_ = False
    for part in parts:
        if part.kind == "caption":
            open_ = part.lines[0].text.lower().startswith(("algorithm", "listing"))
        elif open_ and part.kind is None:
            open_ = _steps(part) >= 0.4
            part.kind = "code" if open_ else None
        elif part.kind is None and len(part.lines) >= 3 and _steps(part) >= 0.6:
            part.kind = "code"
        elif part.kind == "heading":
            open_ = False


def _steps(part: Part) -> float:
    """The share of lines that look like steps of an algorithm."""
    return sum(bool(_CODE_WORDS.match(line.text)) or "←" in line.text for line in part.lines) / len(part.lines)


def flow(pages: Iterable[Sequence[Part]]) -> list[Part]:
    """The parts of all pages, paragraphs joined over columns and pages, what interrupts them put behind."""
    parts: list[Part] = []
    waiting: list[Part] = []
    open_: Part | None = None
    for found in pages:
        for part in found:
            if open_ is not None and (
                part.kind in ("caption", "footnote", "table", "code") or _of_a_figure(open_, part)
            ):
                waiting.append(part)
                continue
            if open_ is not None and part.kind is None and _resumes(open_, part):
                open_.lines += part.lines
            else:
                parts += waiting
                waiting = []
                parts.append(part)
                open_ = part if part.kind is None else None
            if open_ is not None and not _is_open(open_):
                parts += waiting
                waiting, open_ = [], None
    return parts + waiting


def _of_a_figure(open_: Part, part: Part) -> bool:
    """Whether a formula on a later page stands in a figure, not in the sentence that goes on there."""
    later = part.lines[0].page > open_.lines[-1].page
    return part.kind == "formula" and later and not _LEADS_TO_FORMULA.search(open_.lines[-1].text)


def _is_open(part: Part) -> bool:
    text = part.lines[-1].text
    return not text.endswith((".", "?", "!", ":", ".”", ".)", "?”", "…")) and len(text) > 1


def _resumes(open_: Part, part: Part) -> bool:
    """Whether a part in another column or on another page goes on with a sentence that had not ended."""
    last, first = open_.lines[-1], part.lines[0]
    if last.page == first.page and last.column == first.column:
        return last.y - first.y < 0  # a column that is read on from its top, as between bands
    if abs(last.size - first.size) > 0.09 * last.size or _BULLET.match(first.text):
        return False
    full = last.x1 > last.right - 0.25 * (last.right - last.left)
    begins = first.text[:1]
    return last.text.endswith((HYPHEN, "-", ",")) or begins.islower() or (full and not last.text.endswith(";"))
