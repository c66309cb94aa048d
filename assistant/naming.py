"""The names of concepts, found in any text: abbreviations, plurals, British spellings. Pure.

Names and aliases come from the notes; "back propagation" and "backpropagation" are one name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    """A concept named in a text, with the place of the name."""

    concept: str
    start: int
    end: int
    name: str


_WORD = re.compile(r"[^\W_]+")
_BRITISH = (
    (re.compile(r"(?<=[a-z]{3})is(?=(?:e|es|ed|er|ers|ing|ation|ations)$)"), "iz"),
    (re.compile(r"(?<=[a-z]{3})ys(?=(?:e|es|ed|ing)$)"), "yz"),
    (re.compile(r"(?<=[a-z]{3})our(?=$|s$|ed$|ing$|al$)"), "or"),
    (re.compile(r"(?<=[a-z])ll(?=(?:ing|ed|er)$)"), "l"),
    (re.compile(r"tre$"), "ter"),
)
_NOT_BRITISH = frozenset(
    [
        "noise",
        "precise",
        "rise",
        "wise",
        "raise",
        "exercise",
        "otherwise",
        "likewise",
        "four",
        "hour",
        "our",
        "your",
        "pour",
        "tour",
        "comprise",
        "promise",
    ]
)


def american(word: str) -> str:
    """A lower-case word in American spelling, by rule; compared with others so spelt, never shown."""
    if word in _NOT_BRITISH or word.rstrip("sd") in _NOT_BRITISH:
        return word
    for pattern, new in _BRITISH:
        word = pattern.sub(new, word)
    return word


def _key(word: str) -> str:
    word = american(word.casefold())
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_MATHS = re.compile(r"\$[^$]*\$")
_NAME_LIKE = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def strange(text: str, unseen: Collection[str]) -> tuple[str, ...]:
    """The words among ``unseen`` that are written like names: "LoRA", "XGBoost", "Kilimanjaro" within a sentence.

    Where most words have a capital, capitals say nothing.
    """
    words = _NAME_LIKE.findall(_MATHS.sub(" ", text))
    titled = sum(w[0].isupper() for w in words[1:]) > 0.6 * max(1, len(words) - 1)
    found = (
        w
        for n, w in enumerate(words)
        if len(w) > 1 and (w[1:] != w[1:].lower() or (n and w[0].isupper() and not titled))
    )
    return tuple(dict.fromkeys(w for w in found if w in unseen))


def keyed(text: str) -> str:
    """A text's words in one form: lower case, American, singular."""
    return " ".join(_key(w) for w in _WORD.findall(text))


def other_words(alias: str, name: str) -> bool:
    """Whether an alias is another word than the name, not another form of it; both as ``keyed`` gives them.

    What comes before the last word must differ: "cost function" is other words for "loss function", "batch norm" is not for
    "batch normalization".
    """
    (*first, _), (*second, _) = alias.split(), name.split()
    apart = alias.replace(" ", "") not in name.replace(" ", "") and name.replace(" ", "") not in alias.replace(" ", "")
    return apart and not set(first) & set(second)


class Names:
    """The names and aliases of all concepts, found in any text; "back propagation" and "backpropagation" are one name."""

    def __init__(self, names: Mapping[str, Iterable[str]], ordinary: Collection[str] = ()) -> None:
        """``names``: for each concept's slug its name and aliases. ``ordinary``: words in lower case that mean themselves.

        An abbreviation that is an ordinary word too (GAP, MAP) is a name only in capitals.
        """
        self._concepts: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._capitals: set[str] = set()
        self._short: dict[str, str] = {}
        self._longest = 0
        for concept, found in names.items():
            for name in found:
                words = [_key(w) for w in _WORD.findall(name)]
                if words:
                    self._concepts.setdefault("".join(words), concept)
                    self._longest = max(self._longest, len(words) + 1)
                if name.isupper() and name.casefold() in ordinary:
                    self._capitals.add("".join(words))
                self._shown.setdefault(concept, name)
                if name.isupper() and name.isalnum():
                    self._short.setdefault(concept, name)

    def shown(self, concept: str) -> str:
        """The concept's own name."""
        return self._shown.get(concept, concept.replace("-", " "))

    def short(self, concept: str) -> str:
        """The concept's abbreviation in capitals, or its own name where it has none."""
        return self._short.get(concept, self.shown(concept))

    def of(self, name: str) -> str | None:
        """The concept that has exactly this name."""
        return self._concepts.get("".join(_key(w) for w in _WORD.findall(name)))

    def mentions(self, text: str) -> list[Mention]:
        """The concepts that a text names, the longest name at each place, in order."""
        words = [(m.start(), m.end(), _key(m[0])) for m in _WORD.finditer(text)]
        found, i = [], 0
        while i < len(words):
            for size in range(min(self._longest, len(words) - i), 0, -1):
                key = "".join(w[2] for w in words[i : i + size])
                concept = self._concepts.get(key)
                start, end = words[i][0], words[i + size - 1][1]
                if concept and _deserves(text[start:end], key in self._capitals):
                    found.append(Mention(concept, start, end, text[start:end]))
                    i += size - 1
                    break
            i += 1
        return found


def _deserves(name: str, in_capitals: bool) -> bool:
    """Whether a word where a name could be is one: short ones, and those that are ordinary words too, in capitals only."""
    return name.removesuffix("s").isupper() if in_capitals or len(name) <= 2 else True
