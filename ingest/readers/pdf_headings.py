"""Which lines are headings, and how deep: from the outline, else from size, weight and numbers. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ingest.readers.blocks import is_reference_heading
from ingest.readers.pdf_lines import Line
from ingest.readers.pdf_pages import Entry
from ingest.readers.pdf_parts import is_contents
from ingest.readers.pdf_styles import Look, Style

_NUMBER = re.compile(r"(?:(?:Chapter|Section|Lecture|Appendix|§)\s*)?((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)[.:)]?\s+(?=\S)")
_CHAPTER = re.compile(r"(?:Chapter|Part|Lecture|Appendix|Lesson)\s+(?:[\dIVX]+|[A-Z])\.?:?", re.I)
_CAPTION = re.compile(
    r"(?:Figure|Fig\.|Table|Algorithm|Listing|Theorem|Lemma|Proof|Definition|Corollary|Proposition)\b", re.I
)
_PLAIN = re.compile(
    r"(?:abstract|introduction|conclusions?|acknowledge?ments?|references|bibliography|summary|discussion|appendix)",
    re.I,
)
_CONTENTS = re.compile(r"(?:table of )?contents|list of (?:figures|tables)", re.I)
_MOST_LINES = 3
_MOST_CHARACTERS = 160


def heading_levels(
    pages: Sequence[list[Line]], outline: Sequence[Entry], look: Look, styles: Mapping[int, Style]
) -> tuple[dict[int, int], str | None]:
    """The level of each heading's lines by ``id``, and the title on the first page if there is one."""
    levels = _from_outline(pages, outline)
    title = _title(pages, look, levels)
    found = {id(line): line for lines in pages for line in _by_look(lines, look, styles, levels, title)}
    firm = [line for lines in pages for line in lines if id(line) in levels or (id(line) in found and _is_firm(line))]
    if len(levels) >= 5 and max(levels.values()) >= 2:
        # A full outline knows the headings; only numbered ones below it and the usual plain ones are added.
        deepest = max(levels.values())
        found = {
            at: line for at, line in found.items() if _depth(line.text) > deepest or _is_plain(line) or at in title
        }
    elif len(firm) >= 5:
        found = _like(firm, found, pages, styles, title)
    by_look = _levels_by_look(found, pages, levels, styles)
    return {**by_look, **levels}, " ".join(line.text for line in title.values()) or None


def _is_plain(line: Line) -> bool:
    return bool(_PLAIN.fullmatch(line.text.strip(" :.")))


def _is_firm(line: Line) -> bool:
    return bool(_depth(line.text)) or bool(_CHAPTER.fullmatch(line.text))


def _like(
    firm: Sequence[Line],
    found: Mapping[int, Line],
    pages: Sequence[list[Line]],
    styles: Mapping[int, Style],
    title: Mapping[int, Line],
) -> dict[int, Line]:
    """Of the lines that look like headings those that are numbered, or set like those: not the words of figures."""
    fonts = {styles[id(line)].font for line in firm}
    kept: dict[int, Line] = {}
    for lines in pages:
        before: Line | None = None
        for line in lines:
            at = id(line)
            if at in found:
                follows = before is not None and bool(_CHAPTER.fullmatch(before.text)) and id(before) in kept
                same = styles[at].font in fonts and (line.page > 0 or not title)
                if _is_firm(line) or _is_plain(line) or same or follows or at in title:
                    kept[at] = line
                    fonts |= {styles[at].font} if follows else set()
            before = line
    return kept


def _from_outline(pages: Sequence[list[Line]], outline: Sequence[Entry]) -> dict[int, int]:
    """The lines that an outline's titles name, on the page where it points or the one behind."""
    levels: dict[int, int] = {}
    letters: dict[int, list[tuple[str, str]]] = {}
    for entry in outline:
        wanted, bare = _letters(entry.title), _letters(_unnumbered(entry.title))
        for page in (entry.page, entry.page + 1):
            if page >= len(pages) or len(wanted) < 2:
                continue
            if page not in letters:
                letters[page] = [(_letters(line.text), _letters(_unnumbered(line.text))) for line in pages[page]]
            first, count = _named(letters[page], wanted, bare, [id(line) in levels for line in pages[page]])
            levels.update({id(line): entry.level + 1 for line in pages[page][first : first + count]})
            if count:
                break
    return levels


def _named(lines: Sequence[tuple[str, str]], wanted: str, bare: str, taken: Sequence[bool]) -> tuple[int, int]:
    """The first line and the number of lines that a title names; zero lines where none do."""
    for i, (full, plain) in enumerate(lines):
        if taken[i] or not full or not (wanted.startswith(full) or (plain and bare.startswith(plain))):
            continue
        for count in range(1, _MOST_LINES + 1):
            rest = "".join(item for item, _ in lines[i + 1 : i + count])
            if full + rest == wanted or (len(bare) >= 3 and plain + rest == bare):
                return i, count
    return 0, 0


def _unnumbered(text: str) -> str:
    number = _NUMBER.match(text) or _CHAPTER.match(text)
    return text[number.end() :] if number else text


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _title(pages: Sequence[list[Line]], look: Look, levels: dict[int, int]) -> dict[int, Line]:
    """The largest lines of the first page, if they are much larger than the text and stand in its upper half."""
    lines = [line for line in (pages[0] if pages else []) if sum(c.isalpha() for c in line.text) >= 4]
    if not lines:
        return {}
    largest = max(line.size for line in lines)
    if largest < 1.25 * look.size:
        return {}
    top = max(line.y for line in lines)
    found = [line for line in lines if line.size > 0.97 * largest and line.y > 0.35 * top]
    if not 1 <= len(found) <= 4 or any(id(line) in levels for line in found) or (len(pages) == 1 and len(lines) < 6):
        return {}
    return {id(line): line for line in found}


def _by_look(
    lines: Sequence[Line], look: Look, styles: Mapping[int, Style], known: Mapping[int, int], title: Mapping[int, Line]
) -> Iterator[Line]:
    """Lines of a page that look like headings: larger, bold or numbered in another font, short, standing alone."""
    contents = is_contents(lines)
    before: Line | None = None  # the heading in the line above
    for i, line in enumerate(lines):
        above, before = before, None
        text, style = line.text.strip(), styles[id(line)]
        if id(line) in known or len(text) > _MOST_CHARACTERS or (contents and not _CONTENTS.fullmatch(text)):
            continue
        if id(line) in title:
            yield line
            continue
        if line.size < 0.95 * look.size or (text.endswith((".", ",", ";")) and not text[-2:-1].isdigit()):
            continue
        numbered = bool(_NUMBER.match(text)) and (text[-1:].isalnum() or text.endswith((")", "?", "-")))
        if (
            style.formula
            or style.mono
            or style.words < 1
            or _CAPTION.match(text)
            or (style.symbols > 0.45 and not numbered)
        ):
            continue
        large = line.size >= 1.12 * look.size
        plain = _is_plain(line) and (style.foreign or text.isupper())
        marked = (style.bold or (numbered and style.foreign)) and text[:1].isalnum() and not text[:1].islower()
        goes_on = above is not None and styles[id(above)].font == style.font and _below(above, line, look)
        if large or goes_on or ((plain or marked) and _alone(lines, i, look, numbered and style.bold)):
            yield line
            before = line


def _below(above: Line, line: Line, look: Look) -> bool:
    """Whether a line is the next one of a heading of several lines."""
    return (
        abs(above.size - line.size) < 0.3 and above.column == line.column and 0 < above.y - line.y < 1.5 * look.leading
    )


def _alone(lines: Sequence[Line], i: int, look: Look, sure: bool) -> bool:
    """Whether more than the usual distance parts a line from the one above, and (unless ``sure``) it ends early."""
    line = lines[i]
    above = lines[i - 1] if i and lines[i - 1].column == line.column else None
    apart = above is None or above.y - line.y > 1.25 * look.leading or above.y < line.y or above.size > 1.1 * line.size
    ends_early = line.x1 < line.right - 0.08 * (line.right - line.left)
    return apart and (ends_early or sure)


def _depth(text: str) -> int:
    number = _NUMBER.match(text)
    if not number or (number[1].isalpha() and not text.startswith(("Appendix", "Chapter"))):
        return 0
    return number[1].count(".") + 1


def _levels_by_look(
    found: Mapping[int, Line], pages: Sequence[list[Line]], known: Mapping[int, int], styles: Mapping[int, Style]
) -> dict[int, int]:
    """Levels by the depth of numbers; of unnumbered headings as of those that look alike, else by size."""
    looks: dict[tuple[float, bool], Counter[int]] = defaultdict(Counter)
    for lines in pages:
        for line in lines:
            if level := known.get(id(line)) or (_depth(line.text) if id(line) in found else 0):
                looks[round(line.size), styles[id(line)].bold][level] += 1
    sizes = sorted({round(line.size) for line in found.values()}, reverse=True)
    levels: dict[int, int] = {}
    before: Line | None = None
    for at, line in found.items():
        above, before = before, line
        alike = looks.get((round(line.size), styles[at].bold))
        if (
            above
            and above.page == line.page
            and not _is_firm(line)
            and _below(above, line, Look(line.size, 1.3 * line.size, 0))
        ):
            levels[at] = levels[id(above)]
        elif depth := _depth(line.text):
            levels[at] = depth
        elif alike:
            levels[at] = alike.most_common(1)[0][0]
        elif is_reference_heading(line.text) or _is_plain(line) or _CHAPTER.fullmatch(line.text):
            levels[at] = 1
        else:
            smaller = [level for (size, _), counts in looks.items() if size > line.size + 0.5 for level in counts]
            larger = [level for (size, _), counts in looks.items() if size < line.size - 0.5 for level in counts]
            if smaller:
                levels[at] = max(smaller) + 1
            elif larger:
                levels[at] = max(1, min(larger) - 1)
            else:
                levels[at] = min(1 + sizes.index(round(line.size)), 4)
    return levels
