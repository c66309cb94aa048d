"""How lines look: size, fonts and kinds of characters, of one line and of a whole document. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.readers.pdf_fonts import Font
from ingest.readers.pdf_lines import Line

_WORD = re.compile(r"[^\W\d_]{3,}")
_SYMBOLS = re.compile(r"[=<>≤≥≈∼≡∝±×·∗∑∏∫√∂∇∈∞→←↔⇒⇔∀∃¬∪∩⊂⊆⊙⊗⊕|‖^{}\[\]()+−/\d\u0370-\u03ff\ufffd,;:.′ˆ˜¯]")
#: Signs that a formula states something with.
RELATION = re.compile(r"[=<>≤≥≈∼≡∝→←⇒⇔∈+−]|:=")
_FUNCTION_LIST = (
    "exp log sin cos tan tanh max min arg argmax argmin lim sup inf det diag rank sgn sign var cov for where and otherwise "
    "subject with not mod softmax relu trace vec dim span null std if such that all"
)
_FUNCTIONS = frozenset(_FUNCTION_LIST.split())


@dataclass(frozen=True, slots=True)
class Look:
    """How the running text of a document looks: size and distance of lines in points, and its font."""

    size: float
    leading: float
    font: int


@dataclass(slots=True)
class Style:
    """What a line is made of, by its fonts and characters."""

    bold: bool
    mono: bool
    foreign: bool  # nothing of it is in the font of running text
    words: int
    symbols: float  # the share of mathematical characters
    math: float  # the share of characters in mathematical fonts
    font: int  # the font of most of it
    opens_bold: bool
    formula: bool = field(default=False)


def look_of(pages: Iterable[Sequence[Line]]) -> Look:
    """The most common size, line distance and font of a document."""
    sizes: Counter[float] = Counter()
    fonts: Counter[int] = Counter()
    gaps: Counter[float] = Counter()
    for lines in pages:
        for before, line in zip([None, *lines], lines, strict=False):
            sizes[round(line.size * 4) / 4] += len(line.text)
            for run in line.runs:
                fonts[run.font] += len(run.text)
            if (
                before
                and before.column == line.column
                and abs(before.size - line.size) < 0.3
                and 0 < before.y - line.y < 60
            ):
                gaps[round((before.y - line.y) * 2) / 2] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    leading = next((gap for gap, _ in gaps.most_common(3) if 0.9 * size <= gap <= 2.6 * size), 1.2 * size)
    return Look(size, leading, fonts.most_common(1)[0][0] if fonts else 0)


def style_of(line: Line, fonts: Sequence[Font], look: Look) -> Style:
    """What a line is made of."""
    text = line.text
    total = bold = mono = math = foreign = 0
    plain = []
    shares: Counter[int] = Counter()
    for run in line.runs:
        font, size = fonts[run.font], len(run.text)
        shares[run.font] += size
        total += size
        bold += size * font.bold
        mono += size * font.mono
        math += size * font.math
        foreign += size * (run.font != look.font)
        plain.append(" " if font.math else run.text)
    words = [word for word in _WORD.findall("".join(plain)) if word not in _FUNCTIONS]
    symbols = max(math, len(_SYMBOLS.findall(text))) / max(1, total)
    main = shares.most_common(1)[0][0]
    style = Style(
        bold >= 0.8 * total,
        mono >= 0.7 * total,
        foreign == total,
        len(words),
        symbols,
        math / max(1, total),
        main,
        fonts[line.runs[0].font].bold,
    )
    style.formula = not style.mono and (
        (not words and (symbols > 0.25 or len(text) <= 3))
        or (len(words) <= 2 and symbols > (0.3 if words else 0.12) and bool(RELATION.search(text)))
    )
    return style


def styles_of(pages: Iterable[Sequence[Line]], fonts: Sequence[Font], look: Look) -> dict[int, Style]:
    """The style of each line by ``id``."""
    return {id(line): style_of(line, fonts, look) for lines in pages for line in lines}
