"""A question to its parts: what is asked, of what, in how many pieces. Pure.

"What is X and why does it matter?" has two parts, "describe X" asks what it is and how it works, "are X and
Y the same?" asks for their relation and for each side. Names and aliases of concepts come from the notes
(``Names``), so that abbreviations and British spellings find their concept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.naming import Names
from assistant.talk import SENTENCE, without_talk
from ingest.errors import QuestionError

MAX_CHARACTERS = 4000
Role = Literal["whole", "side", "relation"]


@dataclass(frozen=True)
class Part:
    """One thing that is asked, as a question that makes sense alone.

    A ``relation`` compares two things or chooses between them; a ``side`` asks what one of them is, and is wanted only
    where somebody asks whether they are the same.
    """

    text: str
    role: Role = "whole"
    sides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A clean question without the talk around it, and its parts in the order they are answered."""

    text: str
    parts: tuple[Part, ...]


def clean(raw: object) -> str:
    """A question as it is answered: one line, no control characters. Raises QuestionError."""
    if not isinstance(raw, str):
        raise QuestionError(f"a question is text, not {type(raw).__name__}")
    if len(raw) > MAX_CHARACTERS:
        raise QuestionError(
            f"the question has {len(raw):,} characters; {MAX_CHARACTERS:,} at most", todo="Ask it more shortly"
        )
    text = unicodedata.normalize("NFC", raw)
    text = "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or c == "\u200d" else " " for c in text
    )
    text = " ".join(text.split())
    if not any(c.isalnum() for c in text):
        raise QuestionError("the question is empty", todo='Ask something, like: underhood ask "what is momentum?"')
    return text


# Parts

_ASK = r"(?:what|how|why|when|where|which|who|whose|is|are|do|does|did|can|could|should|would|will|was|were)"
_IS = r"(?:is|are|do|does|did|was|were|can|could|should|would)"
_TELL = r"(?:explain|describe|define|discuss|list|name|give|compare|contrast|tell|show|derive|state|outline|summari[sz]e|elaborate|write|express|prove|identify)"
#: A thing's own side, asked for beside it: "define BLEU and the role of the brevity penalty".
_FACET = r"the\s+(?:meanings?|roles?|purpose|functions?|effects?)\s+of"
_JOINT = re.compile(
    rf"(?:\s*[,;]\s*(?:and\s+|or\s+|but\s+)?|\s+(?:and|but)\s+)(?:also\s+|then\s+)?"
    rf"(?=(?:what|how|why|when|where|who|(?:in|for|under)\s+(?:what|which)\s+\w+\s+{_IS}|explain|describe|give|list|name|state|identify|{_FACET}|{_ASK}\s+(?:it|they|this|that|these|there|we|you|one)|"
    r"(?:its|their)\s+\w+)\b)",
    re.I,
)
#: A further question after "and" that needs one to be told from a relative clause: "and which …?", "and would DQN …?".
_FURTHER = re.compile(
    rf"(?:\s*,)?\s+(?:and|but)\s+(?:also\s+|then\s+)?(?=(?P<which>which\b(?!\s+(?:for|in|on|an?|the)\b))|{_IS}\s+(?P<det>(?:the|my|your|our|there)\b)?(?:an?\s+)?(?P<rest>.{{0,80}}))",
    re.I,
)
_PRONOUN = re.compile(r"\b(it|its|they|them|their|this|these|that|those|each|one(?=\s*[?.!]*$))\b", re.I)
_NP = r"(?:(?:an?|the)\s+)?(?P<{0}>[^,;?]+?)"
_RELATIONS = tuple(
    re.compile(p, re.I)
    for p in (
        rf"\b(?:differences?|distinctions?|distinguish|relation(?:ship)?|connection|similarit\w+|trade-?offs?|comparison|contrast)\s+(?:\w+\s+)?(?:is\s+there\s+)?between\s+{_NP.format('x')}\s+and\s+{_NP.format('y')}(?:\s+(?:in|for|when|with)\b.*)?[?.!]*$",
        rf"^(?:(?:please\s+)?(?:compare|contrast|compare\s+and\s+contrast))\s+{_NP.format('x')}\s+(?:and|with|to|against|versus|vs\.?)\s+{_NP.format('y')}(?:\s+in\s+terms\b.*)?[?.!]*$",
        rf"^how\s+(?:do|does|is|are|did)\s+{_NP.format('x')}\s+(?:differ(?:s|ent)?|compares?d?|relates?d?)\s*(?:from|to|with)\s+{_NP.format('y')}[?.!]*$",
        rf"^how\s+(?:do|are)\s+{_NP.format('x')}\s+and\s+{_NP.format('y')}\s+(?:differ|compare|relate|different|related|connected)\b.*$",
        rf"^(?:is|are)\s+{_NP.format('x')}\s+(?:and|or)\s+{_NP.format('y')}\s+(?:really\s+|actually\s+|just\s+|basically\s+)?(?:the\s+)?(?:same|identical|equivalent|synonyms?|different|related|interchangeable)\b.*$",
        rf"^(?:is|are)\s+{_NP.format('x')}\s+(?:just\s+|really\s+|actually\s+|basically\s+)?(?:the\s+same\s+(?:thing\s+)?as|identical\s+to|equivalent\s+to|different\s+from|the\s+same\s+like)\s+{_NP.format('y')}[?.!]*$",
        rf"^(?:what(?:'s| is| are)\s+)?{_NP.format('x')}\s+(?:vs\.?|versus|compared\s+(?:to|with))\s+{_NP.format('y')}[?.!]*$",
    )
)
_CHOICE = re.compile(
    rf"^(?:(?:should|shall|would|do|can)\s+(?:i|we|you|one)\s+(?:use|choose|prefer|pick|take|go\s+(?:for|with)|apply)|which\s+(?:one\s+)?is\s+(?:better|best|faster)[,:]?)\s+{_NP.format('x')}\s+or\s+{_NP.format('y')}(?P<rest>\s+(?:on|for|in|with|to|when)\s+[^?]+)?[?.!]*$",
    re.I,
)
_GOOD, _BAD = r"(?:advantages?|pros|benefits|strengths)", r"(?:disadvantages?|cons|drawbacks|limitations|weaknesses)"
_BOTH_WAYS = re.compile(
    rf"\b{_GOOD}\s+(?:and|&|or)\s+(?:the\s+)?{_BAD}\s+(?:of|to|in)\s+(?:using\s+)?(?:an?\s+|the\s+)?(?P<x>[^?,;]+?)[?.!]*$"
    rf"|^(?:(?:list|give|name|state|what\s+are)\s+)?(?P<z>(?:(?!\b(?:and|its|their)\b)[^?,;])+?)\s+{_GOOD}\s+(?:and|&)\s+{_BAD}[?.!]*$",
    re.I,
)
_EITHER = re.compile(
    r"^(?P<ask>what\s+happens\s+(?:when|if)\s+(?:i|you|we|one)\s+)(?P<a>[^,?]+?)\s+or\s+(?P<b>[^,?]+?)[?.!]*$", re.I
)
_AUDIENCE = re.compile(
    r"\b(?:to|for)\s+(?:an?\s+)?(?:absolute\s+|complete\s+)?(?:beginners?|child|layman|layperson|newbie|novice|dummies)\b"
    r"|\b(?:to|for)\s+(?:an?|my|the|your)\s+(?:[\w-]+\s+)?(?:boss|client|colleague|customer|friend|grandmother|interviewer|kid|manager|student)\b"
    r"|\b(?:in|using)\s+(?:very\s+)?(?:simple|plain|layman['’]?s?|easy)\s+(?:words|terms|english|language)\b"
    r"|\blike\s+i(?:['’]?m|\s+am)\s+(?:five|5|a\s+beginner)\b|\beli5:?",
    re.I,
)
_PAIR = re.compile(
    rf"^(?P<ask>(?:how|why)\s+(?:do|does|can|could|are|is|were)\s+)(?:the\s+)?{_NP.format('x')}\s+and\s+{_NP.format('y')}\s+"
    r"(?P<rest>(?!and\b|(?:\w+\s+)?(?:together|interact|relate|combined?|compete|each\s+other)\b)[^,?]+)[?.!]*$",
    re.I,
)
_MANY = re.compile(
    r"^(?:what(?:'s| is| are)\s+(?:the\s+)?|(?:describe|explain|state)\s+(?:the\s+)?)?(?:\w+\s+)?"
    r"(?:differences?\s+(?:between|of|among)|compare|contrast|distinguish(?:\s+between)?)\s+(?P<list>[^?.]+?(?:\s*,\s*(?:and\s+)?[^?.,]+){2,}|[^?.,]+\s*,\s*[^?.,]+?\s+(?:and|&)\s+[^?.,]+)[?.!]*$"
    r"|^(?P<vs>[^?,]+?(?:\s+(?:vs\.?|versus)\s+[^?,]+?){2,})[?.!]*$",
    re.I,
)
_CLAUSE = re.compile(
    r"(?:when|if|where|given|since|suppose|assuming|while|because)\b(?!\s+(?:is|are|do|does|did|was|were|should|can|could|would|will|to)\b)",
    re.I,
)
#: After "explain" and its like a later "when …" or "where …" is asked for, no condition.
_TELLS_WHEN = re.compile(rf"{_TELL}\b(?!.*\b(?:when|where|if)\b.*\b(?:when|where)\b)", re.I)
_ASIDE = re.compile(r"\s*\((?:vs\.?|versus|compared|as opposed)\b[^()]*\)", re.I)
_ADDED = re.compile(r"\s*\(((?:and|or)\s+[^()]+)\)", re.I)
_DOES = re.compile(
    r"^(?:and\s+)?(?:why|how|when|where)\s+(?:is|are|was|were|do|does|did)\s+(?:an?\s+|the\s+)?(?P<x>[^,?]+?)\s+"
    r"(?:used|needed|necessary|important|useful|good|bad|trained|computed|calculated|chosen|work|works|help|helps|matter|happen)\b",
    re.I,
)
_EACH = re.compile(r"\beach\b", re.I)
_HAS = re.compile(
    r"^(?:why|when|how)\s+(?:do|does|can)\s+(?:an?\s+|the\s+)?(?P<x>[^,?]+?)\s+(?:have|suffer\s+from|lead\s+to|cause)\s+(?:an?\s+|the\s+)?(?P<y>[^,?]+?)[?.!]*$",
    re.I,
)
_LESSEN = re.compile(
    r"\b(?:lower|reduce|avoid|prevent|fix|overcome|measure|detect|control|mitigate|solve)\s+(?:it|that|this)\b", re.I
)
_FRAGMENT = re.compile(
    rf"(?:or|and)\s+(?!{_ASK}\b)|(?:and\s+)?why\s+not\s+(?!{_ASK}\b)|(?:and\s+)?if\s+(?:so|yes|not|no)\b", re.I
)
#: A choice between two things named before: "which one is faster?".
_WHICH = re.compile(
    r"(?:and\s+)?which(?:\s+one)?(?:\s+of\s+(?:them|the\s+two|these|those))?\s+(?:is|are|has|gives?|\w+s)\b", re.I
)
_OF_ALL_THAT = re.compile(
    r"\b(?:why|how)\s+(?:does|do|is|are)\s+(?:it|that|this)\s+(?:matter|important|bad|good|useful|a\s+problem|an\s+issue|happen)\b"
    r"|(?<!why )(?<!how )\b(?:does|do|did)\s+(?:it|that|this)\s+(?:matter|work|help|hold)\b|\bdo\s+(?:that|this|so)\b|\bis\s+(?:this|that)\s+(?:an?\s+(?:problem|issue)|bad|good|true|normal|ok(?:ay)?)\b|\bwhy\s+not\b",
    re.I,
)
_SAME = re.compile(r"\b(?:same|identical|equivalent|synonym|interchangeable)\b", re.I)
_ABOUT = re.compile(
    r"^(?:please\s+)?(?:can\s+you\s+|could\s+you\s+)?(?:briefly\s+|shortly\s+)?(?:describe|explain|discuss|elaborate\s+on|tell\s+me\s+(?:more\s+)?about|talk\s+about)\s+"
    r"(?:to\s+me\s+|me\s+)?(?:briefly\s+)?(?:the\s+concepts?\s+of\s+|the\s+idea\s+(?:of|behind)\s+|what\s+(?P<is>is|are)\s+)?(?:an?\s+|the\s+)?(?P<x>.+?)(?:\s+(?:is|are|means?))?[?.!]*$",
    re.I,
)
_WHAT_ARE = re.compile(
    r"^(?:what(?:'s| is| are| exactly is| exactly are| is exactly)|define|explain|describe)\s+(?:an?\s+|the\s+)?(?P<x>[^,?]+?)\s+and\s+(?:an?\s+|the\s+)?(?P<y>[^,?]+?)[?.!]*$",
    re.I,
)
_WHAT_IS = re.compile(
    r"^(?:so\s+)?(?:what(?:'s| is| are| was| were| exactly is| exactly are)|define|whats)\s+(?:an?\s+|the\s+)?(?P<x>.+?)[?.!]*$",
    re.I,
)
_PURPOSE = re.compile(r"\s+(?:(?:used|good|needed|useful|there) )?for$", re.I)
_WH_CLAUSE = re.compile(rf"\b{_ASK}\b", re.I)


#: "For parsing: what is a stack?"
_ASKS_LATE = re.compile(rf"[:,]\s+{_ASK}\b", re.I)


def analyse(text: str, names: Names) -> Question:
    """The parts of a clean question."""
    pieces: list[str] = []
    context = ""
    text = without_talk(text, names)
    for sentence in SENTENCE.split(plainer(text)):
        if pieces and _FRAGMENT.match(sentence):
            pieces[-1] = f"{pieces[-1].rstrip('?.! ')}, {sentence}"
        elif _is_asking(sentence) or not pieces:
            pieces += _split(f"{context} {sentence}".strip() if context and len(context) < 200 else sentence, names)
            context = ""
        else:
            context = sentence
    if len(pieces) > 1 and not _is_asking(pieces[0]) and not _ASKS_LATE.search(pieces[0]):
        pieces = [f"{pieces[0]} {pieces[1]}", *pieces[2:]]
    subject = trait = ""
    things: tuple[str, ...] = ()
    parts: list[Part] = []
    for piece in _with_statements(pieces):
        each = things if _EACH.search(piece) and len(things) == 2 else (trait if _LESSEN.search(piece) else subject,)
        if len(things) == 2 and _WHICH.match(piece):
            wholes = [f"{piece.rstrip('?.! ')}, {things[0]} or {things[1]}?"]
        else:
            wholes = [carried(resolve(piece, thing), thing, names) if thing else piece for thing in each]
        found = [part for whole in wholes for part in _kinds_of_part(whole, names)]
        things = found[0].sides or tuple(m["x"] for p in found if (m := _WHAT_IS.match(p.text)))
        subject = " and ".join(found[0].sides) or subject_of(wholes[0], names) or subject
        trait = f"{m['y']} of {m['x']}" if (m := _HAS.match(wholes[0])) else subject
        parts += found
    unique = {p.text.casefold().rstrip("?.! "): p for p in reversed(parts)}
    kept = [p for p in parts if unique.get(p.text.casefold().rstrip("?.! ")) is p]
    return Question(text, tuple(kept[:5]))


def plainer(text: str) -> str:
    """A question without for whom it is answered ("to a beginner", "in simple words"), contractions written out."""
    text = " ".join(_AUDIENCE.sub(" ", text).split()) if _AUDIENCE.sub("", text).strip(" ?.!,") else text
    text = _ADDED.sub(r" \1", _ASIDE.sub("", text))
    text = re.sub(r"\bwhats\b", "what is", text, flags=re.I)
    text = re.sub(r"\b(what|how|why|where|who|that|there|it)['’]s\b", r"\1 is", text, flags=re.I)
    return re.sub(r"\b(they|we|you|what)['’]re\b", r"\1 are", text, flags=re.I)


def _with_statements(pieces: list[str]) -> list[str]:
    """Pieces, each that speaks of the whole statement before it ("why would I do that?") joined to it."""
    joined: list[str] = []
    for piece in pieces:
        if joined and _OF_ALL_THAT.search(piece) and not _WHAT_IS.match(joined[-1]) and not _ABOUT.match(joined[-1]):
            joined[-1] = f"{joined[-1].rstrip('?.! ')}, and {piece}"
        else:
            joined.append(piece)
    return joined


def carried(piece: str, subject: str, names: Names) -> str:
    """A later part that names nothing, with what the question is about: "how do I choose k?" becomes "… k in k-means?"."""
    if subject.casefold() in piece.casefold() or names.mentions(piece) or not names.mentions(subject):
        return piece
    if re.match(rf"(?:and\s+)?{_ASK}\b", piece, re.I):
        return f"{piece.rstrip('?.! ')} in {subject}?"
    return f"{piece.rstrip('?.! ')} of {subject}" if re.match(rf"(?:and\s+)?{_TELL}\b", piece, re.I) else piece


def _is_asking(sentence: str) -> bool:
    return sentence.rstrip().endswith("?") or bool(
        re.match(rf"(?:please\s+|can\s+you\s+|briefly\s+)?(?:{_ASK}|{_TELL})\b", sentence, re.I)
    )


def _split(sentence: str, names: Names) -> list[str]:
    pieces = [p.strip(" ,;") for piece in _JOINT.split(sentence) for p in _further(piece, names)]
    if (_compares(sentence) and not _compares_later(pieces) and not _compares_first(pieces)) or _MANY.match(sentence):
        return [sentence]
    if m := _EITHER.match(sentence):
        return [f"{m['ask']}{m['a']}", f"{m['ask']}{m['b']}"]
    pieces = [f"what is {p}" if re.match(_FACET, p, re.I) and n else p for n, p in enumerate(pieces)]
    joined: list[str] = []
    for piece in pieces:
        if joined and (len(joined[-1].split()) < 2 or len(piece.split()) < 2):
            joined[-1] = f"{joined[-1]} {piece}"
        elif joined and (
            (_CLAUSE.match(piece) and not _TELLS_WHEN.match(joined[0] + " " + piece))
            or (_CLAUSE.match(joined[-1]) and "?" not in joined[-1] and len(joined) == 1)
        ):
            joined[-1] = f"{joined[-1]}, {piece}"
        else:
            joined.append(piece)
    return joined


def _further(piece: str, names: Names) -> list[str]:
    """A piece cut before each further question that "and" joins to it, where that has a subject of its own."""
    for m in _FURTHER.finditer(piece) if _is_asking(piece) else ():
        named = m["rest"] and not m["det"] and any(n.start == 0 for n in names.mentions(m["rest"]))
        if m["which"] or m["det"] or named:
            return [piece[: m.start()], *_further(piece[m.end() :], names)]
    return [piece]


def _compares(text: str) -> bool:
    return bool(any(p.search(text) for p in _RELATIONS) or _CHOICE.match(text) or _BOTH_WAYS.search(text))


def _compares_first(pieces: Sequence[str]) -> bool:
    """Whether a comparison stands whole in the first of several pieces: "What is the difference between X and Y and which …"."""
    return len(pieces) > 1 and _compares(pieces[0]) and all(re.match(rf"{_ASK}\b", p, re.I) for p in pieces[1:])


def _compares_later(pieces: Sequence[str]) -> bool:
    """Whether a comparison stands whole in a later piece: "What is X and when would you use Y versus Z?"."""
    first, *later = pieces
    return bool(_WHAT_IS.match(first)) and any(
        not p.search(first) and any(p.search(piece) for piece in later) for p in _RELATIONS
    )


def _kinds_of_part(piece: str, names: Names) -> list[Part]:
    if names.of(bare := piece.strip("?.! ")):
        return [Part(f"What is {bare}?")]
    if len(many := _many(piece)) > 2:
        return [Part(piece, "relation", many)]
    for pattern in _RELATIONS:
        if (m := pattern.search(piece)) and _is_thing(m["x"]) and _is_thing(m["y"]):
            return [Part(piece, "relation", (m["x"], m["y"])), *_sides(m["x"], m["y"], bool(_SAME.search(piece)))]
    if m := _BOTH_WAYS.search(piece):
        x = (m["x"] or m["z"]).removesuffix("'s")
        return [Part(f"What are the advantages of {x}?"), Part(f"What are the disadvantages of {x}?")]
    if (m := _CHOICE.match(piece)) and _is_thing(m["x"]) and names.mentions(m["x"]) and names.mentions(m["y"]):
        return [Part(piece, "relation", (m["x"], m["y"]))]
    if (m := _WHAT_ARE.match(piece)) and (two := pair(m["x"], m["y"], names)):
        return [Part(f"What is {name}?") for name in two]
    if (m := _PAIR.match(piece)) and (two := pair(m["x"], m["y"], names)):
        return [Part(f"{m['ask']}{name} {m['rest']}?") for name in two]
    return [Part(piece)]


def pair(x: str, y: str, names: Names) -> tuple[str, str] | None:
    """Two things named in one breath, each by its whole name: "vanishing" and "exploding gradients" share their noun."""
    if names.of(f"{x} and {y}") or not names.of(y):
        return None
    return next(((whole, y) for whole in (x, f"{x} {y.split()[-1]}") if names.of(whole)), None)


def _many(piece: str) -> tuple[str, ...]:
    """The three or more things that a question compares, else nothing."""
    if not (m := _MANY.match(piece)):
        return ()
    found = re.split(
        r"\s+(?:vs\.?|versus)\s+" if m["vs"] else r"\s*,\s*(?:and\s+)?|\s+(?:and|&)\s+", m["vs"] or m["list"]
    )
    return tuple(found) if all(_is_thing(f) for f in found) else ()


def _is_thing(phrase: str) -> bool:
    return len(phrase.split()) <= 8 and not re.match(rf"(?:{_ASK}|to)\b", phrase, re.I)


def _sides(x: str, y: str, wanted: bool) -> list[Part]:
    return [Part(f"What is {x}?", "side"), Part(f"What is {y}?", "side")] if wanted else []


def subject_of(text: str, names: Names) -> str | None:
    """The thing a question is about: X of "what is X", else the first concept it names."""
    m = _WHAT_IS.match(text) or _ABOUT.match(text)
    if m and len(m["x"].split()) <= 6 and not _PRONOUN.search(m["x"]) and not _WH_CLAUSE.search(m["x"]):
        return _PURPOSE.sub("", m["x"])
    found = names.mentions(text)
    if not found and (m := _DOES.match(text)) and not _PRONOUN.search(m["x"]):
        return m["x"]
    return max(found, key=lambda f: len(f.name.split())).name if found else None


def resolve(piece: str, subject: str) -> str:
    """The later part of a question with its first pronoun (or its missing subject) replaced by the subject."""

    def put(match: re.Match[str]) -> str:
        possessive = match[1].casefold() in ("its", "their")
        return f"{subject}'s" if possessive else subject

    body = re.sub(
        r"\b(?:it|they)\s+(?:is|are)\s+(?:important|better|necessary|possible|true)\s+(?:to|that)\b.*", "", piece
    )
    if _PRONOUN.search(body):
        return _PRONOUN.sub(put, piece, count=1)
    if re.match(r"(?:give|list|name)\b(?!.*\bof\b)", piece, re.I):
        return f"{piece.rstrip('?.! ')} of {subject}"
    return piece
