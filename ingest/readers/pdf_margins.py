"""What repeats at the edge of the pages: running heads and feet out, printed page numbers kept. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ingest.readers.pdf_lines import Line
from ingest.readers.pdf_pages import Page

_NEIGHBOURS = 3
_SAME_HEIGHT = 4.0
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.I)
_NUMBER = r"(?:\d{1,4}|[ivxlc]{1,7})"
_NUMBER_ONLY = re.compile(
    rf"(?:[-–—|\[(]?\s*(?:page|p\.|slide)?\s*({_NUMBER})(?:\s*(?:/|of|–|-)\s*\d+)?\s*[-–—|\])]?)", re.I
)
_NUMBER_FIRST = re.compile(rf"({_NUMBER})(?=\s+\D)", re.I)
_NUMBER_LAST = re.compile(rf"(?<=\D)\s+[-–|]?\s*({_NUMBER})", re.I)
_DIGITS = re.compile(r"\d+")

Offset = tuple[str, int]


def without_margins(pages: Sequence[Page], lines: Sequence[list[Line]]) -> tuple[list[list[Line]], list[str | None]]:
    """The lines without running heads, feet and page numbers, and the printed number of each page."""
    edges = [list(_edge_lines(page, found)) for page, found in zip(pages, lines, strict=True)]
    offsets = _offsets(edges)
    repeated = _repeated(pages, edges)
    heights = _common_heights(pages, edges, offsets)
    kept, labels = [], _labels(pages, edges, offsets)
    for index, found in enumerate(lines):
        out: set[int] = set()
        gone: list[float] = []
        for line in edges[index]:
            at = (round(line.y / _SAME_HEIGHT), line.y > pages[index].height / 2)
            numbered = any(offset in offsets for offset, _ in _numbers(line.text, index))
            alone = bool(_NUMBER_ONLY.fullmatch(line.text))
            if id(line) in repeated or (numbered and (alone or at in heights)) or (alone and len(pages) == 1):
                out.add(id(line))
                gone.append(line.y)
        # What stands beside a page number, such as the title of the section, goes with it.
        out |= {id(line) for line in edges[index] if any(abs(line.y - y) <= 2 for y in gone)}
        kept.append([line for line in found if id(line) not in out])
    return kept, labels


def _edge_lines(page: Page, lines: Sequence[Line]) -> Iterator[Line]:
    """The lines on the two outermost heights, at the top and at the bottom, within a sixth of the page."""
    heights = sorted({round(line.y, 1) for line in lines})
    merged: list[float] = []
    for height in heights:
        if not merged or height - merged[-1] > 2:
            merged.append(height)
    outer = [h for h in merged[:2] if h < page.height / 6] + [h for h in merged[-2:] if h > page.height * 5 / 6]
    for line in lines:
        if any(abs(line.y - height) <= 2 for height in outer):
            yield line


def _numbers(text: str, index: int) -> Iterator[tuple[Offset, str]]:
    """Printed numbers that a line may hold, each as the distance to the page's index."""
    text = text.strip()
    match = _NUMBER_ONLY.fullmatch(text)
    found = [match] if match else [_NUMBER_FIRST.match(text), *list(_NUMBER_LAST.finditer(text))[-1:]]
    for match in found:
        if match is None or (match.re is _NUMBER_LAST and match.end() != len(text)):
            continue
        written = match[1]
        if written.isdigit():
            yield ("arabic", int(written) - index), written
        elif (value := _roman(written)) is not None:
            yield ("roman", value - index), written


def _roman(text: str) -> int | None:
    if not text or not _ROMAN.fullmatch(text):
        return None
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}[c] for c in text.lower()]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))


def _offsets(edges: Sequence[list[Line]]) -> set[Offset]:
    """The distances between printed number and index that hold over several pages."""
    votes: Counter[Offset] = Counter()
    for index, lines in enumerate(edges):
        votes.update({offset for line in lines for offset, _ in _numbers(line.text, index)})
    needed = min(3, max(2, len(edges)))
    return {offset for offset, count in votes.items() if count >= max(needed, 0.04 * len(edges))}


def _labels(pages: Sequence[Page], edges: Sequence[list[Line]], offsets: set[Offset]) -> list[str | None]:
    """The printed number where one is seen, or where both neighbours agree on it; else the file's own label."""
    seen: list[tuple[Offset, str] | None] = []
    for index, lines in enumerate(edges):
        found = [item for line in lines for item in _numbers(line.text, index) if item[0] in offsets]
        found.sort(key=lambda item: item[0][0] != "arabic")
        seen.append(found[0] if found else None)
    labels: list[str | None] = []
    for index, page in enumerate(pages):
        own = seen[index]
        before = next((s[0] for s in reversed(seen[:index]) if s), None)
        after = next((s[0] for s in seen[index + 1 :] if s), None)
        if own:
            labels.append(own[1])
        elif after and after[0] == "arabic" and before in (after, None) and after[1] + index >= 1:
            labels.append(str(after[1] + index) if before or index < _NEIGHBOURS else page.label)
        else:
            labels.append(page.label)
    return labels


def _repeated(pages: Sequence[Page], edges: Sequence[list[Line]]) -> set[int]:
    """Lines whose words stand at the same height of another page nearby."""
    where: dict[tuple[str, int, bool], list[tuple[int, Line]]] = defaultdict(list)
    for index, lines in enumerate(edges):
        for line in lines:
            words = _DIGITS.sub("#", line.text).casefold()
            where[words, round(line.y / _SAME_HEIGHT), line.y > pages[index].height / 2].append((index, line))
    found = set()
    for (words, *_), places in where.items():
        if len(places) < (3 if len(pages) > 3 else 2) or not re.search(r"\w|#", words):
            continue
        for i, (index, line) in enumerate(places):
            near = [other for other, _ in places[max(0, i - 1) : i + 2] if other != index]
            if any(abs(other - index) <= _NEIGHBOURS for other in near):
                found.add(id(line))
    return found


def _common_heights(pages: Sequence[Page], edges: Sequence[list[Line]], offsets: set[Offset]) -> set[tuple[int, bool]]:
    """Heights (and whether at the top) at which a quarter of the pages print their number among other words."""
    counts: Counter[tuple[int, bool]] = Counter()
    for index, (page, lines) in enumerate(zip(pages, edges, strict=True)):
        numbered = [line for line in lines if any(offset in offsets for offset, _ in _numbers(line.text, index))]
        counts.update({(round(line.y / _SAME_HEIGHT), line.y > page.height / 2) for line in numbered})
    return {height for height, count in counts.items() if count >= max(3, len(edges) / 4)}
