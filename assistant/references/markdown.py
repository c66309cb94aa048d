"""An answer as Markdown with footnotes, one a citation."""

from __future__ import annotations

import re

from assistant.answers import Answer, Citation
from assistant.references.text import folded

_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|]")


def to_markdown(answer: Answer) -> str:
    """The question, the opening line, the statements and a footnote for each citation."""
    notes = "\n".join(_footnote(c) for c in answer.citations)
    opening = [f"**{escaped(answer.question)}**", f"*{answer.notice}*"]
    return "\n\n".join(p for p in [*opening, _body(answer), notes] if p).strip() + "\n"


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
