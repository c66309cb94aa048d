"""What a font's name says of it: weight, slope, kind. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOLD = re.compile(r"bold|black|heavy|demi|medi(?:$|[^a-z])|cmbx|sfbx|cmssbx|bx\d|-b$|mib\d", re.I)
_MONO = re.compile(r"mono|courier|cmtt|sftt|typewriter|consol|menlo|inconsol|lmtt|nimbusmon|hftl|letter ?gothic", re.I)
_MATH = re.compile(
    r"cmmi|cmsy|cmex|cmbsy|msam|msbm|math|symbol|eufm|eufb|rsfs|mtmi|mtsy|mtex|pazomath|euclid|stix.*(?:math|size)|"
    r"(?:hfbr|hfr|txm|pxm|rtxm)(?:mi|sy|ex)|ntxm|stmary|wasy|bbold|esint|dsrom|lasy|xits|txsy|txex|pxsy|pxex",
    re.I,
)
_TALL = re.compile(r"cmex|mtex|(?:math)?ext(?:ension|ra)|[a-z]ex\d|size\w+sym", re.I)
_ITALIC = re.compile(r"ital|obli|slant|cmti|cmsl|sfti|cmmi", re.I)


@dataclass(frozen=True, slots=True)
class Font:
    """A font by its name. ``tall`` fonts hold the growing brackets and sums of TeX, whose baselines mislead."""

    name: str
    bold: bool
    italic: bool
    mono: bool
    math: bool
    tall: bool


def font_named(name: str) -> Font:
    """The font of a name, without the tag of a subset."""
    math_ = bool(_MATH.search(name))
    return Font(
        name=name,
        bold=bool(_BOLD.search(name)) and not math_,
        italic=bool(_ITALIC.search(name)),
        mono=bool(_MONO.search(name)),
        math=math_,
        tall=bool(_TALL.search(name)),
    )
