"""Captions (WebVTT, SubRip) -> ``Parsed``: sentences rebuilt from cues, each cue's second as its place.

Who speaks and what is heard ("PROFESSOR:", ">>", "[APPLAUSE]") is out; questions asked in a lecture are
marked, because they win every search for an answer. Paragraphs follow speakers, pauses and minutes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.documents import Mark, Parsed, Place
from ingest.errors import ReadingError
from ingest.readers.blocks import clean, decode

RECIPE = "captions-1"
_PAUSE = 5.0
_MINUTE = 60.0

_TIMING = re.compile(r"\s*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})")
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_HEARD = re.compile(
    r"\[[A-Z][A-Z ,.'&-]*\]|\([A-Z][A-Z ,.'&-]{3,}\)|[♪♫]+|"
    r"(?i:[\[(](?:applause|laughter|laughs|laughing|music|music playing|inaudible|noise|silence|blank_audio|coughs?|"
    r"crosstalk|side conversation|no audio|unintelligible|background noise)[\])])"
)
_SPEAKER = re.compile(
    r"(?:^|(?<=[.?!]\s))(?:[A-Z][A-Z.'-]+(?: [A-Z0-9.'-]+){0,3}"
    r"|(?:Professor|Student|Students|Audience|Lecturer|Instructor|Speaker|Teacher|Interviewer)(?: [A-Z0-9][\w.'-]*){0,2}):\s+"
)
_SENTENCE = re.compile(r"\S.*?(?:[.?!…]+[\"'”’)]*(?=\s|$)|$)", re.S)


@dataclass(frozen=True, slots=True)
class _Cue:
    start: float
    end: float
    lines: tuple[str, ...]


def read(data: bytes) -> Parsed:
    """What is said in a caption file."""
    cues = list(_without_repeats(_cues(decode(data))))
    if not cues:
        raise ReadingError("has no cues")
    parts: list[str] = []
    places: list[Place] = []
    size, opened, last_end = 0, cues[0].start, cues[0].start
    for cue in cues:
        turn, text = _spoken(" ".join(cue.lines))
        if not text:
            last_end = cue.end
            continue
        ended = bool(parts) and parts[-1].rstrip("\"'”’)").endswith((".", "?", "!", "…"))
        long = cue.start - opened > (_MINUTE if ended else 2 * _MINUTE)
        pause = cue.start - last_end > _PAUSE
        glue = ("\n\n" if (turn and ended) or pause or long else " ") if parts else ""
        if glue != " ":
            opened = cue.start
        parts += [glue, text]
        places.append(Place(size + len(glue), seconds=cue.start))
        size += len(glue) + len(text)
        last_end = cue.end
    text = "".join(parts)
    if not text:
        raise ReadingError("has no spoken words")
    return Parsed(text=text, places=tuple(places), marks=tuple(_questions(text)))


def _cues(text: str) -> Iterator[_Cue]:
    """The cues: each line of timing, and the lines behind it up to a blank one."""
    lines = iter(text.split("\n"))
    timing = next(filter(None, map(_TIMING.match, lines)), None)
    while timing:
        kept: list[str] = []
        following, within = None, True
        for line in lines:
            following = _TIMING.match(line)
            if following:
                break
            within = within and bool(line.strip())
            if within:
                kept.append(line.strip())
        start, end = _seconds(*timing.groups()[:4]), _seconds(*timing.groups()[4:])
        yield _Cue(start, max(start, end), tuple(kept))
        timing = following


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _without_repeats(cues: Iterator[_Cue]) -> Iterator[_Cue]:
    """Rolling captions say each line twice: a line that the cue before has shown is dropped."""
    shown: tuple[str, ...] = ()
    for cue in sorted(cues, key=lambda cue: cue.start):
        lines = tuple(plain for line in cue.lines if (plain := _plain(line)))
        fresh = lines
        while fresh and fresh[0] in shown:
            fresh = fresh[1:]
        yield _Cue(cue.start, cue.end, fresh)
        shown = lines or shown


def _plain(line: str) -> str:
    return " ".join(clean(html.unescape(_TAG.sub("", line))).split())


def _spoken(text: str) -> tuple[bool, str]:
    """Whether another speaker begins here, and the words without who speaks and what is heard."""
    without = _HEARD.sub(" ", text)
    turn = bool(re.match(r"\s*(?:>>|-\s)", without)) or bool(_SPEAKER.match(without.lstrip(" >-")))
    without = re.sub(r">>+|^\s*-\s+", " ", without)
    return turn, " ".join(_SPEAKER.sub("", " ".join(without.split())).split())


def _questions(text: str) -> Iterator[Mark]:
    start = 0
    for paragraph in text.split("\n\n"):
        for match in _SENTENCE.finditer(paragraph):
            if match[0].rstrip("\"'”’)").endswith("?"):
                yield Mark(start + match.start(), start + match.end(), "question")
        start += len(paragraph) + 2
