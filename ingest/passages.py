"""Cutting a document into passages and sentences. Pure: the token counter is passed in.

A passage is a stretch of whole sentences under one heading that fits the embedding model; what is
embedded is the heading path and the passage, what is quoted is the passage alone. Sentences that make
sense alone are marked, because only those may be shown by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import sentencex

from ingest.documents import UNQUOTABLE, Parsed, locate, marked

RECIPE = "passages-3"
#: Tokens of a passage without its heading; the model reads 256 with both and its two special tokens.
PASSAGE_TOKENS = 200
HEADING_TOKENS = 50
_MIN_WORDS = 5
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_UNRESOLVED = re.compile(
    r"^(?:and|but|so|or|then|thus|hence|therefore|however|moreover|furthermore|also|instead|similarly|likewise|"
    r"otherwise|consequently|again|finally|next|first|second|third|second(?:ly)|third(?:ly)|in contrast|on the other hand|"
    r"for (?:example|instance)|in (?:this|that|these|such)|with (?:this|these)|it|its|they|their|them|he|she|his|her|this|"
    r"that|these|those|such|here|there|both|another|to (?:that|this) end|in words|\w+ (?:it|them|they)|"
    r"(?:an?|the) similar|the (?:former|latter|above|following|same|previous|other)|"
    # What a speaker says to the room, or a writer to the reader, before the point is made.
    r"i|let me|let['’]s|well|yeah|yes|no|ok|okay|uh|um|now|just|see|you (?:may|might) want|in other words|in particular|"
    r"in fact|as (?:you|we|expected|mentioned|before)|recall|notice|note)\b",
    re.I,
)
_POINTS_AWAY = re.compile(
    r"\b(?:fig(?:ure|\.)?|eq(?:uation|n|\.)?|table|algorithm|section|sec\.|chapter|theorem|lemma|appendix|exercise|listing)"
    r"\s*\(?\d|\?\?|\b(?:above|below)\b[.,;)]|\babove (?:example|equation)|"
    r"\b(?:the|see) documentation\b|\b(?:read|find) (?:much )?more\b|\bblog posts?\b|\b(?:example|figure|table|diagram|plot|picture|image|list|code|snippet|equation|formula|algorithm)s? (?:above|below)\b|\((?:\d{1,3}(?:\.\d+)*)\)|\bas follows\b|:\s*$",
    re.I,
)


# A writer on the way through the text, or an address to the reader, instead of the matter itself.
_WORK = r"(?:section|chapter|post|article|paper|survey|tutorial|book|lecture|course|thesis|report|notes|work)"
_ON_THE_WAY = re.compile(
    r"\b(?:we|i)(?:['’](?:ll|ve)| (?:will|shall|now|first|then|start|begin|conclude|turn|leave|present|review|describe|discuss|"
    r"introduce|refer|omit|have seen|attempt|try|aim))\b|\byou['’]re\b|\blet['’]s\b|\breaders?\b|\bthe (?:authors?|following)\b|"
    rf"\b(?:this|these|our|the present|in the (?:next|last|previous)|rest of the|remainder of the) {_WORK}\b|"
    r"^(?:note|notice|hint|remark|to keep the|for simplicity|to get)\b",
    re.I,
)
# What is left of a formula that lost its shape, of an accent beside its letter, of a list's or footnote's number.
_BROKEN = re.compile(
    r"\b[b-zB-HJ-Z0-9] [b-zB-HJ-Z0-9]\b|\w \{\S{1,4}\}|[\w)\]] ,(?:\s|$)|[¨´ˆ˜¯˘˚ˇ¸]|\. \.$|^\d+[A-Z]|^\d+(?:\.\d+)*,?\s"
)
_BEFORE = re.compile(r"\s*(?:[•❒▪◦■●‣➢]\s*)?")
_IN_TEX = re.compile(r"\$[^$]*\$")
_ENUMERATOR = re.compile(r"(?:^|\s)(?:\d{1,2}|[a-z])$")
_PAIRS = frozenset({"()", "[]", "{}", "[)", "(]"})
_BACK = re.compile(r"\bon the other hand\b|\b(?:one|any|each|every|another|many) such\b")
_POINTING = re.compile(r"\b(?:this|these|those)\b\W*(\w*)", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage; ``alone`` where it makes sense by itself."""

    start: int
    end: int
    alone: bool


@dataclass(frozen=True)
class Passage:
    """A span of whole sentences under one heading. ``heading`` is embedded beside the text, never quoted."""

    start: int
    end: int
    heading: tuple[str, ...]
    sentences: tuple[Sentence, ...]

    def embedded(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """What the model sees, and where each sentence stands in it.

        Heading path and sentences, without the code, formulas and figures that stand between.
        """
        sentences = [" ".join(text[s.start : s.end].split()) for s in self.sentences]
        before = f"{' › '.join(self.heading[-2:])}: " if self.heading else ""
        starts = accumulate((len(s) + 1 for s in sentences), initial=len(before))
        return before + " ".join(sentences), [(a, a + len(s)) for a, s in zip(starts, sentences, strict=False)]


def cut(parsed: Parsed, count: Callable[[Sequence[str]], list[int]]) -> list[Passage]:
    """The passages of a document, in order.

    ``count`` gives the number of tokens of each text, special tokens not counted. A sentence longer than a
    passage is kept whole and alone; the embedder cuts what does not fit, the text keeps it.
    """
    sentences = [s for block in _blocks(parsed) for s in _sentences(parsed, *block)]
    sizes = count([parsed.text[s.start : s.end] for s in sentences])
    passages: list[Passage] = []
    group: list[Sentence] = []
    heading: tuple[str, ...] = ()
    used = 0
    for sentence, size in zip(sentences, sizes, strict=True):
        path = _heading(parsed, sentence.start)
        if group and (path != heading or used + size > PASSAGE_TOKENS):
            passages.append(_passage(group, heading))
            group, used = [], 0
        group.append(sentence)
        heading, used = path, used + size
    if group:
        passages.append(_passage(group, heading))
    return [
        p
        for p in passages
        if any(s.alone for s in p.sentences) or _words(parsed.text[p.start : p.end]) >= 3 * _MIN_WORDS
    ]


def _passage(group: Sequence[Sentence], heading: tuple[str, ...]) -> Passage:
    return Passage(group[0].start, group[-1].end, heading, tuple(group))


def _heading(parsed: Parsed, start: int) -> tuple[str, ...]:
    return locate(parsed, start).heading


def _blocks(parsed: Parsed) -> Iterator[tuple[int, int]]:
    """Paragraphs of running text: between blank lines, without what is marked as something else."""
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _BLANK_LINE.finditer(parsed.text)), (len(parsed.text), 0)]:
        if parsed.text[start:end].strip():
            yield from _unmarked(parsed, start, end)
        start = after


def _unmarked(parsed: Parsed, start: int, end: int) -> Iterator[tuple[int, int]]:
    for mark in marked(parsed, start, end):
        if mark.kind in UNQUOTABLE:
            if mark.start > start:
                yield start, mark.start
            start = max(start, mark.end)
    if start < end:
        yield start, end


def _sentences(parsed: Parsed, start: int, end: int) -> Iterator[Sentence]:
    spoken = locate(parsed, start).seconds is not None
    for first, last in ((start + a, start + b) for a, b in split(parsed.text[start:end])):
        sentence = parsed.text[first:last]
        question = any(m.kind == "question" for m in marked(parsed, first, last))
        stumbles = spoken and "--" in sentence
        yield Sentence(first, last, not question and not stumbles and stands_alone(sentence))


def split(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of running text starts and ends, without the white space around it and a list's bullet before it."""
    for piece in sentencex.get_sentence_boundaries("en", text):
        raw = piece["text"]
        first = piece["start_index"] + _BEFORE.match(raw).end()  # type: ignore[union-attr]  # it matches anything
        last = piece["start_index"] + len(raw.rstrip())
        if last > first:
            yield first, last


def stands_alone(sentence: str) -> bool:
    """Whether a sentence makes sense by itself: fit to be shown, long enough, with a subject of its own."""
    return (
        _words(sentence) >= _MIN_WORDS
        and not _BACK.search(sentence)
        and is_showable(sentence)
        and not _UNRESOLVED.match(sentence)
        and all(_is_named(sentence[: m.start()], m[1]) for m in _POINTING.finditer(sentence))
    )


def _is_named(before: str, word: str) -> bool:
    """Whether the thing that "this ..." points at was named before in the sentence (by its first five letters)."""
    return len(word) > 2 and word[:5].lower() in before.lower()


def is_showable(sentence: str) -> bool:
    """Whether a sentence is whole prose that points at nothing that is not shown; it may go on from the one before.

    U+FFFD stands for a character that the file does not tell: such a sentence is not shown.
    """
    letters = sum(c.isalpha() or c.isspace() for c in sentence)
    return (
        sentence[:1].isalnum()
        and not sentence[:1].islower()
        and sentence.rstrip("\"')”’]").endswith((".", "!"))
        and letters > 0.75 * len(sentence)
        and "\ufffd" not in sentence
        and not _BROKEN.search(prose := _IN_TEX.sub("x", sentence))
        and _is_closed(prose)
        and not _POINTS_AWAY.search(sentence)
        and not _ON_THE_WAY.search(sentence)
    )


def _is_closed(text: str) -> bool:
    """Whether each bracket has its partner, but for 1) and a) before an item; [0, 1) is a pair too."""
    opened: list[str] = []
    for at, c in enumerate(text):
        if c in "([{":
            opened.append(c)
        elif opened and c in ")]}":
            if opened.pop() + c not in _PAIRS:
                return False
        elif c in ")]}" and not (c == ")" and _ENUMERATOR.search(text[:at])):
            return False
    return not opened


def _words(text: str) -> int:
    return len(text.split())
