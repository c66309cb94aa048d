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

from assistant.naming import Names
from assistant.questions import analyse, subject_of

#: How many earlier turns are looked at, and how many characters of each.
TURNS, MOST = 6, 600

_KIND = r"(?:one|ones|method|methods|algorithm|layer|technique|thing|kind|type|version|variant|form|approach)"
_LEAD = re.compile(
    r"^(?:(?:and|but|so|ok(?:ay)?|then|also|well|right|thanks|thank you|cool|great|now|hm+|i see|got it)[\s,.:!]+)+",
    re.I,
)
_TURN_AWAY = re.compile(
    r"^(?:(?:ok(?:ay)?|now|well|and)[\s,.]+)?(?:(?:a |an |on (?:to )?(?:a |an )?|let['’]?s (?:talk about|try|do) |to )?"
    r"(?:something|different|other|another|new|else)\b[^:.?!,]{0,25}[:.,!]|by the way,?|forget (?:that|it|this)[.,!]?|never ?mind[.,!]?|"
    r"changing (?:the )?(?:subject|topic)[:.,]?)\s*(?=\w)",
    re.I,
)
_BOTH = re.compile(
    r"\b(which (?:one )?of (?:them|the two|these|those|both)|which one|either of them|both of them|both|among (?:these|them|those)|"
    r"them|they|the two|these two|these|those)\b",
    re.I,
)
_ORDINALS = (("first", "former"), ("second",), ("third",), ("fourth",))
_LAST = re.compile(rf"\bthe (?:last|latter)(?: {_KIND})?\b", re.I)
_OTHER = re.compile(rf"\bthe other(?: {_KIND})?\b(?! \w+ (?:is|are))", re.I)
_IT = re.compile(
    rf"\b(?:(?P<whose>its|their)(?= \w)|(?:it|they|them)\b|(?:this|that|those|these)(?= {_KIND}\b)|(?:this|that) (?:paper|idea|concept|problem|trick|model|term)\b|(?:this|that|those|these)(?=\s*[?.!,]*$)|"
    r"(?P<before>(?:is|are|was|were|does|do|did|can|could|will|would|has|have|why|how|about|of|for|with|than|to|from|in|by|against|like) )"
    rf"(?:this|that|those|these)\b)(?: {_KIND}\b)?",
    re.I,
)
_ONE = re.compile(
    r"\b(?P<before>(?:learn|train|build|use|get|make|find|need|have|pick|choose|design|compute|implement|write|call) )one\b",
    re.I,
)
_PLACE = re.compile(r"(?<=\w )(?:in )?(?:there|here)(?=\s*(?:[?.!,]|$))", re.I)
_PERSON = re.compile(r"\b(?:he|she)\b", re.I)
_NAME = re.compile(r"(?<=\w )(?!(?:I)\b)([A-Z][a-zé]+)\b|^(?:(?:What|Why|How) \w+ )?([A-Z][a-zé]+)['’]s\b")
_FRAGMENT = re.compile(r"^(?:the |an? )?(?P<x>[\w-]+ (?:ones?|kind|type|version|variant))\s*\?*$", re.I)
_WHAT_ABOUT = re.compile(
    r"^(?:(?:and |but |so |ok(?:ay)?,? )?(?:what|how) about|and|or|same for|what of)\s+(?:for\s+)?(?:an?\s+|the\s+)?(?P<x>[^?]+?)\s*\?*$",
    re.I,
)
_ELLIPSIS = re.compile(
    r"^(?P<ask>why(?: not)?|how(?: so| exactly)?|when|where|since when|who|really|what for|for example|such as|like what|"
    r"(?:can you |could you |please |do you have )*(?:give (?:me )?|show (?:me )?|name )?(?:one|(?:an? |some |more |any )?(?:concrete |simple |real )?examples?)(?: please)?|"
    r"(?:can you |could you |please )*(?:tell me more|go deeper|elaborate|explain(?: that| it| this)?|say more|more details?|define (?:it|that))"
    r"(?: about (?:it|that|this))?(?: (?:a bit )?(?:more|again|further))?(?: (?:simply|clearly|slowly|precisely|in detail|detail))?(?: please)?|"
    r"(?:in )?(?:simpler|plainer|other) (?:words|terms)(?: please)?|"
    r"where (?:can|could|do|should) i (?:read|learn|find) more(?: (?:about|on|of) (?:it|that|this))?|why is that(?: so)?|why does that (?:happen|work|help)|how does that work|what does (?:that|it) mean)\s*[?.!]*$",
    re.I,
)
_ELLIPTIC_FORM = {
    "why": "Why {0}?",
    "how": "How does {0} work?",
    "when": "When is {0} used?",
    "where": "Where is {0} used?",
    "where can": "Where can I read about {0}?",
    "where do": "Where can I read about {0}?",
    "what for": "What is {0} used for?",
    "who": "Who introduced {0}?",
    "example": "What is an example of {0}?",
    "one": "What is an example of {0}?",
    "such as": "What is an example of {0}?",
    "like what": "What is an example of {0}?",
    "more": "How does {0} work?",
    "simpl": "What is {0}?",
    "words": "What is {0}?",
    "terms": "What is {0}?",
    "mean": "What is {0}?",
    "define": "What is {0}?",
}
#: What people ask of a thing without naming it again.
_ASPECT = re.compile(
    r"\b(?:advantages?|benefits?|pros|cons|drawbacks?|disadvantages?|limit(?:s|ations?)?|weakness(?:es)?|problems?|issues?|trade-?offs?|"
    r"formula|equation|definition|derivative|gradient|proof|intuition|idea|point|purpose|goal|reason|difference|alternatives?|variants?|versions?|"
    r"kinds?|types?|steps?|parts?|components?|phases?|inputs?|outputs?|parameters?|hyperparameters?|constants?|weights?|layers?|rate|width|depth|size|"
    r"length|number|value|values|default|range|threshold|shape|dimensions?|cost|complexity|memory|speed|time|loss|objective|assumptions?|conditions?|"
    r"applications?|uses?|used|examples?|code|implementation|inventors?|authors?|paper|invented|introduced|published|proposed|results?|accuracy|"
    r"performance|data|training|trained|train|test time|inference|learn(?:ed|s)?|initiali[sz]ed?|updated?|computed?|calculated?|estimated?|chosen?|choose|tune|"
    r"pick|set|implement(?:ed)?|work(?:s|ed)?|help(?:s|ed)?|fail(?:s|ed)?|matter(?:s|ed)?|common|popular|typical|normal|usual(?:ly)?|important|expensive|cheap|faster|slower|"
    r"better|worse|slow|fast|big|large|small|hard|easy|necessary|needed|useful|state|tasks?|sharing|share|prevent(?:ed)?|avoid(?:ed)?|fix(?:ed)?|reduced?|solved?)\b",
    re.I,
)
_OF_ITS_OWN = re.compile(
    r"\b(?:of|in|for|on|by)\s+(?:an?\s+|the\s+|my\s+)?(?:\w+\s+)?(?:net(?:work)?|model|image|picture|agent|word|sentence|text|machine|game|robot|car)s?\b",
    re.I,
)
_SORT = re.compile(r"\b(?:a|an|any|other|more|better)\s+(?:versions?|variants?|kinds?|types?|forms?)\b(?!\s+of)", re.I)
_WHICH_IS = re.compile(
    r"^which (?=(?:is|are|was|has|does|needs?|works?|gives?|would|should|can|performs?|runs?|trains?|uses?)\b)", re.I
)
_WHICH = re.compile(
    rf"^(?:(?:please |can you |could you )*(?:explain|describe|define|tell me about|what is|what['’]?s|what about)\s+)?the "
    rf"(?P<nth>first|second|third|fourth|last)(?: {_KIND})?\s*[?.!]*$",
    re.I,
)


@dataclass(frozen=True)
class Turn:
    """An earlier question, as it was understood."""

    question: str


def standalone(question: str, history: Sequence[Turn], names: Names) -> str:
    """``question`` so that it makes sense without ``history``; unchanged where it already does."""
    previous = [t.question[:MOST] for t in history[-TURNS:]]
    if not previous:
        return question
    if away := _TURN_AWAY.match(question):
        return _capital(question[away.end() :])
    bare = _LEAD.sub("", question).strip() or question
    subjects = _subjects(previous, names)
    if not subjects:
        return question
    if m := _ELLIPSIS.match(bare):
        return _fill(m["ask"].casefold(), subjects, previous[-1])
    if found := _said_before(bare, previous[-1], subjects):
        return found
    if (m := _WHAT_ABOUT.match(question) or _FRAGMENT.match(bare)) and len(m["x"].split()) <= 5 and not _asks(m["x"]):
        return _instead(previous[-1], subjects, m["x"], names)
    return _completed(question, bare, previous, subjects, names)


def _completed(question: str, bare: str, previous: Sequence[str], subjects: Sequence[str], names: Names) -> str:
    """A whole question with what it points back to filled in."""
    own = names.mentions(bare)
    if if_so := re.match(r"(?:what )?(?:happens )?if\b(.+)", bare, re.I):
        resolved = _with_subjects(if_so[1].strip(), subjects)
        tail = "" if resolved != if_so[1].strip() else f" in {subjects[0]}"
        return _capital(f"What happens if {resolved.rstrip('?.! ')}{tail}?")
    resolved = bare if _speaks_of_itself(bare, names) else _with_subjects(_with_person(bare, previous, names), subjects)
    if resolved != bare:
        return _capital(_whole(resolved))
    if len(subjects) == 1 and (m := _WHICH.match(bare)):
        return f"What is the {m['nth'].casefold()} of {subjects[0]}?"
    if _SORT.search(bare):
        return _capital(_SORT.sub(lambda m: f"{m[0]} of {subjects[0]}", bare, count=1))
    if own or not _leaves_out(bare):
        return _capital(bare) if own and bare != question else question
    return _capital(_joined(bare, " and ".join(subjects[:2])))


def _subjects(previous: Sequence[str], names: Names) -> list[str]:
    """What the conversation is about: both sides of a comparison, the things listed, or the subject of the latest question with one."""
    for text in reversed(previous):
        if listed := _listed(text, names):
            return listed
        for part in analyse(text, names).parts:
            if part.role == "relation" and part.sides:
                return [s.strip() for s in part.sides]
        if subject := subject_of(text, names):
            return [re.sub(r"^(?:an?|the)\s+", "", subject, flags=re.I)]
    return []


def _listed(text: str, names: Names) -> list[str]:
    """The concepts that a question lists: "A, B and C", "A or B"."""
    found = names.mentions(text)
    between = [text[a.end : b.start] for a, b in pairwise(found)]
    joints = [
        bool(re.fullmatch(r"\s*(?:,|,?\s*(?:and|or|vs\.?|versus))\s*(?:an?\s+|the\s+)?", b, re.I)) for b in between
    ]
    return [m.name for m in found] if len(found) > 1 and all(joints) else []


def _with_subjects(text: str, subjects: Sequence[str]) -> str:
    if len(subjects) > 1:
        both = ", ".join(subjects[:-1]) + f" and {subjects[-1]}"
        text = _WHICH_IS.sub(f"which of {both} ", text)
        ordered = _numbered(text, subjects)
        return ordered if ordered != text else _BOTH.sub(lambda m: _each(m[1], both), text, count=1)
    if re.match(r"(?:is|are|was) (?:it|this|that|there) (?:true|possible|right|correct)\b", text, re.I):
        return text
    one = subjects[0]
    text = re.sub(r"\bwhich one(?:s)?\b(?! of)", f"which {one}", text, count=1, flags=re.I)
    done = _IT.sub(lambda m: f"{one}'s" if m["whose"] else f"{m['before'] or ''}{one}", text, count=1)
    if done == text:
        done = _PLACE.sub(f"in {one}", text, count=1)
    return _ONE.sub(lambda m: f"{m['before']}{one}", done, count=1) if done == text else done


def _numbered(text: str, subjects: Sequence[str]) -> str:
    """ "The second one" and its like by what they stand for."""
    for subject, words in zip(subjects, _ORDINALS, strict=False):
        text = re.sub(rf"\bthe (?:{'|'.join(words)})(?: {_KIND})?\b", subject, text, flags=re.I)
    return _OTHER.sub(subjects[1], _LAST.sub(subjects[-1], text))


def _each(said: str, both: str) -> str:
    said = said.casefold()
    return f"which of {both}" if said.startswith("which") else f"among {both}" if said.startswith("among") else both


def _with_person(text: str, previous: Sequence[str], names: Names) -> str:
    """He or she by the name that was said last."""
    if not _PERSON.search(text):
        return text
    for earlier in reversed(previous):
        concepts = [(m.start, m.end) for m in names.mentions(earlier)]
        for m in _NAME.finditer(earlier):
            if not any(a <= m.start(m.lastindex or 0) < b for a, b in concepts):
                return _PERSON.sub(m[1] or m[2], text, count=1)
    return text


def _speaks_of_itself(text: str, names: Names) -> bool:
    """Whether a pronoun points to a concept that the question itself named, in an earlier clause."""
    pronoun = re.search(r"\b(?:it|its|they|their|them|this|that)\b", text, re.I)
    if not pronoun:
        return False
    earlier = text[: pronoun.start()]
    clause = re.search(r"[,;.?]|\b(?:and|but|or|because|when|if|so|since|before|after)\b", earlier, re.I)
    return bool(clause and names.mentions(earlier[: clause.start()]))


def _said_before(bare: str, last: str, subjects: Sequence[str]) -> str | None:
    """ "Then what can?" after "Can a perceptron solve XOR?": what can solve XOR."""
    m = re.fullmatch(
        r"(what|who|which \w+|what else) (can|could|does|do|is|are|will|should)(?: then)?\s*\?*", bare, re.I
    )
    at = last.casefold().find(subjects[0].casefold())
    if not m or at < 0 or not re.match(rf"{m[2]}\b", last, re.I):
        return None
    return _capital(f"{m[1]} {m[2]} {last[at + len(subjects[0]) :].strip(' ?.!')}?")


def _fill(ask: str, subjects: Sequence[str], last: str) -> str:
    subject = " and ".join(subjects[:2])
    if ask.startswith("why"):
        statement = re.match(r"^(?:is|are|does|do|can|should)\s+(.+?)[?.!]*$", last, re.I)
        return (
            f"Why {'not ' if 'not' in ask else ''}{last[0].lower() + last[1:]}"
            if statement
            else f"Why is {subject} used?"
        )
    for cue, form in sorted(_ELLIPTIC_FORM.items(), key=lambda row: -len(row[0])):
        if re.search(rf"\b{cue}", ask):
            return form.format(subject)
    return f"How does {subject} work?" if len(subjects) == 1 else f"How do {subject} differ?"


def _instead(last: str, subjects: Sequence[str], new: str, names: Names) -> str:
    """The last question, asked of something else, or of a property of what it asked about."""
    subject = subjects[0]
    if re.match(r"(?:with|without|in|for|on|when|during|using|if)\b", new, re.I):
        return f"{last.rstrip('?.! ')} {new}?"
    if m := re.match(r"(?:its|their)\s+(.+)", new, re.I):
        return f"What is the {m[1]} of {subject}?"
    if (m := re.fullmatch(rf"([\w-]+)\s+{_KIND}", new, re.I)) and len(subject.split()) > 1:
        if m[1].casefold() in ("other", "second", "first", "last"):
            return _capital(f"What is {_with_subjects(f'the {new}', subjects)}?")
        longer = f"{m[1]} {subject}"
        new = longer if names.of(longer) else " ".join([m[1], *subject.split()[1:]])
    elif not names.mentions(new) and _ASPECT.fullmatch(new.split()[-1]):
        return f"What is the {new} of {subject}?"
    for known in subjects:
        at = last.casefold().find(known.casefold())
        if at >= 0 and len(subjects) == 1:
            return _capital(last[:at] + new + last[at + len(known) :])
    return f"What is {new}?"


def _asks(text: str) -> bool:
    return bool(
        re.match(
            r"(?:what|how|why|when|where|which|who|if|is|are|do|does|did|can|could|should|would|will|has|have)\b",
            text,
            re.I,
        )
    )


def _leaves_out(text: str) -> bool:
    """Whether a question that names no concept asks for a property of something it does not say."""
    strange = any(w[:1].isupper() and w not in ("I", "I'd", "I'm") for w in text.split()[1:])
    return not (strange or _OF_ITS_OWN.search(text)) and len(text.split()) <= 12 and bool(_ASPECT.search(text))


def _joined(text: str, subject: str) -> str:
    """A question with the subject it leaves out."""
    first, _, rest = text.partition("? ")
    asked = first.rstrip("?.! ")
    link = (
        "of"
        if re.search(r"\b(?:the|its|any|a|an|some|main)\s+(?:\w+\s+){0,2}\w+s?$", asked, re.I) or not _asks(asked)
        else "in"
    )
    return f"{asked} {link} {subject}?" + (f" {rest}" if rest else "")


def _whole(text: str) -> str:
    """A fragment ("X's connection to the SVD") as a question."""
    if (
        _asks(text)
        or not re.match(r"\S.*['’]s \w+", text)
        or re.match(r"(?:explain|describe|give|tell|show|define|name|list|compare)\b", text, re.I)
    ):
        return text
    return f"What is {text}"


def _capital(text: str) -> str:
    text = text if text.endswith(("?", ".", "!")) else f"{text}?"
    return text[:1].upper() + text[1:]
