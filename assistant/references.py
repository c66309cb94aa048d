"""An answer as others read it: terminal, Markdown with footnotes. Pure."""

from __future__ import annotations

from assistant.answers import Answer, Citation


def to_terminal(answer: Answer) -> str:
    """An answer as plain text with its citations below."""
    lines = []
    if answer.standalone_question != answer.question:
        lines += [f"Understood as: {answer.standalone_question}", ""]
    lines += [answer.notice, "", answer.text]
    if answer.reason and answer.outcome == "partly":
        lines += ["", f"({answer.reason}.)"]
    for warning in answer.warnings:
        lines += ["", warning]
    if answer.citations:
        lines.append("")
        lines += [_line(c) for c in answer.citations]
    if answer.read_next:
        lines += ["", "Read next:"]
        lines += [f"  {p.id}: {p.reason}" for p in answer.read_next]
    return "\n".join(lines)


def _line(citation: Citation) -> str:
    mark = "■" if citation.solid else "□"
    said = f"\n      “{folded(citation.quote.text)}”" if citation.quote else ""
    url = f"\n      {citation.url}" if citation.url else ""
    return f"{mark} [{citation.number}] {citation.resource.title}. {citation.explanation}{said}{url}"


def to_markdown(answer: Answer) -> str:
    """An answer as Markdown with footnotes, one a citation."""
    body = answer.text
    for citation in answer.citations:
        body = body.replace(f"[{citation.number}]", f"[^{citation.number}]")
    notes = [
        f"[^{c.number}]: {c.resource.title}. {c.explanation}"
        + (f" “{folded(c.quote.text)}”" if c.quote else "")
        + (f" <{c.url}>" if c.url else "")
        for c in answer.citations
    ]
    return "\n\n".join([f"**{answer.question}**", f"*{answer.notice}*", body, "\n".join(notes)]).strip() + "\n"


def folded(text: str) -> str:
    """A quote on one line; white space alone is changed."""
    return " ".join(text.split())
