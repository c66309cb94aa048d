"""The words of a follow-up that point back ("it", "the second one", "both"), filled in with what they stand for. Pure.

What the conversation is about is given; which rule a follow-up falls under is conversation.py's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.naming import Names

KIND = r"(?:one|ones|method|methods|algorithm|layer|technique|thing|kind|type|version|variant|form|approach)"
#: An auxiliary verb: after "which" or "how many" it tells that their noun was left out.
AUXILIARY = r"(?:(?:is|are|was|were|do|does|did|has|have|ca|can|could|wo|will|would|should|shall)(?:n['’]?t)?)"
#: A verb without its noun: "which converges faster", "which needs a target network".
_VERB = (
    rf"(?:{AUXILIARY}\b|performs?\b|works?\b|trains?\b|runs?\b|needs?\b|uses?\b|gives?\b|takes?\b|"
    r"\w+s (?:an?|the|first|last|more|less|fewer|better|best|worse|to|in|at|on|up|with|\w+est|\w+ly|\w+ \w+s)\b)"
)
_STEM = r"(?:fast|slow|simpl|cheap|eas|easi|hard|small|larg|bigg|deep|strong|weak|high|low|short|long|saf|new|old|wid|quick|smart|nois|noisi|clos|great|few)"
COMPARED = rf"(?:better|worse|best|worst|(?:more|less|most|least) \w+|{_STEM}(?:er|est))"

_BOTH = re.compile(
    r"\b(which (?:one )?of (?:them|the two|these|those|both)|which one|either of them|both of them|both|among (?:these|them|those)|"
    r"them|they|the two|these two|these|those)\b",
    re.I,
)
_WHICH_IS = re.compile(rf"^(?:which (?:ones? )?(?={_VERB})|what(?:['’]s| is) (?=(?:the )?{COMPARED}\s*\W*$))", re.I)
_ORDINALS = (("first", "former"), ("second",), ("third",), ("fourth",))
_LAST = re.compile(rf"\bthe (?:last|latter)(?: {KIND})?\b", re.I)
_OTHER = re.compile(rf"\bthe other(?: {KIND})?\b(?! \w+ (?:is|are))", re.I)
_COMPARED_ONE = re.compile(rf"\bthe (?P<how>{COMPARED}) ones?\b", re.I)
_IT = re.compile(
    rf"\b(?:(?P<whose>its|their)(?= \w)|(?:it|they|them)\b|(?:this|that|those|these)(?= {KIND}\b)|(?:this|that) (?:paper|idea|concept|problem|trick|model|term)\b|(?:this|that|those|these)(?=\s*[?.!,]*$)|"
    r"(?<!say )(?<!says )(?<!said )(?<!think )(?<!read )(?<!know )(?<!heard )(?<!means )(?<!mean )(?<!true )(?<!so )(?<!such )(?:this|that)(?= (?:instead|if|when|for|in|with|at|on|to|as|from|or|and|too|also|again)\b)|"
    rf"(?P<before>(?:{AUXILIARY}|why|how|about|of|for|with|than|to|from|in|by|against|like) )"
    rf"(?:this|that|those|these)\b)(?: {KIND}\b)?",
    re.I,
)
_ONE = re.compile(
    r"\b(?P<before>(?:learn|train|build|use|get|make|find|need|have|pick|choose|design|compute|implement|write|call) )one\b",
    re.I,
)
_SUCH_A_ONE = re.compile(
    rf"\b(?!(?:this|that|which|no|any|every|each|some|another|other|first|second|third|fourth|last|next|only|the|and|or|(?:\w+ )?{AUXILIARY})\b)"
    r"(?P<such>[a-z][\w-]+) (?P<one>ones?)\b(?! of\b)",
    re.I,
)
_NTH_ONE = re.compile(r"\bthe (first|second|third|fourth|last|next) one\b", re.I)
_WHICH_ONES = re.compile(r"\bwhich one(?P<s>s?)\b(?! of)", re.I)
_NO_NOUN = re.compile(rf"\b(?P<ask>which|how many) (?={AUXILIARY}\b)", re.I)
_PLACE = re.compile(r"(?<=\w )(?<!(?:is|re|as) )(?:in )?(?:there|here)(?=\s*(?:[?.!,]|$))", re.I)
#: An "it" that stands for what follows it.
_EXPLETIVE = re.compile(
    r"(?:(?:what|why|how(?: \w+)?) )?(?:"
    r"(?:is|was|would) (?:it|this|that|there) (?:be |also |still |really )?(?:true|possible|right|correct|worth|necessary|normal|ok(?:ay)?|better|best|enough|a good idea)\b(?= (?:to|that|if|for)\b)"
    r"|(?:does|would|will|did) it (?:even |really |also )?(?:make (?:any )?sense|matter|mean|feel|take)\b(?= (?:to|that|if|for|when|which|what|how|whether)\b))",
    re.I,
)
_PERSON = re.compile(r"\b(?:he|she)\b", re.I)
_NAME = re.compile(r"(?<=\w )(?!(?:I)\b)([A-Z][a-zé]+)\b|^(?:(?:What|Why|How) \w+ )?([A-Z][a-zé]+)['’]s\b")
_PLURAL = {"is": "are", "was": "were", "does": "do"}
_SINGULAR = {many: one for one, many in _PLURAL.items()}

#: What takes more than one thing to answer: "which one?", "how do they differ?".
OF_SEVERAL = re.compile(
    rf"^which (?:one\b|of (?:them|the two|these|those)\b|{_VERB})|^what(?:['’]s| is) {COMPARED}\W*$|\bthe (?:first|former|second|latter|two|other)\b|\bboth\b|"
    r"\bbetween (?:them|the two|these|those)\b|\b(?:they|these|the two) (?:differ|compare)|\bcompare (?:them|the two|these)\b|\b(?:they|these)\b.* (?:related|different|the same|similar|equivalent|together|connected)\b|"
    r"^(?:(?:what(?:['’]s| is) )?the )?difference\W*$",
    re.I,
)


def filled(text: str, subjects: Sequence[str], names: Names) -> str:
    """``text`` with what points back to the ``subjects`` of the conversation written out; as it was where nothing does."""
    if it := _EXPLETIVE.match(text):
        return it[0] + filled(text[it.end() :], subjects, names)
    if len(subjects) == 1:
        return _with_one(text, subjects[0], names)
    both = listed(subjects)
    ordered = _numbered(_WHICH_IS.sub(f"which of {both} ", text), subjects)
    ordered = _COMPARED_ONE.sub(lambda m: f"the {m['how']} of {both}", ordered)
    if ordered == text:
        ordered = _BOTH.sub(lambda m: _each(m[1], both), text, count=1)
    return ordered if ordered != text else _with_one(text, both, names)


def listed(subjects: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    return " and ".join([", ".join(subjects[:-1]), subjects[-1]] if len(subjects) > 1 else subjects)


def such(word: str, subject: str, names: Names) -> str:
    """The ``word`` kind of a subject: "dead" and "ReLU" make "dead ReLU", "recurrent" and "convolutional network" "recurrent network"."""
    subject = bare(subject)
    longer, other = f"{word} {subject}", " ".join([word, *subject.split()[1:]])
    return other if not names.of(longer) and names.of(other) else longer


def _with_one(text: str, one: str, names: Names) -> str:
    thing, things = bare(one), many(one)
    whose = f"{one}'" if is_plural(one) else f"{one}'s"
    steps: tuple[Callable[[str], str], ...] = (
        lambda t: _WHICH_ONES.sub(lambda m: f"which {things if m['s'] else thing}", t, count=1),
        lambda t: _IT.sub(lambda m: whose if m["whose"] else f"{m['before'] or ''}{one}", t, count=1),
        lambda t: _NO_NOUN.sub(lambda m: f"{m['ask']} {thing if m['ask'].casefold() == 'which' else things} ", t),
        lambda t: _ONE.sub(lambda m: f"{m['before']}{one}", t, count=1),
        lambda t: _NTH_ONE.sub(rf"the \1 of {one}", t),
        lambda t: _SUCH_A_ONE.sub(lambda m: such(m["such"], things if m["one"] == "ones" else thing, names), t),
        lambda t: _PLACE.sub(f"in {one}", t, count=1),
    )
    for step in steps:
        if (done := step(text)) != text:
            return agreeing(done, one)
    return text


def many(thing: str) -> str:
    """A thing in the plural, without its article."""
    thing = bare(thing)
    return thing if thing.endswith("s") else f"{thing}s"


def is_plural(thing: str) -> bool:
    """Whether a thing is named in the plural, by its ending."""
    return (thing.endswith("s") and not thing.endswith(("ss", "us", "is", "as"))) or " and " in thing


def agreeing(text: str, subject: str) -> str:
    """The verb before a subject that was filled in, in its number: "are saddle point" becomes "is saddle point"."""
    table = _PLURAL if is_plural(subject) else _SINGULAR
    thing = rf" (?:an? |the )?{re.escape(bare(subject))}\b(?!['’s])"
    verb = re.compile(rf"^((?:\w+ ){{0,3}}?)({'|'.join(table)})(?={thing})", re.I)
    return verb.sub(lambda m: m[1] + _cased(table[m[2].casefold()], m[2]), text, count=1)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


def _numbered(text: str, subjects: Sequence[str]) -> str:
    """ "The second one" and its like by what they stand for."""
    for subject, words in zip(subjects, _ORDINALS, strict=False):
        text = re.sub(rf"\bthe (?:{'|'.join(words)})(?: {KIND})?\b", subject, text, flags=re.I)
    if _OTHER.search(text):
        text = re.sub(r"\b(?:the )?one\b(?=.*\bthe other\b)", subjects[0], text, count=1, flags=re.I)
    return _OTHER.sub(subjects[1], _LAST.sub(subjects[-1], text))


def _each(said: str, both: str) -> str:
    said = said.casefold()
    return f"which of {both}" if said.startswith("which") else f"among {both}" if said.startswith("among") else both


def with_article(subject: str, said: str) -> str:
    """A subject with the article that a text names it with, if any."""
    named = re.search(rf"\b(an?|the) {re.escape(subject)}\b", said, re.I)
    return f"{named[1].lower()} {subject}" if named else subject


def bare(subject: str) -> str:
    """A subject without its article."""
    return re.sub(r"^(?:an?|the)\s+", "", subject, flags=re.I)


def with_person(text: str, previous: Sequence[str], names: Names) -> str:
    """He or she by the name that was said last."""
    if not _PERSON.search(text):
        return text
    for earlier in reversed(previous):
        concepts = [(m.start, m.end) for m in names.mentions(earlier)]
        for m in _NAME.finditer(earlier):
            if not any(a <= m.start(m.lastindex or 0) < b for a, b in concepts):
                return _PERSON.sub(m[1] or m[2], text, count=1)
    return text


def speaks_of_itself(text: str, names: Names) -> bool:
    """Whether a pronoun points to a concept that the question itself named, in an earlier clause."""
    pronoun = re.search(r"\b(?:it|its|they|their|them|this|that)\b", text, re.I)
    if not pronoun:
        return False
    earlier = text[: pronoun.start()]
    clause = re.search(r"[,;.?]|\b(?:and|but|or|because|when|if|so|since|before|after)\b", earlier, re.I)
    return bool(clause and names.mentions(earlier[: clause.start()]))
