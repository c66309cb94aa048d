"""The words and names of our notes, as a question uses them: other names, slips, words that no claim has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from assistant.naming import Names, keyed, other_words, strange
from assistant.spelling import Spelling
from assistant.talk import without_talk
from ingest.index.reading import Index
from ingest.index.words import STOPWORDS, tokens
from ingest.notes import Claim

_DEFINES = re.compile(r"^what (?:is|are) (?:an? |the )?|^(?:an?|the) ")
_SHORT_WORD = re.compile(r"\b[a-z]{2,5}\b")
#: Words of people that our claims never use, and that no abbreviation is meant by in lower case (HER).
PERSONAL = frozenset(("he", "him", "his", "she", "her", "hers", "me", "my", "you", "your"))


class Vocabulary:
    """The words and names of one index; ``concepts`` are those each claim is filed under, in the order of the claims."""

    def __init__(self, index: Index, is_whole: Callable[[str], bool]) -> None:
        """``is_whole``: whether the embedding model has a word whole in its vocabulary, so that it is a common word."""
        self.index, self.names, self._is_whole = index, names_of(index), is_whole
        self.concepts = [frozenset(_concepts_of(index, c)) for c in index.claims]

    def variants(self, text: str) -> tuple[str, ...]:
        """A text as typed, with every concept by its own name (SGD: stochastic gradient descent), and by its abbreviation."""
        return tuple(dict.fromkeys((text, self.expanded(text), self._renamed(text, self.names.short))))

    def expanded(self, text: str) -> str:
        """A text with every concept by its own name."""
        return self._renamed(text, self.names.shown)

    def _renamed(self, text: str, name_of: Callable[[str], str]) -> str:
        out, last = [], 0
        for m in self.names.mentions(text):
            name = name_of(m.concept)
            if _plain(m.name) != _plain(name) and name.casefold() not in text.casefold():
                out += [text[last : m.start], name]
                last = m.end
        return "".join([*out, text[last:]])

    def mended(self, text: str) -> str:
        """A question with its misspelt words mended by the words of our notes, and then without talk; else as it is."""
        bare = without_talk(text, self.names)
        mended = self._spelling.mended(bare, lambda word: word.casefold() in STOPWORDS or self._known(word))
        return text if mended == bare else mended

    def _known(self, word: str) -> bool:
        """Whether a word stands in a claim, a reading or the model's vocabulary, so that it is none that slipped."""
        return self._is_whole(word) or any(
            self.index.claim_words.knows(t) or self.index.passage_words.knows(t) for t in tokens(word)
        )

    @cached_property
    def _spelling(self) -> Spelling:
        names = (text for n in self.index.notes for text in (n.name, *n.aliases))
        return Spelling([*names, *(t for c in self.index.claims for t in (c.text, *c.questions))])

    def unseen(self, text: str) -> tuple[str, ...]:
        """The content words of a text that no claim has."""
        found = []
        for word in re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", text):
            stems = tokens(word.replace("-", " "))
            if stems and word.casefold() not in STOPWORDS and not any(map(self.index.claim_words.knows, stems)):
                found.append(word)
        return tuple(dict.fromkeys(found))

    def strange(self, text: str) -> tuple[str, ...]:
        """The words of a text that are written like names and that no claim has."""
        return strange(text, self.unseen(text))

    def synonyms(self, text: str, claims: Sequence[Claim]) -> dict[str, str]:
        """For each alias in a text for which the claims use its concept's own name instead: that name.

        An alias that a claim of its own defines is a narrower thing, no synonym, and is left out.
        """
        said, asked = (f" {keyed(t)} " for t in (" ".join(c.text for c in claims), text))
        found = {}
        for m in self.names.mentions(text):
            name = self.names.shown(m.concept)
            alias, own = keyed(m.name), keyed(name)
            spoken = f" {own} " in said and f" {alias} " not in said and f" {own} " not in asked
            if spoken and other_words(alias, own) and not self._narrower(m.concept, alias, own):
                found[m.name] = name
        return found

    def _narrower(self, concept: str, alias: str, name: str) -> bool:
        """Whether a claim says what ``alias`` is without saying what the concept is."""
        claims = (c for c, of in zip(self.index.claims, self.concepts, strict=True) if concept in of)
        defined = ({_DEFINES.sub("", keyed(q)) for q in c.questions} for c in claims)
        return any(alias in what and name not in what for what in defined)


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").rstrip("s")


def names_of(index: Index) -> Names:
    """The names of all concepts of an index: name, slug, aliases."""
    ordinary = PERSONAL | {word for claim in index.claims for word in _SHORT_WORD.findall(claim.text)}
    return Names(
        {n.concept: (n.name, n.concept.replace("-", " "), *n.aliases) for n in index.notes if n.concept}, ordinary
    )


def _concepts_of(index: Index, claim: Claim) -> list[str]:
    own = index.note_of[claim.note].concept
    return [c for c in (own, *claim.also) if c]
