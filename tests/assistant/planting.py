"""Faults planted into sentences, one at a time: what an agreement of content has to catch."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_NUMBER = re.compile(
    r"(?<!section )(?<!chapter )(?<!tables )(?<![\w.,_^{\-/(\[])\d+(?:\.\d+)?(?![\w.,}\-/)]*\w)(?!\s*[x×^_/])"
)
_SIGNS = {r"\le ": r"\ge ", r"\ge ": r"\le ", "<": ">", ">": "<", "+": "-", "=": r"\ne "}
_WORDS = {
    "larger": "smaller", "smaller": "larger", "higher": "lower", "lower": "higher", "more": "less", "less": "more",
    "faster": "slower", "slower": "faster", "increases": "decreases", "decreases": "increases", "before": "after",
    "after": "before", "above": "below", "below": "above", "maximum": "minimum", "minimum": "maximum", "better": "worse",
    "worse": "better", "positive": "negative", "negative": "positive", "always": "never", "largest": "smallest",
    "large": "small", "small": "large", "most": "least", "same": "different", "longer": "shorter", "reduces": "increases",
}  # fmt: skip
_UNITS = {
    "million": "billion", "billion": "million", "thousand": "million", "seconds": "minutes", "ms": "s", "days": "weeks",
    "hours": "days", "minutes": "hours", "weeks": "days", "years": "months", "GB": "MB", "%": "",
}  # fmt: skip
_UNNEGATED = {
    "not ": "",
    "cannot": "can",
    "without": "with",
    "no ": "a ",
    "never ": "",
    "n't ": " ",
    "neither": "either",
}


def number(text: str, rng: random.Random) -> str | None:
    """Another number in place of one."""
    return _replaced(text, _NUMBER, lambda m: str(int(float(m[0])) * 3 + 2), rng)


def decimal(text: str, rng: random.Random) -> str | None:
    """A number with its decimal point moved."""
    return _replaced(text, re.compile(r"(?<![\w.,_^{\-])0\.\d+(?![\w}])"), lambda m: "0.0" + m[0][2:], rng)


def sign(text: str, rng: random.Random) -> str | None:
    """A minus before a number that had none."""
    return _replaced(text, _NUMBER, lambda m: f"-{m[0]}" if float(m[0]) else m[0], rng)


def unit(text: str, rng: random.Random) -> str | None:
    """Another unit or magnitude behind a number."""
    return _replaced(
        text, _any(_UNITS, r"(?<=\d) ?", ""), lambda m: m[0].replace(m[0].strip(), _UNITS[m[0].strip()]), rng
    )


def symbol(text: str, rng: random.Random) -> str | None:
    """Another relation or operation in a formula."""
    formulas = [m for m in re.finditer(r"\$[^$]+\$", text) if any(s in m[0] for s in _SIGNS)]
    if not formulas:
        return None
    chosen = rng.choice(formulas)
    changed = _replaced(chosen[0], _any(_SIGNS), lambda m: _SIGNS[m[0]], rng)
    return changed and text[: chosen.start()] + changed + text[chosen.end() :]


def comparative(text: str, rng: random.Random) -> str | None:
    """A comparative for its opposite."""
    return _replaced(text, _any(_WORDS, r"\b", r"\b"), lambda m: _WORDS[m[0]], rng)


def negation_lost(text: str, rng: random.Random) -> str | None:
    """A negation left out."""
    return _replaced(text, _any(_UNNEGATED, r"(?:\b|(?=n't))"), lambda m: _UNNEGATED[m[0]], rng)


def negation_added(text: str, rng: random.Random) -> str | None:
    """A negation put in."""
    return _replaced(
        text, re.compile(r"\b(?:is|are|can|does|do|will|has|must)\b(?! not\b)"), lambda m: f"{m[0]} not", rng
    )


KINDS: dict[str, Callable[[str, random.Random], str | None]] = {
    f.__name__: f for f in (number, decimal, sign, unit, symbol, comparative, negation_lost, negation_added)
}


def _any(words: dict[str, str], before: str = "", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, words))}){after}")


def _replaced(
    text: str, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], rng: random.Random
) -> str | None:
    found = list(pattern.finditer(text))
    if not found:
        return None
    m = rng.choice(found)
    changed = text[: m.start()] + change(m) + text[m.end() :]
    return changed if changed != text else None


def planted(texts: list[str], each: int, seed: int = 7) -> list[tuple[str, str, str]]:
    """(kind, sentence, altered sentence): ``each`` of every kind, where there are as many."""
    made = []
    for kind, plant in KINDS.items():
        rng = random.Random(f"{seed} {kind}")
        shuffled = rng.sample(texts, len(texts))
        pairs = ((t, plant(t, rng)) for t in shuffled)
        found = [(kind, t, changed) for t, changed in pairs if changed]
        made += found[:each]
    return made
