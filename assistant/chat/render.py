"""Everything the page shows as HTML, and the one place where text is escaped.

Templates (templates/*.html) are Jinja2 with autoescape on: whatever comes from a document, a title, a question or
a model is text there, never markup. The three ways out of a template into markup are the filters below, and each
escapes first: ``prose`` (our words: formulas and `code`), ``address`` (links of http and https alone) and
``stream`` (an answer that is still being written). Knows no Gradio and no index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from assistant.answers import Answer, Quote
from assistant.chat.sessions import Turn
from assistant.references import folded, to_bibtex, to_markdown
from assistant.verification import Verdict

TEMPLATES = Path(__file__).parent / "templates"

_INLINE = re.compile(
    r"\$\$(?P<display>[^$]+?)\$\$"
    r"|\$(?P<tex>(?!\s)[^$\n]+?(?<![\s\\]))\$(?!\d)"
    r"|\\\((?P<round>.+?)\\\)"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<strong>[^*\n]+)\*\*",
    re.S,
)
_FOUND = frozenset({"words_found", "moved"})
_MARK = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True)
class Box:
    """A highlighted stretch of a line, in percent of the page from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Picture:
    """A page of a held reading as a picture, with the quoted words marked."""

    url: str
    page: int
    boxes: tuple[Box, ...]


Pictures = Callable[[Quote], Sequence[Picture]]


def no_pictures(_: Quote) -> Sequence[Picture]:
    """Where no page can be shown."""
    return ()


def prose(text: str) -> Markup:
    """Our words (or a model's) as HTML: formulas marked for KaTeX, `code` and **strong**; all else is text."""
    return _inline(text, Markup)


def _inline(text: str, rest: Callable[[Markup], Markup]) -> Markup:
    out, at = [], 0
    for m in _INLINE.finditer(text):
        out.append(rest(escape(text[at : m.start()])))
        out.append(_special(m))
        at = m.end()
    out.append(rest(escape(text[at:])))
    return Markup("").join(out)


def _special(m: re.Match[str]) -> Markup:
    if m["code"] is not None:
        return Markup("<code>{}</code>").format(m["code"])
    if m["strong"] is not None:
        return Markup("<strong>{}</strong>").format(m["strong"])
    tex = m["display"] or m["tex"] or m["round"]
    display = Markup(" data-display") if m["display"] else Markup("")
    return Markup('<span class="tex" data-tex="{}"{}>{}</span>').format(tex.strip(), display, m[0])


def stream(text: str) -> Markup:
    """The text of an answer as far as it is written: paragraphs, its markers not yet links."""

    def marked(escaped: Markup) -> Markup:
        return Markup(_MARK.sub(r'<span class="mark pending">\1</span>', str(escaped)))

    return Markup("").join(
        Markup('<p class="statement" dir="auto">{}</p>').format(_inline(p, marked)) for p in text.split("\n\n") if p
    )


def address(url: str) -> str:
    """``url`` where it is a plain web address, else nothing: no other scheme becomes a link."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def here(kind: str, value: str) -> str:
    """The shareable address of a resource, a concept, a view or a question on this page."""
    return f"?{kind}={quote(value, safe='')}"


def number(value: int) -> str:
    """A count as people write it."""
    return f"{value:,}"


def counted(value: int, thing: str) -> str:
    """So many things: 1 file, 1,200 files."""
    return f"{value:,} {thing}{'' if value == 1 else 's'}"


def megabytes(size: int) -> str:
    """Bytes as people say them."""
    return f"{size / 1e6:.1f} MB"


def sentence(text: str) -> str:
    """A reason as a sentence of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def checked(verdicts: Sequence[Verdict]) -> str:
    """What came of checking an answer again, in one sentence."""
    quoted = [v for v in verdicts if v.quote]
    found, addresses = sum(v.check in _FOUND for v in quoted), len(verdicts) - len(quoted)
    words = f"{found} of {counted(len(quoted), 'quotation')} found in our copies" if quoted else "Nothing is quoted"
    rest = (
        f"; {addresses} {'citation is an address' if addresses == 1 else 'citations are addresses'} only"
        if addresses
        else ""
    )
    return f"{words}{rest}."


def outcome(verdict: Verdict) -> str:
    """How a verdict looks: ``found``, ``failed``, or ``unheld`` where the text to look in is not here."""
    return "found" if verdict.check in _FOUND else "failed" if verdict.failed else "unheld"


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "prose": prose,
        "stream": stream,
        "address": address,
        "folded": folded,
        "number": number,
        "markdown": to_markdown,
        "bibtex": to_bibtex,
        "counted": counted,
        "megabytes": megabytes,
        "sentence": sentence,
        "checked": checked,
        "outcome": outcome,
    }
    env.globals |= {"here": here}
    return env


def fill(template: str, **values: Any) -> str:
    """A template with its values; every value is escaped by the template."""
    return _environment().get_template(template).render(**values)


def conversation(
    turns: Sequence[Turn],
    titles: Mapping[str, str],
    pictures: Pictures = no_pictures,
    *,
    writing: Turn | None = None,
) -> str:
    """The conversation, oldest turn first; ``writing`` is the turn that is still being answered.

    ``titles`` gives the names of resources by id, for what to read next.
    """
    shown = [*turns, *([writing] if writing else [])]
    return fill(
        "conversation.html",
        turns=[(n, t, _marks(t.answer) if t.answer else {}) for n, t in enumerate(shown, 1)],
        titles=titles,
        pictures=pictures,
    )


def _marks(answer: Answer) -> dict[int, tuple[bool, str]]:
    """For each number whether it is solid, and what a screen reader says of it."""
    return {
        c.number: (
            c.solid,
            f"Source {c.number}: {c.place}, " + ("its own words shown" if c.solid else "an address only"),
        )
        for c in answer.citations
    }
