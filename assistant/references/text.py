"""An answer for the terminal: plain text, readable without colour."""

from __future__ import annotations

import re

from assistant.answers import Answer, Citation

LEGEND = "■ the source's own words are here   □ an address only"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def to_terminal(answer: Answer) -> str:
    """An answer as plain text with its citations below; control characters are shown, not obeyed."""
    lines = []
    if answer.standalone_question != answer.question:
        lines += [f"Understood as: {answer.standalone_question}", ""]
    lines += [answer.notice, "", remarked(answer)]
    if answer.reason and answer.outcome == "partly":
        lines += ["", f"({answer.reason}.)"]
    for warning in answer.warnings:
        lines += ["", warning]
    if answer.citations:
        lines += ["", LEGEND, *map(_line, answer.citations)]
    if missing := next((c for c in answer.citations if c.check == "not_held" and c.resource.url), None):
        lines += ["", f"To add a text that is not here: underhood ingest --add FILE --as {missing.resource.id}"]
    if answer.read_next:
        lines += ["", "Read next:"]
        lines += [f"  {p.id}: {p.reason}" for p in answer.read_next]
    return harmless("\n".join(lines))


def _line(citation: Citation) -> str:
    mark = "■" if citation.solid else "□"
    said = f"\n      “{folded(citation.quote.text)}”" if citation.quote else ""
    url = f"\n      {citation.url}" if citation.url else ""
    return f"{mark} [{citation.number}] {citation.resource.title}. {citation.explanation}{said}{url}"


def remarked(answer: Answer) -> str:
    """The text of an answer, with the remarks on each statement behind its markers."""
    text, shift = answer.text, 0
    for statement, _, end in answer.spans():
        if statement.remarks:
            said = f" ({' '.join(statement.remarks)})"
            text = text[: end + shift] + said + text[end + shift :]
            shift += len(said)
    return text


def folded(text: str) -> str:
    """A quote on one line; white space alone is changed."""
    return " ".join(text.split())


def harmless(text: str) -> str:
    """Text whose control characters and changes of direction are shown as signs, so that no terminal obeys them."""
    return _CONTROL.sub(lambda m: chr(0x2400 + ord(m[0])) if ord(m[0]) < 0x20 else "\ufffd", text)
