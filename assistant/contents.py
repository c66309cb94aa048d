"""What of a sentence can be compared with another's: words, numbers with units, signs, comparatives, negations.

Reads plain text and TeX alike (``\\leq`` is ≤, ``10^{-3}`` a number). Numbers that are names (ResNet-50, Figure 3,
W_2) are words here. Pure; used by agreement.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

ItemKind = Literal["word", "number", "sign", "comparative", "negation"]


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of content.

    ``norm`` compares it, ``shown`` is its spelling. A number has its ``value`` with magnitude and percent worked
    in, the ``precision`` it is written to, its ``amount`` as written, and a ``unit`` with the ``quantity`` it measures.
    """

    kind: ItemKind
    norm: str
    shown: str
    value: float | None = None
    precision: float = 0.0
    amount: float | None = None
    unit: str | None = None
    quantity: str | None = None

    @property
    def slot(self) -> str:
        """What could stand in its place: any number, any sign, a comparative or its opposite; a word only itself."""
        return {"number": "#", "sign": "~", "comparative": self.norm.rstrip("+-")}.get(self.kind, self.norm)

    @property
    def term(self) -> str:
        """What it is as a term of a formula."""
        return self.norm if self.value is None else f"{self.value:g}"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PAIRS = """
more greater / less fewer
most / least
larger bigger / smaller
large big / small
largest biggest / smallest
higher / lower
high / low
highest / lowest
faster / slower
quickly / slowly
fast / slow
stronger / weaker
longer / shorter
deeper / shallower
wider / narrower
better / worse
best / worst
easier / harder
earlier / later
before / after
above / below
increase increases increased increasing grow grows growing rises / decrease decreases decreased decreasing shrink shrinks shrinking falls reduce reduces reduced reducing
maximum / minimum
maximal / minimal
maximize maximise maximizes maximises maximizing maximising / minimize minimise minimizes minimises minimizing minimising
positive / negative
positively / negatively
same / different
equal / unequal
converge converges / diverge diverges
"""


def _opposites() -> tuple[dict[str, str], dict[str, str]]:
    """For each spelling its norm, and for each norm its opposite."""
    norms: dict[str, str] = {}
    opposite: dict[str, str] = {}
    for n, line in enumerate(_PAIRS.strip().splitlines()):
        ours, theirs = f"compared-{n}+", f"compared-{n}-"
        first, _, second = line.partition(" / ")
        norms |= dict.fromkeys(first.split(), ours) | dict.fromkeys(second.split(), theirs)
        opposite |= {ours: theirs, theirs: ours}
    return norms, opposite


_COMPARATIVES, COMPARED = _opposites()
_NEGATIONS = _set("not no never without cannot neither nor none nobody nothing")
#: "one" is more often a pronoun than a number.
_NUMBERS: Mapping[str, float] = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
}  # fmt: skip
_MAGNITUDES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_QUANTITIES: Mapping[str, str] = {
    unit: quantity
    for quantity, units in {
        "time": "ms millisecond s second sec minute min hour day week month year",
        "data": "bit byte kb mb gb tb",
        "frequency": "hz khz mhz ghz",
        "length": "mm cm m km pixel",
    }.items()
    for unit in units.split()
}
_NAMED = _set("section sec figure fig equation eq eqn chapter ch table lecture page p step algorithm appendix")
_TEX: Mapping[str, str] = {
    r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\neq": "≠", r"\ne": "≠", r"\approx": "≈", r"\times": "×",
    r"\cdot": "×", r"\pm": "±", r"\in": "∈", r"\to": "→", r"\rightarrow": "→", r"\gets": "←", r"\leftarrow": "←",
    r"\sim": "∼", r"\propto": "∝", r"\ll": "≪", r"\gg": "≫", r"\lt": "<", r"\gt": ">", r"\%": "%",
}  # fmt: skip
_GREEK: Mapping[str, str] = {
    rf"\{name}": letter
    for name, letter in (
        pair.split(":")
        for pair in _set(
            "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ kappa:κ lambda:λ mu:μ nu:ν xi:ξ pi:π"
            " rho:ρ sigma:σ tau:τ phi:φ varphi:φ chi:χ psi:ψ omega:ω nabla:∇ partial:∂"
        )
    )
}
_REFERENCE = re.compile(r"(?<=\s)\[\d{1,3}(?:[,–\s-]+\d{1,3})*\](?!\s*[=+·×])")
_FORMULA = re.compile(r"\$[^$]+\$")
_COMMAND = re.compile(r"\\[a-zA-Z]+|\\%")
_NUMBER = r"(?:\d{1,3}(?:,\s?000|,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(
    rf"(?P<power>(?:(?P<mantissa>{_NUMBER})\s*[×·]\s*)?10\s*\^\s*\{{?\s*(?P<exponent>[-−]?\d+)\s*\}}?)"
    rf"|(?P<name>(?:[A-Za-z]+-?|[a-z]{{2,}}−)\d[\w-]*|\d+[A-Za-z][\w-]*|[_^]\{{?[\w,]+\}}?)"
    rf"|(?P<number>(?:(?<![\w)\]}}$])|(?<=[$({{]))[-−–]?(?:{_NUMBER})(?:\s*%)?|(?:{_NUMBER})(?:\s*%)?)(?!/[A-Za-z])"
    r"|(?P<sign>[=<>≤≥≠≈≪≫∝∈∼→←+−×·±]|(?<=[\w)\]}$] )-(?= [\w(\\$])|(?<=[=({$ ])-(?=[^\W\d\s]))"
    r"|(?P<word>[^\W\d_]+(?:['’]t\b|-(?=[^\W\d_])[^\W_]+)?)"
)


def items(text: str) -> list[Item]:
    """The content of a sentence, in order; words without meaning of their own are left out."""
    return list(_merged(list(_read(_plain(text)))))


def _plain(text: str) -> str:
    """TeX commands as signs and letters where they stand for one, else as a space."""
    text = unicodedata.normalize("NFKC", text.replace("\u00ad", ""))
    text = _REFERENCE.sub(" ", text)
    text = _FORMULA.sub(lambda m: m[0].replace("-", "−"), text)
    text = re.sub(r"(?<=\d)\s?[x*]\s?(?=\d)", " × ", text.replace("{,}", ","))
    return _COMMAND.sub(lambda m: f" {_TEX.get(m[0]) or _GREEK.get(m[0]) or ''} ", text).replace("$", " ")


def _read(text: str) -> Iterator[Item]:
    last = ""
    for m in _TOKEN.finditer(text):
        kind, shown = m.lastgroup, m[0].strip()
        if m["power"]:
            scale = 10.0 ** float(m["exponent"].replace("−", "-"))
            value = scale * _float(m["mantissa"] or "1")
            yield Item("number", "#", shown, value, abs(value) * 1e-6, value)
        elif m["name"]:
            yield Item("word", shown.casefold().strip("_^{}"), shown)
        elif m["number"]:
            yield _number(shown) if last not in _NAMED else Item("word", f"{last} {shown}", shown)
        elif kind == "sign":
            yield Item("sign", {"-": "−", "·": "×"}.get(shown, shown), shown)
        else:
            yield from _word(shown)
        last = shown.casefold()


def _number(shown: str) -> Item:
    digits = shown.rstrip("% ")
    value, percent = _float(digits), shown.endswith("%")
    scale = 0.01 if percent else 1.0
    precision = 10.0 ** -len(digits.partition(".")[2]) if "." in digits else 0.0
    return Item("number", "#", shown, value * scale, precision * scale, value, "%" if percent else None)


def _float(digits: str) -> float:
    return float(re.sub(r"[,\s]", "", digits).replace("−", "-").replace("–", "-"))


def _word(shown: str) -> Iterator[Item]:
    word = shown.casefold().replace("’", "'")
    if word in _NEGATIONS or word.endswith("n't"):
        yield Item("negation", "not", shown)
    elif "-" in word and word.partition("-")[0] not in _NUMBERS:
        for part in shown.split("-"):
            yield from _word(part)
    elif word in _COMPARATIVES:
        yield Item("comparative", _COMPARATIVES[word], shown)
    elif word in _NUMBERS:
        yield Item("number", "#", shown, _NUMBERS[word], 0.0, _NUMBERS[word])
    elif word not in _EMPTY:
        yield Item("word", stem(word), shown)


def stem(word: str) -> str:
    """A word without its commonest endings, so that "networks" and "network" are one."""
    return re.sub(r"(?:isation|ization|ations?|ing|ies|ied|es|ed|ly|s|e|y)$", "", word) if len(word) > 4 else word


def _merged(found: list[Item]) -> Iterator[Item]:
    """Numbers with the magnitude, the percent or the unit that follows them worked in."""
    n = 0
    while n < len(found):
        item = found[n]
        while item.kind == "number" and n + 1 < len(found) and (more := _with(item, found[n + 1])):
            item, n = more, n + 1
        yield item
        n += 1


def _with(number: Item, following: Item) -> Item | None:
    word = following.shown.casefold()
    assert number.value is not None
    shown = f"{number.shown} {following.shown}"
    if number.unit is None and (scale := _MAGNITUDES.get(word.rstrip("s"))):
        return replace(number, shown=shown, value=number.value * scale, precision=number.precision * scale)
    if number.unit is None and word == "percent":
        return replace(number, shown=shown, value=number.value / 100, precision=number.precision / 100, unit="%")
    if number.unit is None and (quantity := _QUANTITIES.get(word) or _QUANTITIES.get(word.rstrip("s"))):
        unit = word if word in _QUANTITIES else word.rstrip("s")
        return replace(number, shown=shown, unit=unit, quantity=quantity)
    return None


_EMPTY = _set(
    """a an and are as at be been being but by can could did do does for from had has have having how i if in into is it
    its itself just may might must of on one or our own should so some such than that the their them then there these
    they this those thus to too very was we were what when where which while who why will with would you your also
    about each every all always any both only"""
)
