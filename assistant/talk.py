"""What people say around a question: greetings, thanks, how they came to ask. Pure.

It leaves alone whatever names a concept or asks something.
"""

from __future__ import annotations

import re

from assistant.naming import Names

SENTENCE = re.compile(r"(?<=[?.!])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bcf\.)(?<!\bal\.)\s+(?=\S)", re.I)
_TALK = re.compile(
    r"\b(?:sorry|thanks?|thank\s+you|cheers|hi|hello|hey|greetings|appreciated?|exam|homework|thesis|teacher|professor|interview"
    r"|studying|learning\s+(?:this|it|on)|beginner|newbie|new\s+to|stuck|confused|confusing|nobody\s+knew|stupid|silly|dumb|naive"
    r"|quick\s+(?:one|question)|(?:tell|help)\s+me|one\s+thing|my\s+question|i\s+know)\b",
    re.I,
)
_OPENING = re.compile(r":\s|,\s+but\b", re.I)
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|good\s+(?:morning|evening|afternoon|day)|greetings|ok(?:ay)?|so|well|um+|right)\b"
    r"(?:\s+(?:there|all|everyone|everybody|guys|folks|so))*\s*[,.!:;–-]*\s+)+",
    re.I,
)
_SOMEBODY = r"(?:you|someone|anyone|somebody|anybody)"
_WH = r"(?=(?:what|why|how|when|where|who|which|if|whether)\b)"
_LEAD = re.compile(
    rf"^(?:please\s+|just\s+)*(?:(?:can|could|would|will)\s+{_SOMEBODY}\s+(?:please\s+|kindly\s+|maybe\s+)?(?:tell|help)\s+(?:me|us)"
    r"(?:\s+(?:out|understand))?(?:\s+(?:with|about))?"
    r"|(?:i|we)(?:['’]m|\s+am|\s+was|['’]ve\s+been)?\s+(?:just\s+|really\s+|always\s+)?wonder(?:ing|ed)?"
    r"|(?:i|we)(?:['’]d|\s+would)?\s+(?:just\s+|really\s+)?(?:like|love|want(?:ed)?)\s+to\s+(?:know|understand|ask)"
    rf"|(?:do\s+you|does\s+(?:anyone|anybody))\s+(?:happen\s+to\s+)?know\s+{_WH}"
    rf"|(?:i|we)\s+(?:don['’]?t|do\s+not|can['’]?t|cannot)\s+(?:really\s+)?(?:understand|get|see|figure\s+out)\s+{_WH}"
    r"|(?:just\s+)?curious)(?:\s+(?:if|whether|about))?(?:\s+you\s+(?:can|could)\s+(?:please\s+)?(?=explain|describe|tell))?\s*[,:;–-]*\s*"
    r"(?=\S+\s+\S)",
    re.I,
)
#: Who said it, before what was said.
_REPORTED = re.compile(
    r"(?:^|(?<=[,.;]\s)|\b(?:and|but|because)\s+)(?:(?:my|an?|the|some|one\s+of\s+my)\s+(?:\w+\s+)?"
    r"(?:friend|mate|colleague|coworker|co-worker|teammate|boss|manager|teacher|professor|prof|lecturer|tutor|instructor|supervisor|classmate)s?"
    r"|(?:someone|somebody|people|they)(?:\s+(?:at\s+work|online|here|on\s+\w+))?)\s+"
    r"(?:(?:told|tells?|keeps?\s+telling)\s+(?:me|us)|said|says?|claim(?:s|ed)?|keeps?\s+saying|thinks?|insists?|mentioned)\s+(?:that\s+)?"
    r"|(?:^|(?<=[,.;]\s))i\s+(?:have\s+|just\s+|once\s+)*(?:read|heard|saw|was\s+told|learn(?:ed|t))\s+(?:\w+\s+){0,4}?that\s+",
    re.I,
)
_THANKS = re.compile(
    r"[\s,.;!–-]+(?:(?:many\s+)?thanks|thank\s+you|thx|cheers|please|pls|any\s+help\s+(?:is|would\s+be)\s+(?:much\s+)?appreciated)"
    r"(?:\s+(?:so|very)\s+much|\s+a\s+lot|\s+in\s+advance)?\s*[.!?]*$",
    re.I,
)


def without_talk(text: str, names: Names) -> str:
    """A question without what is only said around it, where something is left that asks or names."""
    sentences = [_THANKS.sub("", s) for s in SENTENCE.split(text)]
    sentences = [_said(s, names) for s in sentences]
    kept = [s for s in sentences if s.endswith("?") or names.mentions(s) or not _TALK.search(s)]
    asking = " ".join(filter(None, kept)) or text
    while (shorter := _opened(_LEAD.sub("", _GREETING.sub("", asking)), names)) != asking:
        asking = shorter
    return f"{asking}?" if text.rstrip(" .!").endswith("?") and not asking.endswith("?") else asking


def asked_alone(text: str) -> str:
    """A question without the sentences before it that only tell the case; as it is where there are none."""
    asking = [s for s in SENTENCE.split(text) if s.endswith("?")]
    return " ".join(asking) or text


def _said(sentence: str, names: Names) -> str:
    """A sentence without who said it, where that takes no name of a concept away."""
    shorter = _REPORTED.sub(" ", sentence).strip()
    kept = len(names.mentions(shorter)) == len(names.mentions(sentence)) and len(shorter.split()) > 1
    return shorter if kept else sentence


def _opened(text: str, names: Names) -> str:
    """A question without what stands before its colon, or before "but", where that is only talk."""
    if not (mark := _OPENING.search(text)) or "?" in text[: mark.start()]:
        return text
    before, after = text[: mark.start()], text[mark.end() :].strip()
    return after if after and not names.mentions(before) and _TALK.search(before) else text
