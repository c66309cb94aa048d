"""A chat model's reply, read as it streams: first the quotes it copies, then its sentences with their keys. Pure.

The reply is meant to be ``QUOTES``, a line for each quote that opens with its key, ``ANSWER``, and prose whose
sentences end with keys in double brackets. Models do other things as well: keys split over tokens, in code, in
brackets of other alphabets, doubled, nested, escaped, invented. Whatever might be half a marker is held back, and what
comes out does not depend on where the stream was cut. Knows keys, but neither evidence nor citations.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: What keys are made of, and how long they are: nothing that reads like a word.
ALPHABET, LENGTH = "bcdfghjkmnpqrstvwxz", 5
MAX_REPLY = 8000

_BRACKETS = str.maketrans({**dict.fromkeys("［【〔〚⟦〖〘❲⁅", "["), **dict.fromkeys("］】〕〛⟧〗〙❳⁆", "]")})
_OPEN, _CLOSE = r"(?:\\?\[\s*)", r"(?:\s*\\?\])"
_DOUBLE = re.compile(rf"{_OPEN}{{2,}}([^\[\]]*){_CLOSE}*")
_SINGLE = re.compile(r"\\?\[([^\[\]]*)\\?\]")
_ROUND = re.compile(
    rf"[({{<]{{1,2}}\s*([{ALPHABET}]{{{LENGTH}}}(?:[\s,;]+[{ALPHABET}]{{{LENGTH}}})*)\s*[)}}>]{{1,2}}", re.I
)
_KEYLIKE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
_NUMBERS = re.compile(r"\s*\^?\d{1,3}(?:\s*[,;–-]\s*\^?\d{1,3})*\s*")
#: What begins another word rather than a marker, be it in code or escaped.
_WORD = r"(?:[^\s\[\\`]|[`\\]{1,2}[^\s\[\\`])"
_CODE = re.compile(r"`[^`]*`|\$[^$]+\$")
_END = re.compile(
    rf"(?:(?<![A-Z]\.)(?<!e\.g)(?<!i\.e)(?<!cf)(?<!vs)(?<!al)(?<!Fig)(?<!Eq)[.!?][\"”’)*]*(?:\s*`?{_OPEN}+[^\[\]]*{_CLOSE}+`?)*(?=\s+{_WORD})"
    rf"|(?<=\])`?[ \t]*\n(?=\s*{_WORD})|\n[ \t]*\n(?=\s*{_WORD}))"
)
_ANSWER = re.compile(r"[^\w\n]*answer[*_ \t]*:", re.I)
_HEADER = re.compile(r"\W*(?P<name>quotes?|answer)\W*", re.I)
_LISTED = r"\s*(?:[-*•>]\s*|\d+[.)]\s*)?`?"
_QUOTE_LINE = re.compile(rf"{_LISTED}{_OPEN}")
_LISTED_LINE = re.compile(rf"{_LISTED}(?:{_OPEN}|[\"“«])")
_REFUSAL = re.compile(
    r"\W*(?:no answer\b|(?:i['’]?m|i am) (?:sorry|unable|not able|afraid)|sorry\b|i (?:cannot|can['’]?t|can not|won['’]?t|will not|must decline)\b|as an? (?:ai|language model))",
    re.I,
)


@dataclass(frozen=True)
class Quoted:
    """Words that the model says it copied from the piece of evidence with this key."""

    key: str
    words: str


@dataclass(frozen=True)
class Written:
    """One sentence of the reply and the known keys behind it."""

    text: str
    keys: tuple[str, ...]


@dataclass
class ReplyParser:
    """Turns a streamed reply into quotes and sentences.

    Feed it pieces; it yields each quote and each whole sentence once nothing more can belong to it. ``invented`` counts
    keys and citations that are not ours; ``full`` says that the reply is longer than any that is read.
    """

    known: frozenset[str]
    invented: int = 0
    refused: bool = False
    sentences: int = 0
    letters: int = 0
    odd: int = 0
    _held: str = field(default="", repr=False)
    _size: int = field(default=0, repr=False)
    _prose: bool = field(default=False, repr=False)
    _listing: bool = field(default=False, repr=False)

    @property
    def full(self) -> bool:
        """Whether no more is read."""
        return self._size >= MAX_REPLY

    @property
    def broken(self) -> bool:
        """Whether the reply is hardly text: damaged characters, or fewer letters than other signs."""
        return self.odd > 0 and self.odd * 2 >= self.letters

    @property
    def empty(self) -> bool:
        """Whether there was not a word."""
        return not self.letters

    def feed(self, piece: str) -> Iterator[Quoted | Written]:
        """What is complete with this piece."""
        piece = piece[: max(0, MAX_REPLY - self._size)]
        self._size += len(piece)
        self._held += _plain(piece)
        self.letters += sum(c.isalnum() for c in piece)
        self.odd += sum(
            c == "\ufffd" or not (c.isalnum() or c.isspace() or c.isascii() or c.isprintable()) for c in piece
        )
        yield from self._read(last=False)

    def close(self) -> Iterator[Quoted | Written]:
        """What is left, when the reply has ended."""
        yield from self._read(last=True)
        held, self._held = self._held, ""
        yield from self._sentence(held) if self._prose else self._line(held)

    def _read(self, last: bool) -> Iterator[Quoted | Written]:
        while not self._prose:
            if begun := _ANSWER.match(self._held):
                self._held, self._prose = self._held[begun.end() :], True
            elif "\n" in self._held:
                line, _, self._held = self._held.partition("\n")
                yield from self._line(line)
            else:
                return
        while (end := _sentence_end(self._held)) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            yield from self._sentence(sentence)

    def _line(self, line: str) -> Iterator[Quoted | Written]:
        """A line before the answer: a heading, a quote, or prose of a model that leaves the headings out."""
        if header := _HEADER.fullmatch(line):
            self._prose, self._listing = header["name"].casefold() == "answer", True
        elif (_LISTED_LINE if self._listing else _QUOTE_LINE).match(line):
            words, keys = self._unmarked(line)
            words = re.sub(r"^[\s\-*•>:]+|\s+$", "", words).strip(" \"“”'«»")
            if self._refuses(words):
                self.refused = True
            elif words:
                yield from (Quoted(key, words) for key in keys)
        else:
            at = 0
            while (end := _sentence_end(line[at:])) is not None:
                yield from self._sentence(line[at : at + end])
                at += end
            yield from self._sentence(line[at:])

    def _sentence(self, raw: str) -> Iterator[Written]:
        text, keys = self._unmarked(raw)
        text = re.sub(r"^(?:[\s*•#>_-]+|\d+[.)]\s)+|```\w*|[\s*_]+$", "", text).strip()
        if not any(c.isalnum() for c in text):
            return
        if self._refuses(text):
            self.refused = True
            return
        self.sentences += 1
        leaked = any(key in text.casefold() for key in self.known)  # a key as a word of the sentence
        yield Written(text, () if leaked else keys)

    def _refuses(self, text: str) -> bool:
        return self.sentences == 0 and bool(_REFUSAL.match(text))

    def _unmarked(self, raw: str) -> tuple[str, tuple[str, ...]]:
        """A text without its markers, and the known keys among them."""
        keys: dict[str, None] = {}

        def take(match: re.Match[str], always: bool = True) -> str:
            tokens = re.findall(r"\w+", unicodedata.normalize("NFKC", match[1]).casefold())
            ours = [t for t in tokens if t in self.known]
            strange = [t for t in tokens if t not in self.known and _KEYLIKE.fullmatch(t)]
            if not (always or ours or strange or _NUMBERS.fullmatch(match[1])):
                return match[0]
            keys.update(dict.fromkeys(ours))
            self.invented += len(strange) or (not ours and any(c.isalnum() for c in match[1]))
            return ""

        def beside_code(part: str, pattern: re.Pattern[str], always: bool) -> str:
            return pattern.sub(lambda m: take(m, always), part)

        text = html.unescape(raw).translate(_BRACKETS)
        text = _DOUBLE.sub(take, text)
        text = _outside_code(text, lambda part: beside_code(part, _SINGLE, always=False))
        text = _SINGLE.sub(lambda m: take(m) if _all_known(m[1], self.known) else m[0], text)
        text = _ROUND.sub(lambda m: take(m) if _all_known(m[1], self.known) else m[0], text)
        text = _outside_code(re.sub(r"`\s*`", "", text), lambda part: re.sub(r"\\?\[\[+|\]\]+\\?", "", part))
        return re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())), tuple(keys)


def _plain(piece: str) -> str:
    """A piece with brackets of one kind and without characters that are not seen."""
    return "".join(
        c for c in piece.translate(_BRACKETS) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    out, at = [], 0
    for code in _CODE.finditer(text):
        out += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*out, change(text[at:])])


def _all_known(inner: str, known: frozenset[str]) -> bool:
    tokens = re.findall(r"\w+", inner.casefold())
    return bool(tokens) and all(t in known for t in tokens)


def _sentence_end(text: str) -> int | None:
    """Where the first whole sentence ends: after its mark and its markers, outside code, once another word has begun."""
    for match in _END.finditer(text):
        if text.count("`", 0, match.start()) % 2 == 0:
            return match.end()
    return None
