"""A follow-up to a question that makes sense alone, by simple rules. Pure.

"And which of them needs the chain rule?" after "are gradient descent and backprop the same?" becomes "which of
gradient descent and backprop needs the chain rule?". A new subject is left as it is. A chat model, where there
is one, does this better (writers/model.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.naming import Names
from assistant.questions import analyse, subject_of

#: How many earlier turns are looked at.
TURNS = 6

_LEAD = re.compile(r"^(?:and|but|so|ok(?:ay)?|then|also|well|right|thanks|now|hm+)[\s,.:]+", re.I)
_BOTH = re.compile(
    r"\b(which (?:one )?of (?:them|the two|these|those|both)|which one|either of them|both of them|them|they|the two|these two)\b",
    re.I,
)
_FIRST = re.compile(r"\bthe (?:first|former)(?: one)?\b", re.I)
_SECOND = re.compile(r"\bthe (?:second|latter|other)(?: one)?\b", re.I)
_IT = re.compile(
    r"\b(its|their|it|they|them|this|that(?= (?:one|method|algorithm|layer|technique|thing)\b)|that(?=\?|$)|those|these)\b(?: (?:one|method|algorithm|layer|technique|thing))?",
    re.I,
)
_WHAT_ABOUT = re.compile(r"^(?:(?:what|how) about|and|same for|what of)\s+(?:an?\s+|the\s+)?(?P<x>[^?]+?)\s*\?*$", re.I)
_ELLIPSIS = re.compile(
    r"^(?P<ask>why(?: not)?|how(?: so| exactly)?|when|where|since when|who|really|what for|for example|"
    r"(?:can you |could you |please )*(?:give (?:me )?|show (?:me )?)?(?:an? |some |more )?examples?(?: please)?|"
    r"(?:can you |could you |please )*(?:tell me more|go deeper|elaborate|explain(?: that| it)?(?: more| again)?|say more|more details?)(?: please)?|"
    r"why is that(?: so)?|why does that (?:happen|work|help)|how does that work|what does that mean)\s*[?.!]*$",
    re.I,
)
_ELLIPTIC_FORM = {
    "why": "Why {0}?",
    "how": "How does {0} work?",
    "when": "When is {0} used?",
    "where": "Where is {0} used?",
    "who": "Who introduced {0}?",
    "example": "What is an example of {0}?",
    "more": "How does {0} work?",
    "mean": "What is {0}?",
}


@dataclass(frozen=True)
class Turn:
    """An earlier question, as it was understood."""

    question: str


def standalone(question: str, history: Sequence[Turn], names: Names) -> str:
    """``question`` so that it makes sense without ``history``; unchanged where it already does."""
    previous = [t.question for t in history[-TURNS:]]
    if not previous:
        return question
    bare = _LEAD.sub("", question).strip() or question
    subjects = _subjects(previous, names)
    if not subjects:
        return question
    if m := _ELLIPSIS.match(bare):
        return _fill(m["ask"].casefold(), subjects, previous[-1])
    if (m := _WHAT_ABOUT.match(question)) and len(m["x"].split()) <= 5 and not _asks(m["x"]):
        return _instead(previous[-1], subjects, m["x"], names)
    own = names.mentions(bare)
    resolved = _with_subjects(bare, subjects)
    if resolved != bare:
        return _capital(resolved)
    if own or not _opens_bare(bare):
        return _capital(bare) if own and bare != question else question
    return _capital(f"{bare.rstrip('?.! ')} of {subjects[0]}?") if len(bare.split()) <= 4 else question


def _subjects(previous: Sequence[str], names: Names) -> list[str]:
    """What the conversation is about: both sides of a comparison, or the subject of the latest question with one."""
    for text in reversed(previous):
        for part in analyse(text, names).parts:
            if part.role == "relation" and part.sides:
                return [s.strip() for s in part.sides]
        if subject := subject_of(text, names):
            return [subject]
    return []


def _with_subjects(text: str, subjects: Sequence[str]) -> str:
    if len(subjects) > 1:
        text = _FIRST.sub(subjects[0], text)
        text = _SECOND.sub(subjects[1], text)
        both = " and ".join(subjects[:2])
        return _BOTH.sub(lambda m: f"which of {both}" if m[1].casefold().startswith("which") else both, text, count=1)

    def put(match: re.Match[str]) -> str:
        return f"{subjects[0]}'s" if match[1].casefold() in ("its", "their") else subjects[0]

    if re.match(r"(?:is|are|was) (?:it|this|that|there) (?:true|possible|right|correct)\b", text, re.I):
        return text
    return _IT.sub(put, text, count=1)


def _fill(ask: str, subjects: Sequence[str], last: str) -> str:
    subject = " and ".join(subjects[:2])
    if ask.startswith("why"):
        statement = re.match(r"^(?:is|are|does|do|can|should)\s+(.+?)[?.!]*$", last, re.I)
        return (
            f"Why {'not ' if 'not' in ask else ''}{last[0].lower() + last[1:]}"
            if statement
            else f"Why is {subject} used?"
        )
    for cue, form in _ELLIPTIC_FORM.items():
        if cue in ask:
            return form.format(subject)
    return f"How does {subject} work?" if len(subjects) == 1 else f"How do {subject} differ?"


def _instead(last: str, subjects: Sequence[str], new: str, names: Names) -> str:
    """The last question, asked of something else."""
    for subject in subjects:
        at = last.casefold().find(subject.casefold())
        if at >= 0:
            return _capital(last[:at] + new + last[at + len(subject) :])
    return f"What is {new}?"


def _asks(text: str) -> bool:
    return bool(
        re.match(r"(?:what|how|why|when|where|which|who|is|are|do|does|did|can|could|should|would|will)\b", text, re.I)
    )


def _opens_bare(text: str) -> bool:
    return len(text.split()) <= 4 and not re.match(r"what (?:is|are)\b", text, re.I)


def _capital(text: str) -> str:
    text = text if text.endswith(("?", ".", "!")) else f"{text}?"
    return text[:1].upper() + text[1:]
