"""Follow-ups that are hardly more than a question word or a name ("why?", "and Adam?", "simpler"), asked whole. Pure.

They ask something of what was asked last, so what is given here is that question and the subjects it was about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.naming import Mention, Names
from assistant.pointing import COMPARED, KIND, agreeing, bare, filled, is_plural, listed, many, such

#: What people ask of a thing without naming it again.
ASPECT = re.compile(
    r"\b(?:advantages?|benefits?|pros|cons|drawbacks?|disadvantages?|limit(?:s|ations?)?|weakness(?:es)?|problems?|issues?|trade-?offs?|"
    r"formula|equation|definition|derivative|gradient|proof|intuition|idea|point|purpose|goal|reason|difference|alternatives?|variants?|versions?|"
    r"kinds?|types?|steps?|parts?|components?|phases?|inputs?|outputs?|parameters?|hyperparameters?|constants?|weights?|layers?|rate|width|depth|size|"
    r"length|number|value|values|default|range|threshold|shape|dimensions?|cost|complexity|memory|speed|time|loss|objective|assumptions?|conditions?|"
    r"applications?|uses?|used|examples?|code|implementation|inventors?|authors?|papers?|books?|tutorials?|invented|introduced|published|proposed|results?|accuracy|"
    r"performance|data|training|trained|train|test time|inference|learn(?:ed|s)?|initiali[sz]ed?|updated?|computed?|calculated?|estimated?|chosen?|choose|tune|"
    r"pick|set|implement(?:ed)?|work(?:s|ed)?|help(?:s|ed)?|fail(?:s|ed)?|matter(?:s|ed)?|common|popular|typical|normal|usual(?:ly)?|important|expensive|cheap|faster|slower|"
    r"better|worse|slow|fast|big|large|small|hard|easy|necessary|needed|useful|state|tasks?|sharing|share|prevent(?:ed)?|avoid(?:ed)?|fix(?:ed)?|reduced?|solved?)\b",
    re.I,
)
_FRAGMENT = re.compile(r"(?:the |an? )?(?P<x>[\w-]+ (?:ones?|kind|type|version|variant))\s*\?*$", re.I)
_WHAT_ABOUT = re.compile(
    r"(?:(?:and |but |so |ok(?:ay)?,? )?(?:what|how) about|and|or|(?:the )?same (?:for|with|in)|what of|(?:(?:no|sorry|oops|wait)\W+)*i mea?nt?)\s+"
    r"(?P<article>an?\s+|the\s+)?(?P<x>[^?]+?)\s*\?*$",
    re.I,
)
#: "Is that also true for RNNs?", asked of what was said before.
_ALSO = re.compile(
    r"(?:is|are|does|do|would|will|can) (?:that|this|it|those|the same) (?:also |still |only |always )?(?:be )?"
    r"(?:(?P<true>true|the case|valid|holds?)|the same|appl(?:y|ies)|works?|happens?) (?:also |too )?"
    r"(?P<x>(?:for|of|to|in|with|on) (?:an? |the )?(?P<y>[^?]+?))(?: too| as well)?\s*\?*$",
    re.I,
)
#: A comparison with a thing that is not named again: "better than an LSTM?", "the difference to Adam?", "how is Adam different?"
_COMPARISONS = tuple(
    (re.compile(said, re.I), form)
    for said, form in (
        (r"(?:(?:what(?:['’]s| is) )?(?:the )?differences? (?:to|from|with)|(?:as )?compared (?:to|with)|in comparison (?:to|with)|vs\.?|versus)\s+(?P<x>[^?]+?)\W*$",
         "How does {0} differ from {x}?"),
        (rf"(?P<x>{COMPARED} than\b[^?]+?)\W*$", "Is {0} {x}?"),
        (rf"(?P<x>(?:why|how|is|are|does|do|what(?:['’]s| is)|any)\b(?:(?!\b(?:than|or|and|it|they|this|that|{COMPARED})\b)[^?,])*? (?:any |much |also )?(?!\w*est\b|most |least ){COMPARED})\W*$",
         "{x} than {0}?"),
        (r"(?P<x>how (?:is|are) (?:(?!\b(?:it|they|this|that)\b)[^?,])+ different)\W*$", "{x} from {0}?"),
    )
)  # fmt: skip
#: "Does L2 do the same?", "who says that?", "when?" after "who invented it?"
_THE_SAME = re.compile(
    r"(?:does|do|can|could|would|will) (?:an? |the )?(?P<x>(?!it\b|this\b|that\b|they\b)[^?]+?) (?:do|work|behave) (?:the same|so|that|this)(?: too| as well| way)*\W*$",
    re.I,
)
_WHO_SAYS = re.compile(r"(?:who says(?: (?:so|that|this))?|says who)\W*$", re.I)
_WHO_DID = re.compile(r"who (?:first )?(?P<did>\w+ed|found|wrote|built) (?P<x>[^?]+?)\W*$", re.I)
_PREPOSED = re.compile(r"(?:with|without|in|for|on|at|when|during|using|if)\b", re.I)
_LAST_PREPOSED = re.compile(
    r"\s(?:in|for|on|at|with|without|during|using)\s(?:an?\s|the\s)?(?P<y>[^?,]+?)(?=[?.!]*$)", re.I
)
_DEGREE = re.compile(r"\b(?:too|very|more|less|so|not) \w+", re.I)
_YES_OR_NO = re.compile(r"(?:is|are|was|were|does|do|did|can|could|should|has|have|will|would)\b", re.I)
_WHAT_IS = re.compile(r"(?:what(?:['’]s| is| are)|explain|describe|define|tell me about)\b", re.I)
_HOW_IT_WORKS = re.compile(r"(?:how|what) (?:does|do) .* (?:work|do)\W*$", re.I)
_POLITE = r"(?:(?:can|could|would|will) you |please |do you have |is there )*"
_SHOW = rf"{_POLITE}(?:give (?:me )?|show (?:me )?|name )?"
#: What asks little more than its question word does, and what it asks of the subject {0}.
_BRIEF = tuple(
    (re.compile(rf"(?:{said})(?: please)?\W*$", re.I), form)
    for said, form in (
        (rf"how(?: so| exactly)?|{_POLITE}(?:tell me more|go deeper|go on|elaborate|explain(?: that| it| this)?|say more|more details?)(?: about (?:it|that|this))?"
         r"(?: (?:a bit )?(?:more|again|further|clearly|slowly|precisely|in (?:more )?detail))*", "How does {0} work?"),
        (r"when", "When is {0} used?"),
        (r"where", "Where is {0} used?"),
        (r"what for", "What is {0} used for?"),
        (r"who|since when", "Who introduced {0}?"),
        (r"where (?:can|could|do|should) i (?:(?:read|learn|find)(?: out)? more(?: (?:about|on|of) (?:it|that|this))?|start|begin)", "Where can I read about {0}?"),
        (rf"{_SHOW}(?:an? |some |more |any )?(?:concrete |simple |real )?examples? (?P<x>(?:for|in|with|from) [^?]+?)", "What is an example of {0} {x}?"),
        (r"what (?:should|can|could|do|would) (?:i|you|we|one) (?P<x>use|take|choose|pick|do|try)(?: then| instead| now)?", "What should I {x} instead of {0}?"),
        (rf"for example|for instance|e\.?g|such as|like what|{_SHOW}(?:one|(?:an? |some |more |any )?(?:concrete |simple |real )?examples?)(?: of (?:it|that|this))?",
         "What is an example of {0}?"),
        (rf"{_POLITE}(?:what does (?:that|it) mean|define (?:it|that)|remind me)", "What is {0}?"),
        (r"(?:basically|essentially|just) (?P<x>(?:just )?(?:an?|the) [^?]+?)", "Is {0} {x}?"),
    )
)  # fmt: skip
_WHY = re.compile(r"(?:why|how come|why (?:is|was) (?:that|this|it)(?: so)?|why so|why (?P<no>not))\W*$", re.I)
_WHY_NOT = re.compile(r"why not (?P<x>(?!the (?:first|second|other)\b)[^?]+?)\s*\?*$", re.I)
#: Asked to be told the same more simply.
_SIMPLER = re.compile(
    r"(?:(?:can|could|would|will) you )?(?:please )?(?:explain|say|put|describe|tell|break)\b.*\b"
    r"(?:simpl\w+|easier|easy|again|plain\w*|differently|other words|five|5|beginner|child|layman\S*|intuitive\w*)\b.{0,12}$"
    r"|(?:(?:but|sorry)\W+)*i (?:still )?(?:do ?n[o'’]?t|did ?n[o'’]?t) (?:really |quite )?(?:get|understand|follow)(?: it| that| this)?\W*$"
    r"|(?:i['’]?m (?:lost|confused)\W+)?(?:(?:in|using) )?(?:simple|simpler|plain|plainer|other|easy|layman\S*) (?:words|terms|english|language)(?: please)?\W*$|(?:(?:i['’]?m|i am) (?:lost|confused)\W*)?(?:simpler|eli5|huh)?(?: please)?\W*$"
    r"|(?:is there|do you have|give me) an? (?:simpler|easier|more intuitive) (?:explanation|way to \w+ (?:it|that|this))\W*$",
    re.I,
)


def asked_whole(question: str, asked: str, subjects: Sequence[str], last: str, names: Names) -> str | None:
    """What a follow-up asks that is hardly more than a question word or a name; None where it is more.

    ``asked`` is ``question`` without an opening "and" or "thanks".
    """
    subject = listed(subjects[:2])
    if m := _WHY.match(asked):
        return _why(subject, last, names, negated=bool(m["no"]))
    if (
        (m := _WHY_NOT.match(asked))
        and len(subjects) == 1
        and not re.search(rf"\b(?:the|it|this|that|them) {KIND}\b|\b(?:it|this|that|them)\b", m["x"])
    ):
        return _why_not(m["x"], subject, last, names)
    if (m := _ALSO.match(asked)) and (said := _also(last, subjects, m, names)):
        return said
    if (m := _THE_SAME.match(asked)) and len(subjects) == 1:
        return _instead(last, subjects, m["x"], names)
    if (m := _WHO_SAYS.match(asked)) and (told := _told(last, subjects)):
        return f"Who says that {told}?"
    if (m := re.fullmatch(r"when\W*", asked, re.I)) and (by := _WHO_DID.match(last)):
        return agreeing(f"When was {by['x']} {by['did']}?", by["x"])
    if _SIMPLER.match(asked) and all(m.name in last for m in names.mentions(asked)):
        known = _WHAT_IS.match(last) and names.of(bare(subject))
        return f"What is the intuition behind {subject}?" if known else f"{last.rstrip('?.! ')} in simple words?"
    for pattern, form in (*_COMPARISONS, *_BRIEF):
        if m := pattern.match(asked):
            meant = _last_named(last, names) if form == "What is {0}?" and _YES_OR_NO.match(last) else subject
            form = "How do {0} differ?" if form == "How does {0} work?" and len(subjects) > 1 else form
            return _capital(form.format(meant, **m.groupdict()))
    if said := _said_before(asked, last, subjects):
        return said
    if (m := _WHAT_ABOUT.match(question) or _FRAGMENT.match(asked)) and len(m["x"].split()) <= 5 and not asks(m["x"]):
        return _instead(last, subjects, m["x"], names, article=(m.groupdict().get("article") or "").strip())
    return None


def asks(text: str) -> bool:
    """Whether a text opens as a question does."""
    return bool(_YES_OR_NO.match(text) or re.match(r"(?:what|how|why|when|where|which|who|if)\b", text, re.I))


def _why(subject: str, last: str, names: Names, *, negated: bool) -> str:
    """ "Why?" or "why not?" of what was asked last."""
    if _YES_OR_NO.match(last):
        subject = bare(subject)
        at = last.casefold().find(subject.casefold()) + len(subject)
        if not negated or at < len(subject):
            return f"Why {last[0].lower() + last[1:]}"
        return f"Why {last[0].lower() + last[1:at]} not{last[at:]}"
    if negated or _HOW_IT_WORKS.match(last) or (_WHAT_IS.match(last) and names.of(bare(subject))):
        return f"Why is {subject} {'not ' if negated else ''}used?"
    return last if re.match("why", last, re.I) else f"{last.rstrip('?.! ')}, and why?"


def _also(last: str, subjects: Sequence[str], m: re.Match[str], names: Names) -> str | None:
    """The last question asked of something else too.

    Where it asked no more than what its subject is: how the two differ, if that was to be true of the other.
    """
    if _WHAT_IS.match(last) and not _LAST_PREPOSED.search(last):
        return f"How does {subjects[0]} differ from {m['y']}?" if m["true"] and names.of(m["y"]) else None
    return _instead(last, subjects, m["y"] if names.of(m["y"]) else m["x"], names)


def _told(last: str, subjects: Sequence[str]) -> str | None:
    """A question of yes or no as a statement: "is X just Y?" says that X is just Y."""
    m = re.match(
        rf"(is|are|was|were|can|will|should) ((?:an? |the )?{re.escape(bare(subjects[0]))})\b(.*?)[?.! ]*$", last, re.I
    )
    return f"{m[2]} {m[1].casefold()}{m[3]}" if m else None


def _why_not(instead: str, subject: str, last: str, names: Names) -> str:
    """ "Why not all zeros?" of what is to be done, or in the place of what was spoken of."""
    if m := re.match(
        r"(?:how|why) (?:do|does|can|could|should|would) (?:i|you|we|one|people|they) (?!use\b)(?P<do>[^?]+)",
        last,
        re.I,
    ):
        return f"Why not {instead} to {m['do'].rstrip('?.! ')}?"
    return f"Why not {instead} {'instead of' if names.of(instead.removeprefix('just ')) else 'in'} {subject}?"


def _last_named(last: str, names: Names) -> str:
    return (*(m.name for m in names.mentions(last)), last)[-1 if not names.mentions(last) else -2]


def _said_before(asked: str, last: str, subjects: Sequence[str]) -> str | None:
    """ "Then what can?" after "Can a perceptron solve XOR?": what can solve XOR."""
    m = re.fullmatch(
        r"(what|who|which \w+|what else) (can|could|does|do|is|are|will|should)(?: then)?\s*\?*", asked, re.I
    )
    _, named, rest = last.partition(bare(subjects[0]))
    if not m or not named or not re.match(rf"{m[2]}\b", last, re.I):
        return None
    return _capital(f"{m[1]} {m[2]} {rest.strip(' ?.!')}?")


def _instead(last: str, subjects: Sequence[str], new: str, names: Names, article: str = "") -> str:
    """The last question, asked of something else, or of a property of what it asked about."""
    subject = subjects[0]
    if _PREPOSED.match(new):
        place = _LAST_PREPOSED.search(last)
        return f"{last[: place.start()].rstrip() if place else last.rstrip('?.! ')} {new}?"
    if m := re.match(r"(?:its|their)\s+(.+)", new, re.I):
        return aspect_of(m[1], subject)
    if _DEGREE.fullmatch(new) and (degree := _DEGREE.search(last)):
        return f"{last[: degree.start()]}{new}{last[degree.end() :]}"
    if re.fullmatch(r"(?:others?|rest|other ones)", new, re.I):
        new, article = f"other {many(subject.split()[-1])}", "the"
    elif (m := re.fullmatch(rf"((?:[\w-]+ ){{0,2}}[\w-]+)\s+{KIND}", new, re.I)) and not names.of(new):
        if m[1].casefold() in ("other", "second", "first", "last"):
            return _capital(f"What is {filled(f'the {new}', subjects, names)}?")
        new, article = such(m[1], subject, names), ""
    elif not names.mentions(new) and ASPECT.fullmatch(new.split()[-1]):
        return aspect_of(new, subject)
    elif like := _like(new, last, names):
        return _put(last, like.start, like.end, new, article)
    at = last.casefold().find(bare(subject).casefold())
    if at >= 0 and len(subjects) == 1:
        return _put(last, at, at + len(bare(subject)), new, article)
    return agreeing(f"What is {f'{article} ' if article else ''}{new}?", new)


def aspect_of(aspect: str, subject: str) -> str:
    """What an aspect of a subject is; of what has them, where the subject is an aspect itself ("the drawbacks of dropout")."""
    if (
        m := re.fullmatch(
            r"(?:an? |the )?(?P<of>.+?)['’]s? (?P<what>\w+)|(?:the )?(?P<also>(?:\w+ )??\w+) of (?P<x>.+)", subject
        )
    ) and (ASPECT.fullmatch((m["what"] or m["also"]).split()[-1])):
        subject = m["of"] or m["x"]
    return agreeing(f"What is the {aspect} of {subject}?", aspect)


def _put(last: str, start: int, end: int, new: str, article: str) -> str:
    """The last question with something new between ``start`` and ``end``, its article fitting."""
    before = re.sub(r"\b(?P<old>an?|the) $", "", last[:start], flags=re.I)
    old = last[len(before) : start].strip().casefold()
    if not article and old and not is_plural(new) and not new.endswith("ing"):
        vowel = new[0] in "AEFHILMNORSX" if new[:2].isupper() else new[0].casefold() in "aeio"
        article = old if old == "the" else "an" if vowel else "a"
    return _capital(agreeing(f"{before}{f'{article} ' if article else ''}{new}{last[end:].rstrip('?.! ')}?", new))


def _like(new: str, last: str, names: Names) -> Mention | None:
    """What a question names that is most like a new thing: for an RNN the CNN, both networks by their full names."""
    concept, named = names.of(new), names.mentions(last)
    head = concept.rpartition("-")[2] if concept else None
    return next((m for m in named if m.concept.rpartition("-")[2] == head), None) if len(named) > 1 else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
