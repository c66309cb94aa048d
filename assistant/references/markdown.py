"""An answer as Markdown with footnotes, one a citation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answers import Answer, Citation, Pointer
from assistant.references.text import folded

_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|]")


def to_markdown(answer: Answer) -> str:
    """The question, the opening line, the statements, what to read next, and a footnote for each citation."""
    understood = answer.standalone_question != answer.question
    parts = [
        f"**{escaped(answer.question)}**",
        f"Understood as: {escaped(answer.standalone_question)}" if understood else "",
        f"*{answer.notice}*",
        _body(answer),
        f"({escaped(answer.reason)}.)" if answer.reason and answer.outcome == "partly" else "",
        *map(escaped, answer.warnings),
        _list("Read next:", answer.read_next),
        "\n".join(_footnote(c) for c in answer.citations),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _list(title: str, pointers: Sequence[Pointer]) -> str:
    lines = [f"- {p.id}: {escaped(p.reason)}" for p in pointers]
    return "\n".join([title, "", *lines]) if lines else ""


def _body(answer: Answer) -> str:
    """The text with ``[n]`` as footnotes; brackets within a statement, a formula's for example, stay as they are."""
    text, at = [], 0
    for statement, start, end in answer.spans():
        remarks = f" *({' '.join(map(escaped, statement.remarks))})*" if statement.remarks else ""
        marks = "".join(f"[^{n}]" for n in statement.citations)
        said = escaped(statement.text) if statement.voice == "reading" else statement.text
        text += [answer.text[at:start], said, marks, remarks]
        at = end
    return "".join([*text, answer.text[at:]])


def _footnote(citation: Citation) -> str:
    said = f" “{escaped(citation.quote.text)}”" if citation.quote else ""
    url = f" <{citation.url}>" if citation.url else ""
    return f"[^{citation.number}]: {escaped(citation.resource.title)}. {escaped(citation.explanation)}{said}{url}"


def escaped(text: str) -> str:
    """Somebody else's words on one line, so that Markdown shows them as they are."""
    return _SPECIAL.sub(r"\\\g<0>", folded(text))
