"""What books add to Markdown (MyST, Quarto, Pandoc, Dive into Deep Learning) -> Markdown without it. Pure.

Directives, labels, roles, citations and marks of footnotes are out, their words stay; a reference to a numbered
thing becomes "(??)", as TeX writes one that it cannot resolve. Code is left alone. Knows no blocks of Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,}|:{3,})[ \t]*(.*?)[ \t]*$")
_DIRECTIVE = re.compile(r"\{([a-z][\w:.-]*)\}")
_PROSE = re.compile(
    r"note|tip|warning|important|admonition|hint|seealso|caution|attention|danger|error|dropdown|topic|sidebar|margin|"
    r"epigraph|exercise|solution|(?:prf:|proof:).*|proof|theorem|lemma|corollary|proposition|definition|example|remark|axiom"
)
_OPTION = re.compile(r"[ \t]*:[\w-]+:.*$")
_LABEL = re.compile(r"[ \t]*(?:\([\w:.-]+\)=|:[a-z]+:`[^`]*`)[ \t]*$")
_ROLE = re.compile(r"[ \t]*(?:\{([a-z][\w:.-]*)\}|(?<![\w`]):([a-z]+):)`([^`]+)`")
_TITLED = re.compile(r"(.+?)\s*<[^<>]*>", re.S)
_CITED = re.compile(r"[ \t]*\[(?:[^\[\]]*[\s;])?-?@[\w][^\[\]]*\]")
_NOTE = re.compile(r"[ \t]?\[\^[^\]\s]+\](?!:)")
_NOTE_TEXT = re.compile(r"^\[\^[^\]\s]+\]:[ \t]*")
_TASK = re.compile(r"^([ \t]*[-*+][ \t]+)\[[ xX]\][ \t]+")
_EQUATION = re.compile(r"[ \t]*\\begin\{((?:equation|align|alignat|gather|multline|eqnarray|displaymath)\*?)\}")


def plain(text: str) -> str:
    """Markdown without the marks of books; lines of code stay as they are."""
    return "\n".join(_lines(iter(text.split("\n"))))


def _lines(lines: Iterator[str]) -> Iterator[str]:
    mathematics = False
    for line in lines:
        fence = None if mathematics else _FENCE.match(line)
        if fence and fence[1][0] == ":":
            yield ""
        elif fence:
            yield from _fenced(line, fence[1], fence[2], lines)
        elif not mathematics and (equation := _EQUATION.match(line)):
            yield from ("", "$$", *_until(line, lines, rf"\end{{{equation[1]}}}"), "$$", "")
        else:
            mathematics ^= line.count("$$") % 2 == 1
            yield line if mathematics else _without_marks(line)


def _fenced(line: str, mark: str, info: str, lines: Iterator[str]) -> Iterator[str]:
    """A fenced block: mathematics between dollars, prose as prose, code as it is."""
    named = _DIRECTIVE.match(info)
    body = list(_inside(mark, lines))
    if named and named[1] == "math":
        yield from ("", "$$", *(item for item in body if item.strip() and not _OPTION.match(item)), "$$", "")
    elif named and _PROSE.fullmatch(named[1]):
        while body and _OPTION.match(body[0]):
            body.pop(0)
        yield from ("", *_lines(iter(body)), "")
    else:
        yield from (line, *body, mark)


def _inside(mark: str, lines: Iterator[str]) -> Iterator[str]:
    """The lines up to the one that closes a fence, or to the end."""
    for line in lines:
        if re.fullmatch(rf"[ \t]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*", line):
            return
        yield line


def _until(line: str, lines: Iterator[str], end: str) -> Iterator[str]:
    """A line and those after it, up to one that holds ``end``; blank ones, which end a formula in Markdown, are out."""
    yield line
    while end not in line:
        if (line := next(lines, end)).strip():
            yield line


def _without_marks(line: str) -> str:
    if _LABEL.match(line):
        return ""
    line = _TASK.sub(r"\1", _NOTE_TEXT.sub("", line))
    return _NOTE.sub("", _CITED.sub("", _ROLE.sub(_spoken, line)))


def _spoken(role: re.Match[str]) -> str:
    """The words of a role, as a reader would see them; of a citation or a label none."""
    name, content = role[1] or role[2], role[3]
    space = role[0][: len(role[0]) - len(role[0].lstrip())]
    if "cite" in name or name.endswith("label"):
        return ""
    titled = _TITLED.fullmatch(content)
    if name == "math":
        return f"{space}${content}$"
    if titled:
        return space + titled[1]
    return f"{space}(??)" if name.endswith(("ref", "eq")) else space + content
