"""One question in other forms: misspelt, British, plural, abbreviated, as key words, wrapped in talk. By rule, without chance.

It does not know what a question means: a form is left out where its rule changes nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.naming import Mention, Names, american
from assistant.vocabulary import Vocabulary
from ingest.index.words import STOPWORDS

_WORD = re.compile(r"[^\W\d_]+")
#: What key words keep although BM25 does not count it: leaving "why" or "not" out asks something else.
_TELLING = frozenset(
    {"why", "how", "when", "where", "who", "not", "no", "vs", "versus", "or", "and", "between", "without", "with"}
)
_BRITISH = (
    (re.compile(r"(?<=[a-z]{3})iz(?=(?:e|es|ed|er|ers|ing|ation|ations)$)"), "is"),
    (re.compile(r"(?<=[a-z]{3})yz(?=(?:e|es|ed|ing)$)"), "ys"),
    (re.compile(r"^(behavi|col|neighb|fav|hon|lab|flav)or"), r"\1our"),
    (re.compile(r"^(mode|labe|trave|signa|cance)l(?=(?:ing|ed)$)"), r"\1ll"),
    (re.compile(r"^center"), "centre"),
)
_TALK = (
    "Hi! I'm learning this on my own and got stuck. {} Thanks a lot!",
    "Sorry if this is a silly question, but {}",
    "I have an exam tomorrow. Could you please tell me: {}",
    "hey, quick one: {} thank you",
    "Good evening everyone, I am writing my thesis. {} Any help is appreciated.",
    "ok so i was wondering, {} cheers",
    "Our teacher asked us this yesterday and nobody knew. {}",
    "Can anybody tell me {} Thanks in advance!",
)


@dataclass(frozen=True)
class Kept:
    """Of ``count`` questions in one form, how many found the same first claim, and all the same claims."""

    count: int
    first: int
    all: int


def forms(question: str, vocabulary: Vocabulary) -> dict[str, str]:
    """The forms of a question, those that differ from it."""
    names = vocabulary.names
    made = {
        "misspelt": misspelt(question),
        "British or American": other_spelling(question),
        "plural or singular": _renamed(question, names, _other_number),
        "abbreviation": _renamed(question, names, _abbreviated(names)),
        "key words": key_words(question),
        "chatty": _TALK[zlib.crc32(question.encode()) % len(_TALK)].format(question),
    }
    return {form: text for form, text in made.items() if text and text != question}


def misspelt(question: str) -> str:
    """The longest word with two letters in its middle swapped; no abbreviation, no word of fewer than six letters."""
    words = [m for m in _WORD.finditer(question) if len(m[0]) > 5 and m[0][1:].islower()]
    if not words:
        return question
    longest = max(words, key=lambda m: len(m[0]))
    at = longest.start() + len(longest[0]) // 2
    return question[:at] + question[at + 1] + question[at] + question[at + 2 :]


def other_spelling(question: str) -> str:
    """American spelling for British, or the other way round."""
    to_american = _WORD.sub(lambda m: _like(m[0], american(m[0].lower())), question)
    return (
        to_american if to_american != question else _WORD.sub(lambda m: _like(m[0], _british(m[0].lower())), question)
    )


def _british(word: str) -> str:
    if word.startswith(("size", "prize", "seize", "resiz")):
        return word
    for pattern, new in _BRITISH:
        word = pattern.sub(new, word)
    return word


def _like(typed: str, word: str) -> str:
    """A word with the capital of the one it stands for; what has other capitals stays."""
    if typed.lower() == word or typed[1:] != typed[1:].lower():
        return typed
    return word.capitalize() if typed[0].isupper() else word


def _renamed(question: str, names: Names, other: Callable[[Mention], str]) -> str:
    """The question with its first named concept in another form."""
    for m in names.mentions(question):
        if (name := other(m)) != m.name:
            before = question[: m.start]
            if name.endswith("s") and not m.name.endswith("s"):
                before = re.sub(
                    r"\b(is|does|has) (?:an? )?$", lambda v: {"is": "are ", "does": "do ", "has": "have "}[v[1]], before
                )
                before = re.sub(r"\ban? $", "", before)
            return before + name + question[m.end :]
    return question


def _other_number(mention: Mention) -> str:
    """A name in the other number; one that is no thing to count (ending in -ing, -tion, -ity, -ness) stays."""
    name = mention.name
    if name.endswith(
        ("ss", "us", "is", "ing", "tion", "sation", "zation", "ity", "ness", "ics", "y", "ent", "um", "ization")
    ):
        return name
    return name[:-1] if name.endswith("s") else f"{name}s"


def _abbreviated(names: Names) -> Callable[[Mention], str]:
    """The concept's abbreviation for its name, its name for the abbreviation."""

    def other(mention: Mention) -> str:
        short, own = names.short(mention.concept), names.shown(mention.concept)
        if short == own:
            return mention.name
        if mention.name.removesuffix("s").casefold() == short.casefold():
            return own
        return short if mention.name.casefold().rstrip("s") == own.casefold().rstrip("s") else mention.name

    return other


def key_words(question: str) -> str:
    """The question without function words and marks, as typed into a search box."""
    words = [w.strip("?!.,;:\"'()") for w in question.split()]
    return " ".join(w for w in words if w and (w.casefold() not in STOPWORDS or w.casefold() in _TELLING))


def kept(
    questions: Iterable[str], vocabulary: Vocabulary, claims_of: Callable[[str], Sequence[str]]
) -> Mapping[str, Kept]:
    """For each form how often it finds what the question finds; ``claims_of`` gives the ids of a question's claims.

    Questions that find no claim are left out.
    """
    counts: dict[str, Kept] = {}
    for question in questions:
        if expected := claims_of(question):
            for form, text in forms(question, vocabulary).items():
                found, old = claims_of(text), counts.get(form, Kept(0, 0, 0))
                first = bool(found) and found[0] == expected[0]
                counts[form] = Kept(old.count + 1, old.first + first, old.all + (list(found) == list(expected)))
    return counts
