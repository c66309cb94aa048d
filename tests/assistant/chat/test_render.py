"""What the page shows, as HTML: nothing strange becomes markup, numbers agree, each case is told apart."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from assistant.chat import render
from assistant.chat.sessions import Turn
from tests.assistant.chat.conftest import full_answer

TITLES = {"doe-2001-descent": "Walking Downhill"}
ALLOWED = {
    "h1", "ol", "li", "article", "aside", "section", "h2", "h3", "h4", "p", "div", "span", "a", "ul", "button", "form", "label",
    "select", "option", "textarea", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure",
    "figcaption", "blockquote", "code", "strong", "svg", "path",
}  # fmt: skip


class Seen(HTMLParser):
    """Every tag and attribute of a piece of HTML, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag == "svg" and ("class", "icon") not in attrs:
            self.tags.add("strange svg")

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(turn: Turn) -> str:
    return render.conversation([turn], TITLES)


hostile = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["<script>", "<img src=x onerror=alert(1)>", "</p>", '"', "'", "$", "`", "**", "&lt;", "{{", "}}", "${", "x", " ",
             "[1]", "\\(", "\\)", "<!--", "]]>", "\n\n", "javascript:", "<svg/onload=alert(1)>", "\u202e"]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@given(hostile)
def test_no_text_of_strangers_becomes_markup(text: str) -> None:
    """Whatever stands in an answer, the page has only the tags of our templates, and no handler and no script."""
    for turn in (
        Turn(text, "done", full_answer(text), scope=(text,)),
        Turn(text, "writing", text=text),
        Turn(text, "failed", text=text),
    ):
        seen = Seen(shown(turn))
        assert seen.tags <= ALLOWED
        assert not [name for name, _ in seen.attributes if name.startswith("on")]
        for name, value in seen.attributes:
            if name in ("href", "src"):
                assert value is not None
                assert value.startswith(("#", "?", "https://example.org/"))


@given(hostile)
def test_prose_keeps_every_character(text: str) -> None:
    """Escaping loses nothing: the text of the HTML is the text that went in, less the signs that mark code and bold."""
    got = Seen(str(render.prose(text))).text
    if "`" not in text and "**" not in text:
        assert got == text


def test_formulas_are_marked_and_prices_are_not() -> None:
    """``$x^2$`` becomes a formula; two prices in one sentence do not."""
    assert 'data-tex="x^2 &lt; y"' in render.prose("so $x^2 < y$ holds")
    assert "tex" not in render.prose("it costs $5 and then $6")
    assert "data-display" in render.prose("$$\\int f$$")


def test_markers_in_the_text_and_cards_agree() -> None:
    """Each marker of the text leads to the card of its number, filled or outlined as the card is."""
    html = shown(Turn("q", "done", full_answer("plain")))
    marks = re.findall(r'class="mark (solid|hollow)" href="#t1-c(\d)"', html)
    cards = {n: kind for kind, n in re.findall(r'class="source (solid|hollow)" id="t1-c(\d)"', html)}
    assert cards == {"1": "solid", "2": "hollow"}
    assert marks
    assert all(cards[n] == kind for kind, n in marks)


def test_only_web_addresses_become_links() -> None:
    """A citation whose address is a script has no link."""
    html = shown(Turn("q", "done", full_answer("plain")))
    assert html.count("Open the source") == 1
    assert 'href="javascript' not in html
    assert render.address(" https://example.org/a ") == "https://example.org/a"
    assert render.address("https://[broken") == ""
    assert render.address("data:text/html,x") == ""


def test_our_words_and_the_source_are_told_apart() -> None:
    """A quote stands in quotation marks under its own heading; a citation without one says what was not checked."""
    html = shown(Turn("q", "done", full_answer("plain")))
    assert "The source’s own words" in html
    assert "“plain”" in html
    assert "The text is not here, so nothing was checked" in html
    assert "it is not certain that the list means this" in html


def test_the_three_outcomes_have_three_words() -> None:
    """Answered, partly answered and not answered are told apart without colour."""
    for outcome, word in (("answered", "Answered"), ("partly", "Partly answered"), ("declined", "Not answered")):
        html = shown(Turn("q", "done", dataclasses.replace(full_answer(), outcome=outcome)))
        assert f'<span class="outcome">{word}</span>' in html


def test_half_written_markers_do_not_break_the_stream() -> None:
    """While an answer is written its markers are shown, and an unfinished one is text."""
    html = str(render.stream("One [1] and two [2"))
    assert '<span class="mark pending">1</span>' in html
    assert "two [2" in html


def test_shareable_addresses_are_quoted() -> None:
    """A question with signs of its own survives as an address."""
    assert render.here("q", "a&b #c?") == "?q=a%26b%20%23c%3F"
