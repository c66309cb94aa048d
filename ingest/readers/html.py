"""Web pages -> ``Parsed``: the main text without navigation; headings keep their ids, TeX its dollar signs.

trafilatura finds the main text. Before, mathematics that it would lose (MathJax scripts, KaTeX, MathML
with a TeX annotation, Wikipedia's pictures) is written into the page as TeX.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from ingest.documents import Parsed
from ingest.errors import ReadingError
from ingest.readers.blocks import Blocks

if TYPE_CHECKING:
    from collections.abc import Callable

RECIPE = "html-3"
_MOST_BYTES = 40_000_000
_MOST_DEPTH = 400

_DISPLAY = re.compile(r"\\\[(.+?)\\\]", re.S)
_INLINE = re.compile(r"\\\((.+?)\\\)", re.S)
_ENVIRONMENT = re.compile(r"\$\$?\s*\\begin\{(\w+\*?)\}.*?\\end\{\1\}\s*\$\$?", re.S)
_ONLY_FORMULA = re.compile(r"(?:\$\$[^$]+\$\$|\$[^$]+\$)[\s.,;]*")
_BACK_LINK = re.compile(r"\s*[↩⏎↑^]\ufe0e?\s*$")
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Image|Listing|Algorithm)\s+\d+[.:]")
_CONTENTS = re.compile(r"(?:table of )?contents:?", re.I)
_TITLE_TAIL = re.compile(r"\s+[|·–—-]\s+[^|·–—]{1,40}$")


def read(data: bytes) -> Parsed:
    """The main text of a page."""
    import trafilatura

    if len(data) > _MOST_BYTES:
        raise ReadingError(f"is a page of more than {_MOST_BYTES // 1_000_000} MB; skipped")
    tree = trafilatura.load_html(data)
    if tree is None:
        raise ReadingError("is no web page with words")
    _refuse_deep(tree)
    blocks = Blocks()
    blocks.title = _title(tree)
    fragments = _fragments(tree)
    _write_formulas(tree)
    body = _main(tree)
    if body is not None:
        for element in body:
            _add(blocks, element, fragments)
    return blocks.parsed()


def _main(tree: Any) -> Any:
    """The main text as trafilatura's elements; of a page too short or odd for it, the plain paragraphs."""
    import trafilatura
    from lxml import etree

    found = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, include_formatting=True, favor_recall=True
    )
    body = getattr(found, "body", None)
    if body is not None and len(body):
        return body
    return trafilatura.baseline(etree.tostring(tree, encoding="unicode"))[0]


def _refuse_deep(tree: Any) -> None:
    """Recursion over a page nested a thousand deep would end the process."""
    level, deep = [tree], 0
    while level:
        level = [child for element in level for child in element]
        deep += 1
        if deep > _MOST_DEPTH:
            raise ReadingError("is nested too deeply; skipped")


def _title(tree: Any) -> str | None:
    for path in ("//meta[@property='og:title']/@content", "//meta[@name='citation_title']/@content"):
        if found := tree.xpath(path):
            return " ".join(str(found[0]).split()) or None
    headings = tree.xpath("//h1")
    if len(headings) == 1 and (text := " ".join(headings[0].itertext()).split()):
        return " ".join(text)
    found = tree.xpath("//title/text()")
    return _TITLE_TAIL.sub("", " ".join(str(found[0]).split())) or None if found else None


def _fragments(tree: Any) -> dict[str, deque[str]]:
    """The addresses of the headings by their words, in order: trafilatura drops the ids."""
    found: dict[str, deque[str]] = defaultdict(deque)
    for heading in tree.xpath("//h1|//h2|//h3|//h4|//h5|//h6"):
        ids = heading.xpath(
            "@id|.//*/@id|.//a/@name|self::*[1]/preceding-sibling::*[1][self::a]/@*[name()='name' or name()='id']"
        )
        own = heading.get("id") or (ids[0] if ids else None)
        if own is None and (section := heading.getparent()) is not None and section.tag in ("section", "div", "header"):
            own = section.get("id") if section.find(heading.tag) is heading else None
        if own:
            found[_letters("".join(heading.itertext()))].append(str(own))
    return found


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _write_formulas(tree: Any) -> None:
    for script in tree.xpath("//script[starts-with(@type, 'math/tex')]"):
        display = "display" in script.get("type")
        for shown in _rendered(script):
            _replace(shown, "")
        _replace(script, _tex(script.text or "", display))
    for katex in tree.xpath(
        "//span[contains(concat(' ', @class, ' '), ' katex ') or contains(@class, 'katex-display')]"
    ):
        note = katex.xpath(".//annotation[@encoding='application/x-tex']")
        if note and katex.getparent() is not None:
            _replace(katex, _tex(note[0].text or "", "katex-display" in katex.get("class", "")))
    for math in tree.xpath("//math[.//annotation[@encoding='application/x-tex']]"):
        note = math.xpath(".//annotation[@encoding='application/x-tex']")[0]
        _replace(math, _tex(note.text or "", math.get("display") == "block"))
    for image in tree.xpath("//img[contains(@class, 'tex') or contains(@class, 'math')][@alt]"):
        _replace(image, "" if image.getparent() is None else _tex_image(image))


def _rendered(script: Any) -> list[Any]:
    """What MathJax has drawn before its script, in a page that was saved after it ran."""
    before = script.getprevious()
    drawn = []
    while before is not None and "MathJax" in (before.get("class") or "") and not (before.tail or "").strip():
        drawn.append(before)
        before = before.getprevious()
    return drawn


def _tex_image(image: Any) -> str:
    """The TeX of a formula's picture, unless the formula beside it was written already (Wikipedia has both)."""
    before = image.getprevious()
    parent = image.getparent()
    near = [(before.tail if before is not None else parent.text) or ""]
    return "" if near[0].rstrip().endswith("$") else _tex(image.get("alt"), False)


def _tex(source: str, display: bool) -> str:
    source = " ".join(source.replace("% <![CDATA[", "").replace("%]]>", "").split())
    if not source:
        return ""
    return f"$${source}$$" if display else f"${source}$"


def _replace(element: Any, text: str) -> None:
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    text += element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(element)


def _add(blocks: Blocks, element: Any, fragments: dict[str, deque[str]]) -> None:
    handle: Callable[[Blocks, Any], None] | None = {"table": _table, "code": _code, "list": _list, "quote": _quote}.get(
        str(element.tag)
    )
    if element.tag == "head":
        title = _text(element)
        level = str(element.get("rend") or "h2")[-1]
        waiting = fragments.get(_letters(title))
        blocks.heading(title, int(level) if level.isdigit() else 2, waiting.popleft() if waiting else None)
    elif handle:
        handle(blocks, element)
    elif element.tag != "graphic":
        _paragraph(blocks, element)
    if element.tail and element.tail.strip():
        _add_words(blocks, element.tail)


def _text(element: Any) -> str:
    """The words of an element; a line break within is white space."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append("\n")
        elif child.tag != "graphic":
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _dollars(text: str) -> str:
    """``\\(x\\)`` as ``$x$`` and ``\\[x\\]`` as ``$$x$$``."""
    text = _DISPLAY.sub(lambda m: f"$${m[1].strip()}$$", text)
    return _INLINE.sub(lambda m: f"${m[1].strip()}$", text)


def _paragraph(blocks: Blocks, element: Any) -> None:
    code = element.find("code")
    if code is not None and code.find("code") is not None:  # a block of code that ended up within a paragraph
        blocks.add(_text(element), "code")
        return
    _add_words(blocks, _text(element))


def _add_words(blocks: Blocks, words: str) -> None:
    whole = _ENVIRONMENT.sub(lambda m: " ".join(m[0].split()), _dollars(words))  # some pages break its lines by <br>
    for part in re.split(r"\n\s*\n", whole):
        text = " ".join(part.split())
        if _ONLY_FORMULA.fullmatch(text):
            blocks.add(text, "formula")
        elif _BACK_LINK.search(text):
            blocks.add(_BACK_LINK.sub("", text), "reference")
        elif _CAPTION.match(text) and len(text) < 600:
            blocks.add(text, "caption")
        elif not _CONTENTS.fullmatch(text):
            blocks.add(text)


def _code(blocks: Blocks, element: Any) -> None:
    blocks.add(_text(element), "code")


def _quote(blocks: Blocks, element: Any) -> None:
    if len(element) and any(child.tag in ("p", "list", "quote", "table", "code") for child in element):
        blocks.add(_dollars(element.text or ""))
        for child in element:
            _add(blocks, child, {})
    else:
        _paragraph(blocks, element)


def _list(blocks: Blocks, element: Any) -> None:
    for item in element:
        if any(child.tag in ("list", "code", "table") for child in item) or len(item.findall("p")) > 1:
            _quote(blocks, item)
        else:
            _paragraph(blocks, item)


def _table(blocks: Blocks, element: Any) -> None:
    rows = [
        " | ".join(" ".join(_dollars(_text(cell)).split()) for cell in row.iter("cell")) for row in element.iter("row")
    ]
    blocks.add("\n".join(row for row in rows if row.strip(" |")), "table")
