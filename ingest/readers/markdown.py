"""Markdown -> ``Parsed``: headings, paragraphs, lists; code marked; TeX kept between its dollar signs.

Inline marks, link targets, pictures, front matter, Jekyll tags and raw HTML are out. The fragment of a
heading is the anchor written before it, the id written behind it, or the slug that GitHub would give it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ingest.documents import Parsed
from ingest.readers.blocks import Blocks, decode
from ingest.readers.bookish import plain

if TYPE_CHECKING:
    from markdown_it.token import Token

RECIPE = "markdown-2"

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.M)
_LIQUID = re.compile(r"\{%.*?%\}", re.S)
_ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*(?:[#.][^{}\n]*|[\w-]+=[\"'][^{}\n]*)\}[ \t]*$", re.M)
_HEADING_ID = re.compile(r"\s*\{:?\s*#([\w:.-]+)[^{}]*\}\s*$")
_ANCHOR = re.compile(r"<a\s[^>]*?\b(?:name|id)\s*=\s*[\"']([^\"']+)[\"']", re.I)
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|svg|iframe|video|audio|object)\b.*?(?:</\1\s*>|\Z)", re.S | re.I
)
_HTML_BREAK = re.compile(r"</?(?:p|div|li|tr|h\d|br|table|ul|ol|blockquote|center)\b[^>]*>", re.I)
_HTML_TAG = re.compile(r"<[^<>]*>")
_FIGURE = re.compile(r"<img\b|caption|<figure\b", re.I)
_MATH_MARKS = {"$$": "$$", "$": "$", r"\\(": r"\\)", r"\\[": r"\\]"}
_CONTENTS = re.compile(r"(?:table of )?contents:?", re.I)


def read(data: bytes) -> Parsed:
    """The text of a Markdown file."""
    text = decode(data)
    blocks = Blocks()
    if front := _FRONT_MATTER.match(text):
        title = _FRONT_TITLE.search(front[1])
        blocks.title = html.unescape(title[1]) if title and title[1] else None
        text = text[front.end() :]
    add_markdown(blocks, text, {})
    return blocks.parsed()


def add_markdown(blocks: Blocks, text: str, slugs: dict[str, int]) -> None:
    """Add the blocks of a Markdown text; ``slugs`` counts the slugs given so far."""
    tokens = _parser().parse(plain(_LIQUID.sub("", text)))
    anchor: str | None = None
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type == "heading_open":
            _add_heading(blocks, tokens[i + 1], int(token.tag[1]), anchor, slugs)
        elif token.type == "table_open":
            close = next(j for j in range(i, len(tokens)) if tokens[j].type == "table_close")
            blocks.add(_table(tokens[i:close]), "table")
            i = close
        elif token.type in ("fence", "code_block"):
            blocks.add(token.content, "code")
        elif token.type == "math_block":
            blocks.add(token.content, "formula")
        elif token.type == "html_block":
            _add_html(blocks, token.content)
        elif token.type == "inline" and tokens[i - 1].type != "heading_open":
            _add_paragraph(blocks, token)
        if token.type in ("html_block", "inline"):
            found = _ANCHOR.findall(token.content)
            anchor = found[-1] if found and not _HTML_TAG.sub("", token.content).strip() else None
        i += 1


def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # Mathematics is taken whole, or its underscores and asterisks would be read as emphasis.
    parser.inline.ruler.before("escape", "math", _inline_math)
    parser.block.ruler.before(
        "fence", "math_block", _block_math, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser


def _inline_math(state: Any, silent: bool) -> bool:
    source, start = state.src, state.pos
    opening = next((mark for mark in _MATH_MARKS if source.startswith(mark, start)), None)
    if opening is None:
        return False
    closing = _MATH_MARKS[opening]
    first = start + len(opening)
    end = source.find(closing, first)
    while end > 0 and source[end - 1] == "\\" and closing == "$":
        end = source.find(closing, end + 1)
    if end <= first or "\n\n" in source[first:end]:
        return False
    after = source[end + len(closing) : end + len(closing) + 1]
    if opening == "$" and (source[first].isspace() or source[end - 1].isspace() or after.isdigit()):
        return False
    if not silent:
        token = state.push("math", "", 0)
        dollars = "$$" if closing in ("$$", r"\\]") else "$"
        token.content = f"{dollars}{source[first:end].strip()}{dollars}"
    state.pos = end + len(closing)
    return True


def _block_math(state: Any, first: int, last: int, silent: bool) -> bool:
    lines = [state.src[state.bMarks[n] + state.tShift[n] : state.eMarks[n]].rstrip() for n in range(first, last)]
    if not lines or not lines[0].startswith("$$") or state.is_code_block(first):
        return False
    for count, line in enumerate(lines, 1):
        body = line[2:] if count == 1 else line
        if not line and count > 1:
            return False
        if body.endswith("$$") and (count > 1 or len(line) > 4):
            break
        if "$$" in body:
            return False
    else:
        return False
    if not silent:
        token = state.push("math_block", "", 0)
        token.content = "\n".join(lines[:count])
        token.map = [first, first + count]
        state.line = first + count
    return True


def _add_heading(blocks: Blocks, token: Token, level: int, anchor: str | None, slugs: dict[str, int]) -> None:
    text = _inline(token.children or ())
    written = _HEADING_ID.search(text)
    if written:
        text = text[: written.start()]
    inner = _ANCHOR.search(token.content)
    fragment = written[1] if written else anchor or (inner[1] if inner else None)
    blocks.heading(text, level, fragment or slug(text, slugs))


def slug(title: str, given: dict[str, int]) -> str:
    """The anchor that GitHub (and kramdown, for plain titles) gives a heading; counted up where it was given before."""
    plain = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
    given[plain] = given.get(plain, -1) + 1
    return f"{plain}-{given[plain]}" if given[plain] else plain


def _add_paragraph(blocks: Blocks, token: Token) -> None:
    children = token.children or []
    if _only_links_within(children):
        return
    run: list[Token] = []
    for child in children:  # a display formula within a paragraph stands as a block of its own
        if child.type == "math" and child.content.startswith("$$"):
            blocks.add(_paragraph_text(run))
            blocks.add(child.content, "formula")
            run = []
        else:
            run.append(child)
    text = _paragraph_text(run)
    if not _CONTENTS.fullmatch(text):
        blocks.add(text)


def _paragraph_text(children: Sequence[Token]) -> str:
    return _ATTRIBUTES.sub("", _inline(children)).strip()


def _only_links_within(children: Sequence[Token]) -> bool:
    """Whether a paragraph is an entry of a table of contents: a link into the same page and hardly more."""
    links = [child for child in children if child.type == "link_open"]
    if not links or any(not str(link.attrGet("href") or "").startswith("#") for link in links):
        return False
    depth, beside = 0, ""
    for child in children:
        depth += (child.type == "link_open") - (child.type == "link_close")
        if depth == 0 and child.type != "link_close":
            beside += child.content
    opens = next((child.type for child in children if child.type.startswith("link") or child.content.strip()), "")
    return not beside.strip() or (opens == "link_open" and len(beside) < 60 and not beside.rstrip().endswith("."))


def _inline(children: Sequence[Token]) -> str:
    parts = []
    for child in children:
        if child.type in ("text", "code_inline", "math", "text_special"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "html_inline" and child.content.lower().startswith("<br"):
            parts.append(" ")
    return _UNSEEN.sub("", "".join(parts)) if any(c.type == "html_inline" for c in children) else "".join(parts)


def _table(tokens: Sequence[Token]) -> str:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(" ".join(_inline(token.children or ()).split()))
    return "\n".join(" | ".join(row) for row in rows)


def _add_html(blocks: Blocks, source: str) -> None:
    """The words of raw HTML: a caption where it holds a picture, else paragraphs where they are sentences."""
    caption = bool(_FIGURE.search(source))
    for part in _HTML_BREAK.split(_UNSEEN.sub("", source)):
        text = " ".join(html.unescape(_HTML_TAG.sub("", part)).split())
        if len(text.split()) >= 4:
            blocks.add(text, "caption" if caption else None)
