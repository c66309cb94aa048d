"""Mending the characters of a PDF: ligatures without a meaning, TeX's mathematics, hyphens at line ends. Pure.

A font without a table of meanings gives ``O\\ue001-policy`` or ``de\\x0cne``. What such a code stands for is
decided for each font: by TeX's own tables where its name is one of TeX's, else by trying the ligatures
and counting which of them makes words. What remains unknown becomes U+FFFD, never a wrong letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ingest.readers.pdf_fonts import Font
from ingest.readers.pdf_pages import HYPHEN, Run

_LIGATURES = ("fi", "ff", "fl", "ffi", "ffl", "tt", "ti", "ft", "th", "st", "ct", "fj", "tti", "’", "-")
_CODE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_FIRST_SIGN, _LAST_SIGN = 0xF0000, 0xFFFFD
_SIGN = re.compile(f"[{chr(_FIRST_SIGN)}-{chr(_LAST_SIGN)}]")
_SIGNED_WORD = re.compile(
    f"[A-Za-z]*[{chr(_FIRST_SIGN)}-{chr(_LAST_SIGN)}][A-Za-z{chr(_FIRST_SIGN)}-{chr(_LAST_SIGN)}]*"
)
# Halves of a word are not words that the document knows.
_HALVES = re.compile(rf"[^\W\d_]*{HYPHEN}[^\W\d_]*")
_CONNECTED = re.compile(r"\w[-–](?:of|to|the|in|and|by|on|for|up|off|out|at|per|or|vs)\W$")
_HYPHENATED = re.compile(r"[a-z]+-[a-z]+")
_PLAIN_WORD = re.compile(r"[A-Za-z]{2,}")

# Words with ligatures that English texts on any subject hold; a book whose every ligature is broken has none of its own.
_COMMON_LIST = """
    affect afford afterwards beneficial benefit classification classified classifier classifiers classify coefficient
    coefficients configuration confidence configurations conflict confirm defined define defines definition definitions
    deficit difference differences different differential differentiable differentiate differently difficult difficulty
    diffusion effect effective effectively effects efficiency efficient efficiently effort field fields fifth fifty
    figure figures file files fill filled filter filters final finally find finding finds fine finer finish finite fire
    first firstly fit fits fitted fitting five fix fixed flag flat flexible flexibility float floating floor flow flows
    fluid fly identification identified identify infinite infinitely infinity inflation influence influenced justified
    justify modification modified modify off offer offered offering offers office official offline often overfit
    overfitting profit reflect reflected reflects satisfied satisfies satisfy scientific significance significant
    significantly simplified simplify specific specifically specification specified specify staff stuff suffer
    sufficient sufficiently suffix trade-off traffic underfitting unified uniform verify workflow coffee affine buffer
    cliff differ differing differs differentiation diff offset payoff cutoff backoff beneficially artificial magnified
    quantified stratified profile prefix coefficient refine refined refinement shuffle shuffled baffle waffle after left
    shift software soft draft gift attempt attention attribute attractive better between bottom button batter battle
    committed cutting getting letter little matter matters pattern patterns putting setting settings splitting written
    writing action actions addition additional application condition conditions definition direction distribution
    equation equations estimation function functions information initial motion notion option partial position
    section solution solutions time times transition active still stochastic state states statistics strong structure
    the this that then there their these those they other others rather whether both with without
"""
_COMMON = frozenset(_COMMON_LIST.split())

# TeX's mathematical fonts by code (Knuth, Computer Modern Typefaces; OML, OMS, OMX).
_OML = dict(enumerate("ΓΔΘΛΞΠΣΥΦΨΩαβγδϵζηθικλμνξπρστυφχψωεϑϖϱςϕ↼↽⇀⇁", 0)) | {
    0x3A: ".",
    0x3B: ",",
    0x3C: "<",
    0x3D: "/",
    0x3E: ">",
    0x3F: "⋆",
    0x40: "∂",
    0x60: "ℓ",
    0x7B: "ı",
    0x7C: "ȷ",
    0x7D: "℘",
}
_OMS = dict(enumerate("−·×∗÷⋄±∓⊕⊖⊗⊘⊙○∘•≍≡⊆⊇≤≥⪯⪰∼≈⊂⊃≪≫≺≻←→↑↓↔↗↘≃⇐⇒⇑⇓⇔↖↙∝′∞∈∋△▽̸↦∀∃¬∅ℜℑ⊤⊥ℵ", 0)) | dict(
    enumerate("∪∩⊎∧∨⊢⊣⌊⌋⌈⌉{}⟨⟩|‖↕⇕\\≀√⨿∇∫⊔⊓⊑⊒§†‡¶", 0x5B)
)
_OMX = dict(enumerate("()[]⌊⌋⌈⌉{}⟨⟩|‖/\\()()[]⌊⌋⌈⌉{}⟨⟩/\\()[]⌊⌋⌈⌉{}⟨⟩/\\/\\", 0)) | {
    0x50: "∑", 0x51: "∏", 0x52: "∫", 0x53: "∪", 0x54: "∩", 0x58: "∑", 0x59: "∏", 0x5A: "∫", 0x5B: "∪", 0x5C: "∩",
    0x62: "ˆ", 0x65: "˜", 0x68: "[", 0x69: "]", 0x6A: "⌊", 0x6B: "⌋", 0x6E: "{", 0x6F: "}",
    0x70: "√", 0x71: "√", 0x72: "√", 0x73: "√", 0x74: "√", 0x75: "", 0x76: "√",
}  # fmt: skip
_OT1 = {0x0B: "ff", 0x0C: "fi", 0x0D: "fl", 0x0E: "ffi", 0x0F: "ffl", 0x1B: "ff", 0x1C: "fi", 0x1D: "fl", 0x1E: "ffi", 0x1F: "ffl"}  # fmt: skip
_TEX_FONTS = (
    (re.compile(r"cmmi|lmmathi|mtmi|txmi|pxmi|hfbrmi|eurm|pazomath-ital", re.I), _OML),
    (re.compile(r"cmsy|cmbsy|lmmathsy|mtsy|txsy|pxsy|hfbrsy", re.I), _OMS),
    (re.compile(r"cmex|lmmathex|mtex|txex|pxex", re.I), _OMX),
)
# Other fonts whose letters stand for signs (St Mary's Road symbols).
_BRACKETS = {ord("J"): "⟦", ord("K"): "⟧"}
# Pieces of growing brackets, which say nothing by themselves.
_PIECES = dict.fromkeys(map(chr, (*range(0xF8E5, 0xF8FF), *range(0x239B, 0x23B8))), "")
_PRESENTATION = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_ALWAYS = str.maketrans(
    {**_PIECES, **_PRESENTATION, "\xad": "", "\u200b": "", "\u2060": "", "\ufeff": "", "\u200e": "", "\u200f": ""}
)


class Repair:
    """What the codes without a meaning stand for in each font of one document, and the words of the document."""

    def __init__(self, fonts: Sequence[Font], pages: Iterable[Sequence[Run]]) -> None:
        self.vocabulary: Counter[str] = Counter()
        self._fonts = fonts
        self._stands: dict[tuple[int, str], str] = {}  # a sign of our own for each code of each font
        broken: dict[str, Counter[str]] = defaultdict(Counter)
        for runs in pages:
            # Words are sought in the whole page: a ligature is often a run of its own, in a font of its own.
            text = "".join([self._signed(run) if _CODE.search(run.text) else run.text for run in runs])
            whole = _HALVES.sub(" ", text) if HYPHEN in text else text
            text = text.replace(HYPHEN, "")
            self.vocabulary.update(_PLAIN_WORD.findall(whole.lower()))
            self.vocabulary.update(_HYPHENATED.findall(whole.lower()))
            for word in _SIGNED_WORD.findall(text) if self._stands else ():
                for sign in _SIGN.findall(word):
                    broken[sign][word] += 1
        self._maps: dict[int, dict[int, str]] = defaultdict(dict)
        self._maps.update(
            {n: dict(_BRACKETS) for n, font in enumerate(fonts) if font.name.lower().startswith("stmary")}
        )
        # The commonest first: the words they mend are known when the rare ones are tried.
        for (font, code), sign in sorted(self._stands.items(), key=lambda item: -broken[item[1]].total()):
            meaning = _by_table(fonts[font], code)
            if meaning is None:
                meaning = (
                    "\ufffd" if fonts[font].math else self._by_words(code, sign, broken[sign], bool(fonts[font].name))
                )
            self._maps[font][ord(code)] = meaning
            self.vocabulary.update({word.replace(sign, meaning).lower(): n for word, n in broken[sign].items()})

    def __call__(self, text: str, font: int) -> str:
        """``text`` of a font with its codes mended."""
        if font in self._maps:
            text = text.translate(self._maps[font])
        return text if text.isascii() else text.translate(_ALWAYS)

    def _signed(self, run: Run) -> str:
        return _CODE.sub(
            lambda code: self._stands.setdefault((run.font, code[0]), chr(_FIRST_SIGN + len(self._stands))), run.text
        )

    def _by_words(self, code: str, sign: str, words: Counter[str], named: bool) -> str:
        """What makes words of these; else what TeX has there, unless the font is a nameless one with an order of its own."""
        scores: Counter[str] = Counter()
        inside = 0
        for word, count in words.most_common(200):
            if len(_SIGN.sub("", word)) < 2:
                continue
            inside += count
            for ligature in _LIGATURES:
                made = word.replace(sign, ligature).lower()
                if made in _COMMON:
                    scores[ligature] += 3 * count
                elif self.vocabulary[made] > 0:
                    scores[ligature] += 2 * count
        if scores:
            return scores.most_common(1)[0][0]
        low = ord(code) - 0xE000  # some programs number a font's characters from here by their ASCII codes
        if 0x30 <= low < 0x7F:
            return chr(low)
        drawn = ord(code) & 0xFF if ord(code) >= 0xF000 else ord(code)
        return _OT1.get(drawn, "\ufffd") if inside and named else "\ufffd"


def _by_table(font: Font, code: str) -> str | None:
    """What TeX's table says of a code; ``None`` for a font that is not one of TeX's mathematical ones."""
    low = ord(code) & 0xFF if ord(code) >= 0xE000 else ord(code)
    for name, table in _TEX_FONTS:
        if name.search(font.name):
            return table.get(low, "" if table is _OMX else "\ufffd")
    if code in _PIECES:
        return ""
    return None


def join(before: str, after: str, vocabulary: Counter[str]) -> tuple[str, str]:
    """How a line joins the next: the line's own text, and what stands between the two.

    ``HYPHEN`` and "-" at the end of ``before`` are mended where the two halves make one word.
    """
    if not before or before[-1] not in (HYPHEN, "-", "‐"):
        return before, " "
    head, tail = re.search(r"[^\W\d_]*$", before[:-1]), re.match(r"[^\W\d_]+", after)
    if not head or not head[0] or not tail:
        return before[:-1] + "-", ""
    first, second = head[0].lower(), tail[0].lower()
    capitals = head[0].isupper() and tail[0].isupper() and vocabulary[first + second] > 0
    if not tail[0][0].islower() and not capitals:  # Monte-\nCarlo
        return before[:-1] + "-", ""
    if _CONNECTED.search(before):  # mixture-of-\nexperts
        return before[:-1] + "-", ""
    whole, parted = vocabulary[first + second], vocabulary[f"{first}-{second}"]
    if parted > whole or (
        whole == 0 and first in ("non", "self", "well", "semi", "quasi", "cross", "multi", "one", "two")
    ):
        return before[:-1] + "-", ""
    if whole == 0 and vocabulary[first] > 2 and vocabulary[second] > 2 and len(first) > 3 and len(second) > 3:
        return before[:-1] + "-", ""  # two words that the document knows, and never as one
    return before[:-1], ""
