"""A follow-up to a question that makes sense alone, by simple rules. Pure.

"And which of them needs the chain rule?" after "are gradient descent and backprop the same?" becomes "which of
gradient descent and backprop needs the chain rule?". A new subject is left as it is: a question that names no
concept is joined to the old subject only where its own words leave something out. A chat model, where there is one,
does this better (writers/rewriting.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.ellipsis import ASPECT, asked_whole, asks
from assistant.naming import Names
from assistant.pointing import (
    AUXILIARY,
    KIND,
    OF_SEVERAL,
    bare,
    filled,
    listed,
    speaks_of_itself,
    with_article,
    with_person,
)
from assistant.questions import analyse, plainer, subject_of

#: How many earlier turns are looked at, and how many characters of each.
TURNS, MOST = 6, 600

_LEAD = re.compile(
    r"^(?:(?:and|but|so|ok(?:ay)?|then|also|well|right|thanks|thank you|cool|great|now|hm+|i see|got it)[\s,.:!]+)+",
    re.I,
)
_TURN_AWAY = re.compile(
    r"^(?:(?:ok(?:ay)?|now|well|and)[\s,.]+)?(?:(?:a |an |on (?:to )?(?:a |an )?|let['’]?s (?:talk about|try|do) |to )?"
    r"(?:something|different|other|another|new|else)\b[^:.?!,]{0,25}[:.,!]|by the way,?|forget (?:that|it|this)[.,!]?|never ?mind[.,!]?|"
    r"changing (?:the )?(?:subject|topic)[:.,]?|(?:let['’]?s move on|moving on|(?:next|new|another|one more) question)[:.,])\s*(?=\w)",
    re.I,
)
#: "What's bad about X" is about X.
_ABOUT_IT = re.compile(r"^\w+ (?:about|with) (?:an?\s+|the\s+)?", re.I)
_OPENING = re.compile(
    rf"(?:(?:how|why|when|where) )?{AUXILIARY} (?:an? |the )?|what (?:does|do|did|can|will|would) (?:an? |the )?", re.I
)
#: What a question is about that names it before the verb: "what does a filter do in a convnet?"
_ACTOR = re.compile(
    r"(?:what|how|why|when|where) (?:does|do|did|is|are) (?:an?|the) (?P<x>(?!\w+ing\b)[\w-]+(?: [\w-]+)?) (?:do|work|mean|used|help|called|look)\b",
    re.I,
)
#: What has an object of its own, so that nothing is left out: "train a network without labels", "between precision and recall".
_OF_ITS_OWN = re.compile(
    r"\bmy \w+|\b(?:ways?|how) to \w+ \w+|\bbetween \w.* and \w|^(?:how|why|when) do (?!(?:its|these|those|class)\b)\w+s \w+"
    r"|\b(?:of|in|for|on|by|an?)\s+(?:an?\s+|the\s+)?(?:\w+\s+)?(?:net(?:work)?|model|image|picture|agent|word|sentence|text|machine|game|robot|car)s?\b"
    r"|^what(?:['’]s| is| are) (?!\w+(?:ed|ing)\b|(?:wrong|different|special|new|important|common|typical|normal|hard|necessary)\b)[\w-]+\W*$",
    re.I,
)
_SORT = re.compile(
    r"\b(?:an?|any|other|more|better|what|which|different|common|the)\s+(?:versions?|variants?|kinds?|types?|forms?|flavou?rs?)\b(?!\s+of)",
    re.I,
)
#: "What's the catch?": the catch of what was spoken of.
_THE_WHAT = re.compile(r"^(?:what|who|where|how big|how long)(?:['’]s| is| are| was| were) the \w+\W*$", re.I)
#: "Is the softmax needed?", "what loss is used?": in what was spoken of.
_INCOMPLETE = re.compile(
    r"^(?P<still>(?:do|would|should) (?:i|you|we) still\b.*)$|^(?:(?:is|are|does|do|can|could|would|will)\b.*|(?:what|which) (?!is|are)\w.*) (?P<verb>used|needed|necessary|required|helps?|enough|involved)\W*$"
    rf"|^(?:what|which) (?!{AUXILIARY}\b)[\w-]+\W*$",
    re.I,
)
#: "What optimizer?", "why bias correction?"
_NOUN_ASKED = re.compile(
    rf"^(?:what|which|why) (?!(?:of|about|not|for|so|else|now|happens?|comes?|{AUXILIARY})\b)[\w-]+(?: [\w-]+| (?:and|or|not) .+)?\W*$",
    re.I,
)
_WHICH = re.compile(
    rf"^(?:(?:please |can you |could you )*(?:explain|describe|define|tell me about|what is|what['’]?s|what about)\s+)?the "
    rf"(?P<nth>first|second|third|fourth|last)(?: {KIND})?\s*[?.!]*$",
    re.I,
)


@dataclass(frozen=True)
class Turn:
    """An earlier question, as it was understood."""

    question: str


def standalone(question: str, history: Sequence[Turn], names: Names) -> str:
    """``question`` so that it makes sense without ``history``; unchanged where it already does.

    The earlier questions may be follow-ups themselves: each is understood by those before it.
    """
    understood: list[str] = []
    for asked in (*(t.question[:MOST] for t in history[-TURNS:]), question):
        understood.append(_alone(asked, understood, names))
    return understood[-1]


def _alone(question: str, previous: Sequence[str], names: Names) -> str:
    """A question by the earlier ones, which stand alone."""
    if not previous:
        return question
    if away := _TURN_AWAY.match(question):
        return _capital(question[away.end() :])
    asked = with_person(_spelt(_LEAD.sub("", question).strip() or question), previous, names)
    subjects = _subjects(previous, names)
    if not subjects:
        return question if asked in question else _capital(asked)
    if OF_SEVERAL.search(asked) and len(subjects) == 1:
        subjects = _in_turn(previous, names) or subjects
    return asked_whole(question, asked, subjects, previous[-1], names) or _completed(
        question, asked, previous, subjects, names
    )


def _spelt(asked: str) -> str:
    """The contractions that people type without their apostrophe, with it."""
    asked = re.sub(r"^(what|how|where|who)s\b", r"\1's", asked, flags=re.I)
    return re.sub(r"\bits (?=(?:too|very|so|not|just|always|never|really|an?|the)\b)", "it's ", asked, flags=re.I)


def _completed(question: str, asked: str, previous: Sequence[str], subjects: Sequence[str], names: Names) -> str:
    """A whole question with what it points back to filled in."""
    own = names.mentions(asked)
    if if_so := re.match(r"(?:what )?(?:happens )?if\b(.+)", asked, re.I):
        resolved = filled(if_so[1].strip(), subjects, names)
        tail = "" if resolved != if_so[1].strip() else f" in {subjects[0]}"
        return _capital(f"What happens if {resolved.rstrip('?.! ')}{tail}?")
    resolved = asked if speaks_of_itself(asked, names) else filled(asked, subjects, names)
    if resolved != asked:
        return _capital(_whole(resolved))
    if len(subjects) == 1 and (m := _WHICH.match(asked)):
        return f"What is the {m['nth'].casefold()} of {subjects[0]}?"
    if _SORT.search(asked):
        return _capital(_SORT.sub(lambda m: f"{m[0]} of {subjects[0]}", asked, count=1))
    if own and (m := _INCOMPLETE.match(asked)):
        return _capital(
            f"{asked.rstrip('?.! ')} {'with' if m['still'] or (m['verb'] or '').startswith('help') else 'in'} {listed(subjects)}?"
        )
    if own or not _leaves_out(asked):
        return question if asked == question else _capital(asked)
    return _capital(_joined(asked, listed(subjects)))


def _subjects(previous: Sequence[str], names: Names) -> list[str]:
    """What the conversation is about: both sides of a comparison, the things listed, or the subject of the latest question with one."""
    for text in reversed(previous):
        if among := _listed(text, names):
            return [with_article(x, text) for x in among]
        for part in analyse(text, names).parts:
            if part.role == "relation" and part.sides:
                return [with_article(s.strip(), text) for s in part.sides]
        if subject := _actor(text, names) or subject_of(text, names):
            return [with_article(_fuller(_ABOUT_IT.sub("", bare(subject)), text, previous, names), text)]
    return []


def _fuller(subject: str, text: str, previous: Sequence[str], names: Names) -> str:
    """A subject as fully as it was named before, where the text does too: "loss landscape" and not its "loss"."""
    earlier = (_ABOUT_IT.sub("", bare(subject_of(p, names) or "")) for p in previous)
    fuller = (e for e in earlier if subject.casefold() in e.casefold() and e.casefold() in text.casefold())
    return max(fuller, key=len, default=subject)


def _actor(text: str, names: Names) -> str | None:
    """What a question names before its verb: the LSTM of "how does an LSTM avoid vanishing gradients?"."""
    if m := _OPENING.match(text):
        return next((x.name for x in names.mentions(text) if x.start == m.end()), None) or (
            m["x"] if (m := _ACTOR.match(text)) else None
        )
    return None


def _listed(text: str, names: Names) -> list[str]:
    """The concepts that a question lists: "A, B and C", "A or B"."""
    found = names.mentions(text)
    between = [text[a.end : b.start] for a, b in pairwise(found)]
    joints = [
        bool(re.fullmatch(r"\s*(?:,|,?\s*(?:and|or|vs\.?|versus))\s*(?:an?\s+|the\s+)?", b, re.I)) for b in between
    ]
    return [m.name for m in found] if len(found) > 1 and all(joints) else []


def _in_turn(previous: Sequence[str], names: Names) -> list[str]:
    """The subjects of the latest questions where they ask the same of one thing after another ("What is A?", "What is B?")."""
    found: list[str] = []
    asked = None
    for text in reversed(previous):
        [subject, *more] = _subjects([text], names) or [""]
        plain = re.sub(r"\b(?:an?|the) ", "", plainer(text).casefold()).replace(" are ", " is ").rstrip("?.! ")
        frame = plain.replace(bare(subject).casefold(), "_") if subject else None
        if more or frame is None or asked not in (None, frame):
            break
        asked = frame
        found.insert(0, subject)
    return list(dict.fromkeys(found)) if len(set(found)) > 1 else []


def _leaves_out(text: str) -> bool:
    """Whether a question that names no concept asks for a property of something it does not say."""
    strange = any(w[:1].isupper() and w not in ("I", "I'd", "I'm") for w in text.split()[1:])
    whole = strange or _OF_ITS_OWN.search(text) or len(text.split()) > 12
    return not whole and bool(ASPECT.search(text) or _THE_WHAT.match(text) or _NOUN_ASKED.match(text))


def _joined(text: str, subject: str) -> str:
    """A question with the subject it leaves out."""
    first, _, rest = text.partition("? ")
    asked = first.rstrip("?.! ")
    of = re.search(r"\b(?:the|its|any|a|an|some|main)\s+(?:\w+\s+){0,2}\w+s?$", asked, re.I) or not asks(asked)
    about = re.search(r"\b(?:paper|book|tutorial)s?$", asked, re.I)
    link = "on" if about else "between" if asked.endswith("difference") and " and " in subject else "of" if of else "in"
    return f"{asked} {link} {subject}?" + (f" {rest}" if rest else "")


def _whole(text: str) -> str:
    """A fragment ("X's connection to the SVD") as a question."""
    if (
        asks(text)
        or not re.match(r"\S.*['’]s \w+", text)
        or re.match(r"(?:explain|describe|give|tell|show|define|name|list|compare)\b", text, re.I)
    ):
        return text
    return f"What is {text}"


def _capital(text: str) -> str:
    text = text if text.endswith(("?", ".", "!")) else f"{text}?"
    return text[:1].upper() + text[1:]
