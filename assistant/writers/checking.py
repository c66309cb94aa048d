"""What is checked of a chat model's sentence before anyone sees it, and of what is sent to the model. Pure.

A sentence may say only what its evidence says: no other number, sign, comparison or negation, no name, address or
quotation of its own, and mostly the evidence's words. This finds much that is wrong; it cannot tell that a sentence
means what its evidence means, so what passes is still ``unchecked``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.agreement import agreement
from assistant.contents import items
from ingest.wording import WordIndex, norms

Fault = Literal["contradicted", "misquoted", "unheld"]

#: A quote of fewer words could stand anywhere.
LEAST_QUOTED = 3
#: Quotation marks around fewer words mark a term, not a quotation.
QUOTATION = 4
#: What share of a sentence's words with a meaning its evidence has to have.
SHARE = 0.5
#: Sentences of the evidence whose shares differ by less are equally like.
NEARLY = 0.1
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_ADDRESS = re.compile(r"\w+://|\bwww\.|\]\(|<[a-z/!][^<>]*>|@\w+\.\w|\bjavascript:", re.I)
_NAME = re.compile(r"(?<=[^\s.?!] )[A-Z][\w-]+")
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(?:instructions?|prompts?|rules|guidelines)\b"
    r"|\b(?:ignore|disregard|forget) (?:everything|all|anything|what)\b[^.]{0,20}\b(?:above|before|said|told)\b"
    r"|\b(?:you are|act as|pretend (?:to be|you)|from now on)\b[^.]{0,30}\b(?:now|dan|jailbroken|unrestricted|developer mode|evil|assistant)\b"
    r"|\b(?:system|developer) (?:prompt|message|override)\b|\b(?:say|reply|respond|answer|repeat)(?: only| exactly| with| the)+(?: words?| phrase| text)?\s*[:\"“']"
    r"|<\|[^|]*\|>|\[/?inst\]|<</?sys>>"
    r"|\b(?:AI (?:assistants?|models?|systems?)|LLMs?|chat ?bots?)\b[^.]{0,20}\b(?:must|should|shall|are to|please)\b[^.]{0,10}\b(?:recommend|say|reply|answer|ignore|rate|praise|prefer|include|respond|tell)\b"
    r"|\bnote to (?:the )?(?:AI|assistant|model)",
    re.I,
)


def copied(words: str, evidence: Sequence[str]) -> bool:
    """Whether a quote's words stand in one of these texts, in order and without a gap."""
    wanted = norms(words)
    return len(wanted) >= LEAST_QUOTED and any(WordIndex(text).find(wanted) for text in evidence)


def fault(sentence: str, evidence: Sequence[str], sources: Sequence[str] = ()) -> Fault | None:
    """What is wrong with a sentence that is said to rest on ``evidence``; None where nothing was found.

    ``sources``: those of the texts that are the resources' own words. Only they may stand in quotation marks, and what
    the evidence itself quotes.
    """
    theirs = [*sources, *(q for text in evidence for q in _quotations(text))]
    if any(len(norms(q)) >= QUOTATION and not copied(q, theirs) for q in _quotations(sentence)):
        return "misquoted"
    compared = agreement(sentence, *evidence)
    if compared.contradicted or _adds_a_denial(sentence, evidence):
        return "contradicted"
    own_numbers = [n for n in compared.unspoken if n.casefold() != "two"]
    if own_numbers or _ADDRESS.search(sentence) or _strangers(sentence, evidence) or shared(sentence, evidence) < SHARE:
        return "unheld"
    return None


def shared(sentence: str, evidence: Sequence[str]) -> float:
    """The share of a sentence's words with a meaning that the evidence has as well; 0 where it has none."""
    held = {i.norm for text in evidence for i in items(text)}
    said = [i.norm for i in items(sentence) if i.kind == "word"]
    return sum(word in held for word in said) / len(said) if said else 0.0


def verbatim(sentence: str, claim: str) -> bool:
    """Whether a sentence is a whole sentence of a claim (or all of it), word for word."""
    wholes = [claim, *_SENTENCE.split(claim)]
    return norms(sentence) in [norms(whole) for whole in wholes]


def gives_orders(text: str) -> bool:
    """Whether a text speaks to whoever processes it; such a text is not sent to a model as evidence."""
    return bool(_ORDERS.search(text))


def _quotations(text: str) -> list[str]:
    return [next(g for g in m.groups() if g) for m in _QUOTED.finditer(text)]


def _adds_a_denial(sentence: str, evidence: Sequence[str]) -> bool:
    """Whether a sentence denies something, and what the evidence says in the most like words denies nothing."""
    held = [s for text in evidence for s in _SENTENCE.split(text)]
    for said in filter(_denies, _SENTENCE.split(sentence)):
        alike = [(shared(said, [s]), s) for s in held]
        most = max(share for share, _ in alike)
        if not any(_denies(s) for share, s in alike if share >= most - NEARLY):
            return True
    return False


def _denies(text: str) -> bool:
    return any(i.kind == "negation" for i in items(text))


def _strangers(sentence: str, evidence: Sequence[str]) -> list[str]:
    """Names within a sentence that none of its evidence has."""
    held = " ".join(evidence).casefold()
    return [m[0] for m in _NAME.finditer(sentence) if m[0].rstrip("s").casefold() not in held]
