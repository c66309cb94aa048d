"""Runs of characters -> lines in reading order, one page at a time. Pure.

Runs that follow one another in the file and on a baseline are a line; raised and lowered small runs
belong to it. Where lines leave a gutter free, the page is read column by column between the lines that
cross it, and each column from top to bottom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from ingest.readers.pdf_fonts import Font
from ingest.readers.pdf_pages import Page, Run

_SMALL = 0.86  # a run under this share of the line's size may be raised or lowered
_NEAR = 1.5  # gaps, in sizes, that consecutive runs of a line may leave
_WIDE = 4.0  # gaps, in sizes, between pieces of a line with no gutter between
_COLUMN_LINES = 6
_COLUMN_CHARACTERS = 14


@dataclass(slots=True)
class Line:
    """Runs on one baseline. ``wide_gaps`` counts gaps so wide that they look like columns of a table."""

    page: int
    runs: list[Run]
    x0: float
    x1: float
    y: float
    size: float
    column: int = 0
    wide_gaps: int = 0
    left: float = 0.0  # the edges of the column it stands in
    right: float = 0.0
    _text: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The words of the line, joined by single spaces."""
        if self._text is None:
            self._text = _joined(self.runs, self.size)
        return self._text

    @property
    def top(self) -> float:
        """The height of its highest letters."""
        return max(run.y + 0.76 * run.size for run in self.runs)

    @property
    def bottom(self) -> float:
        """The depth of its lowest letters."""
        return min(run.y - 0.24 * run.size for run in self.runs)

    def add(self, run: Run) -> None:
        """Append a run at the line's end."""
        if run.size > self.size * 1.05 and len(run.text.strip()) >= len(self.text):
            self.size, self.y = run.size, run.y  # the line began with a raised mark
        self.runs.append(run)
        self.x0, self.x1 = min(self.x0, run.x0), max(self.x1, run.x1)
        self._text = None


def _joined(runs: Sequence[Run], size: float) -> str:
    parts: list[str] = []
    last: Run | None = None
    for run in runs:
        text = run.text
        if last and last.size > 1.6 * run.size and len(last.text.strip()) == 1 and last.text.strip().isupper():
            text = text.lstrip()  # a drop cap and the rest of its word
        elif last and run.x0 - last.x1 > 0.25 * size and not text.startswith(" "):
            parts.append(" ")
        parts.append(text)
        last = run
    return " ".join("".join(parts).split())


def lines_of(pages: Sequence[Page], fonts: Sequence[Font]) -> list[list[Line]]:
    """The lines of each page in reading order."""
    loose = [_in_file_order(page.runs, fonts) for page in pages]
    gutters = [_gutter(lines, *_edges(lines)) if lines else None for lines in loose]
    usual = _usual(gutters) or _margin(loose)
    ordered = []
    for lines, own in zip(loose, gutters, strict=True):
        gutter = own if own is not None or usual is None or not _leaves_free(lines, usual) else usual
        if gutter is None:
            ordered.append(_single(lines, *_edges(lines), 0))
        else:
            ordered.append(_by_columns(_split_at(lines, gutter), gutter, *_edges(lines)))
    return ordered


def _edges(lines: Sequence[Line]) -> tuple[float, float]:
    return min((line.x0 for line in lines), default=0.0), max((line.x1 for line in lines), default=0.0)


def _usual(gutters: Sequence[float | None]) -> float | None:
    """The gutter of a document whose pages mostly have the same one."""
    found = sorted(gutter for gutter in gutters if gutter is not None)
    if len(found) < max(2, 0.25 * len(gutters)):
        return None
    middle = found[len(found) // 2]
    return middle if sum(abs(gutter - middle) < 12 for gutter in found) >= 0.7 * len(found) else None


def _margin(pages: Sequence[Sequence[Line]]) -> float | None:
    """Where a margin with notes begins: right of where running text ends on all pages."""
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    usual = sizes.most_common(1)[0][0] if sizes else 0.0
    ends = sorted(line.x1 for lines in pages for line in lines if len(line.text) >= 25 and abs(line.size - usual) < 0.6)
    if len(ends) < 20:
        return None
    # Running heads may reach over the margin, and ragged lines end anywhere: what nearly all lines keep to counts.
    usual_end = ends[int(0.9 * (len(ends) - 1))]
    edge = max(end for end in ends if end <= usual_end + 0.05 * (usual_end - ends[0]))
    starts = [line.x0 for lines in pages for line in lines if line.x0 > edge + 4 and len(line.text) >= 8]
    return (edge + min(starts)) / 2 if len(starts) >= max(4, 0.5 * len(pages)) else None


def _leaves_free(lines: Sequence[Line], gutter: float) -> bool:
    """Whether a page with few lines in one column still keeps to the document's usual gutter."""
    crossing = sum(line.x1 - line.x0 for line in lines if line.x0 < gutter < line.x1)
    after = [line for line in lines if line.x0 >= gutter]
    return len(after) >= 1 and crossing < 0.3 * sum(line.x1 - line.x0 for line in lines)


def _in_file_order(runs: Iterable[Run], fonts: Sequence[Font]) -> list[Line]:
    lines: list[Line] = []
    line: Line | None = None
    for run in runs:
        if line is not None and _continues(line, run, fonts[run.font].tall):
            line.add(run)
        else:
            line = Line(run.page, [run], run.x0, run.x1, run.y, run.size)
            lines.append(line)
    # A line is as large as most of its characters: a drop cap does not count.
    return [_line(line.runs) if len(line.runs) > 1 else line for line in lines]


def _continues(line: Line, run: Run, tall: bool) -> bool:
    last = line.runs[-1]
    size = max(line.size, run.size)
    if not -0.6 * size <= run.x0 - last.x1 <= _NEAR * size:
        stacked = run.size < _SMALL * line.size and last.size < _SMALL * line.size
        if not (stacked and abs(run.x0 - last.x0) <= 0.5 * size):
            return False
    rise = run.y - line.y
    if tall:
        return abs(rise) <= 1.2 * size
    if run.size < _SMALL * line.size:
        return -0.45 * size <= rise <= 0.75 * size
    if line.size < _SMALL * run.size:  # the line began with a raised mark
        return len(line.runs) <= 2 and -0.75 * size <= rise <= 0.45 * size
    return abs(rise) <= 0.15 * size


def _gutter(lines: Sequence[Line], left: float, right: float) -> float | None:
    """Where a gutter divides the lines into two columns, if one does."""
    width = right - left
    long = [line for line in lines if len(line.text) >= 3]
    if len(long) < 2 * _COLUMN_LINES or width <= 0:
        return None
    edges = Counter(round(line.x0 / 2) * 2 for line in long if 0.2 * width < line.x0 - left < 0.85 * width)
    best: tuple[float, float] | None = None
    for edge, count in edges.most_common(6):
        if count < _COLUMN_LINES - 1:
            break
        found = _divides(long, edge - 2.0, left, right)
        if found is not None and (best is None or found > best):
            best = found
    return best[1] if best else None


def _divides(lines: Sequence[Line], edge: float, left: float, right: float) -> tuple[float, float] | None:
    """How well a gutter left of ``edge`` divides the lines, and where it runs; ``None`` where it does not."""
    after = [line for line in lines if line.x0 >= edge]
    before = [line for line in lines if line.x1 <= edge]
    if min(len(after), len(before)) < _COLUMN_LINES:
        return None
    first_right = max(line.x1 for line in before)
    if any(median(len(line.text) for line in side) < _COLUMN_CHARACTERS for side in (before, after)):
        return None
    if median(line.x1 - line.x0 for line in before) < 0.45 * (edge - left):
        return None
    if median(line.x1 - line.x0 for line in after) < 0.45 * (right - edge):
        return None
    crossing = sum(line.x1 - line.x0 for line in lines if line.x0 < edge < line.x1)
    within = sum(line.x1 - line.x0 for line in (*before, *after))
    low = max(min(line.y for line in before), min(line.y for line in after))
    high = min(max(line.y for line in before), max(line.y for line in after))
    beside = min(sum(low <= line.y <= high for line in side) for side in (before, after))
    if beside < _COLUMN_LINES - 1 or crossing > 1.2 * within:
        return None
    return within - crossing, (min(first_right, edge) + edge + 2.0) / 2


def _split_at(lines: Iterable[Line], gutter: float) -> list[Line]:
    """Lines that join the two columns only because the file has them one after another, cut at the gutter."""
    parts = []
    for line in lines:
        cut = next((i for i in range(1, len(line.runs)) if line.runs[i - 1].x1 <= gutter <= line.runs[i].x0), None)
        gap = line.runs[cut].x0 - line.runs[cut - 1].x1 if cut else 0.0
        if cut and gap > 0.9 * line.size:
            parts += [_line(line.runs[:cut]), _line(line.runs[cut:])]
        else:
            parts.append(line)
    return parts


def _line(runs: list[Run]) -> Line:
    weights: Counter[tuple[float, float]] = Counter()
    for run in runs:
        weights[run.size, run.y] += len(run.text)
    size, y = max(weights, key=lambda key: (weights[key], key))
    return Line(runs[0].page, runs, min(r.x0 for r in runs), max(r.x1 for r in runs), y, size)


def _by_columns(lines: Sequence[Line], gutter: float, left: float, right: float) -> list[Line]:
    crossing = sorted((line for line in lines if line.x0 < gutter < line.x1), key=lambda line: -line.y)
    sides = [[line for line in lines if line.x1 <= gutter], [line for line in lines if line.x0 >= gutter]]
    ordered: list[Line] = []
    wide = _single(crossing, left, right, 0)
    top = float("inf")
    for cross in [*wide, None]:
        bottom = cross.y if cross else float("-inf")
        for number, side in enumerate(sides, 1):
            band = [line for line in side if bottom < line.y <= top]
            edges = (left, gutter) if number == 1 else (gutter, right)
            last = ordered[-1] if ordered else None
            if number == 1 and last and len(band) == 1 and last.y - band[0].y < 1.6 * last.size and last.column == 0:
                edges, ordered_as = (left, right), 0  # the short last line of a paragraph across both columns
            else:
                ordered_as = number
            ordered += _single(band, *edges, ordered_as)
        if cross:
            ordered.append(cross)
        top = bottom
    return ordered


def _single(lines: Sequence[Line], left: float, right: float, column: int) -> list[Line]:
    """Lines of one column from top to bottom, pieces of one line joined."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (-line.y, line.x0)):
        if rows and abs(rows[-1][0].y - line.y) <= 0.2 * min(rows[-1][0].size, line.size):
            rows[-1].append(line)
        else:
            rows.append([line])
    ordered: list[Line] = []
    for row in rows:
        row.sort(key=lambda line: line.x0)
        pieces = [row[0]]
        for line in row[1:]:
            gap = line.x0 - pieces[-1].x1
            similar = min(line.size, pieces[-1].size) > 0.6 * max(line.size, pieces[-1].size)
            if -0.3 * line.size <= gap <= _WIDE * line.size and similar:
                merged = _line(pieces[-1].runs + line.runs)
                merged.wide_gaps = pieces[-1].wide_gaps + line.wide_gaps + (gap > _NEAR * line.size)
                pieces[-1] = merged
            else:
                pieces.append(line)
        ordered += pieces
    for line in ordered:
        line.left, line.right, line.column = left, right, column
    return ordered
