"""Markdown, notebooks, web pages and captions: the words, without what is only form."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from ingest.documents import Parsed, locate
from ingest.errors import ReadingError
from ingest.readers import captions, html, markdown, notebook


def kinds(parsed: Parsed) -> dict[str, str]:
    return {parsed.text[mark.start : mark.end]: mark.kind for mark in parsed.marks}


MARKDOWN = r"""---
title: "A walk"
layout: post
---
* [Momentum](#momentum)
* [Second](#second) (in short)

<a name='start'></a>

# Getting *started*

Some **bold** and `code_like` words, a [link](https://example.org/x) and ![a picture](data:image/png;base64,AAAA)
over two lines with $a_i * b_i$ in them. {: .lead}

$$
- x_1
+ y_1
$$

## Momentum {#mom}

1. First step.
2. Second step.

```python
step = 1
```

| a | b |
|---|---|
| 1 | 2 |

<div class="figcaption"><img src="x.png"> What the picture shows to us.</div>

<script>alert("no")</script>

## Momentum

## Momentum

## References

Doe, J. (2001). Walking.
"""


def test_markdown_is_words_without_marks() -> None:
    """Marks, targets, pictures, front matter, contents and scripts are out; TeX keeps its dollars."""
    parsed = markdown.read(MARKDOWN.encode())
    assert parsed.title == "A walk"
    assert parsed.text.startswith(
        "Getting started\n\nSome bold and code_like words, a link and over two lines with $a_i * b_i$ in them.\n\n$$\n- x_1"
    )
    assert "base64" not in parsed.text
    assert "alert" not in parsed.text
    assert "in short" not in parsed.text


def test_markdown_marks_and_sections() -> None:
    """Code, tables, formulas, captions and reference lists are marked; fragments are the addresses on the page."""
    parsed = markdown.read(MARKDOWN.encode())
    marks = kinds(parsed)
    assert marks["$$\n- x_1\n+ y_1\n$$"] == "formula"
    assert marks["step = 1"] == "code"
    assert marks["a | b\n1 | 2"] == "table"
    assert marks["What the picture shows to us."] == "caption"
    assert marks["Doe, J. (2001). Walking."] == "reference"
    assert [(s.path, s.fragment) for s in parsed.sections] == [
        (("Getting started",), "start"),
        (("Getting started", "Momentum"), "mom"),
        (("Getting started", "Momentum"), "momentum"),
        (("Getting started", "Momentum"), "momentum-1"),
        (("Getting started", "References"), "references"),
    ]


def test_dollars_that_are_money_stay_text() -> None:
    """A price is no formula."""
    assert markdown.read(b"It costs $5 and *then* $6.").text == "It costs $5 and then $6."


def test_markdown_in_other_encodings() -> None:
    """A byte order mark decides; what is not UTF-8 is read as Windows text."""
    assert markdown.read("naïve".encode("utf-16")).text == "naïve"
    assert markdown.read("naïve".encode("cp1252")).text == "naïve"


def test_notebook_keeps_prose_and_short_code() -> None:
    """Markdown cells with their number; outputs, pictures and long code are out; old notebooks are read as well."""
    cells = [
        {"cell_type": "markdown", "source": ["# Bags\n", "Words in a bag. ![p](attachment:x.png)"]},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"data": {"image/png": "iVBORw0KGgo" * 50}}]},
        {"cell_type": "code", "source": "y = 2\n" * 40},
        {"cell_type": "markdown", "source": "The end."},
    ]
    parsed = notebook.read(json.dumps({"nbformat": 4, "cells": cells}).encode())
    assert parsed.text == "Bags\n\nWords in a bag.\n\nx = 1\n\nThe end."
    assert locate(parsed, parsed.text.index("The end")).cell == 4
    assert kinds(parsed)["x = 1"] == "code"
    old = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["z = 3"]}]
    parsed = notebook.read(json.dumps({"nbformat": 3, "worksheets": [{"cells": old}]}).encode())
    assert parsed.text == "Old\n\nz = 3"


@pytest.mark.parametrize("data", [b"", b"[]", b'{"cells": 3}', b'{"cells": [1, {"source": 2}]}', b"[" * 100_000])
def test_odd_notebooks_are_refused_or_empty(data: bytes) -> None:
    """JSON that is no notebook never raises anything but ``ReadingError``."""
    with suppress(ReadingError):
        assert notebook.read(data).text == ""


PAGE = r"""<!DOCTYPE html><html><head><title>Slopes | A blog</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About us and our cookies</a></nav>
<article><h1 id="slopes">Slopes for walkers</h1>
<p>The gradient \(g_t\) points uphill, and walking against it leads down into the valley, slowly but surely,
as everybody who has tried it in the fog can tell.</p>
<h2><a name="steps"></a>Steps</h2>
<p>A step is <script type="math/tex">w - \eta g</script> and its size is the learning rate, which is chosen with great
care because large steps overshoot the valley and small ones take all day.</p>
<script type="math/tex; mode=display">w_{t+1} = w_t - \eta g_t</script>
<pre><code>w -= eta * g</code></pre>
<p>This paragraph is here so that the main text is long enough to be told from the navigation around it.</p>
<h2 id="refs">References</h2>
<ul><li>Doe, J. (2001). Walking Downhill. Journal of Slopes, volume one, pages 3 to 9.</li></ul>
</article><footer>Copyright and a newsletter that nobody reads</footer></body></html>"""


def test_page_is_its_main_text() -> None:
    """Navigation is gone, headings keep their addresses, TeX of either kind stands between dollars."""
    parsed = html.read(PAGE.encode())
    assert "cookies" not in parsed.text
    assert "newsletter" not in parsed.text
    assert "The gradient $g_t$ points uphill" in parsed.text
    assert r"A step is $w - \eta g$ and its size" in parsed.text
    assert r"w_{t+1} = w_t - \eta g_t" in parsed.text
    assert ("Steps", "steps") in [(s.path[-1], s.fragment) for s in parsed.sections]
    marks = kinds(parsed)
    assert marks["w -= eta * g"] == "code"
    assert "reference" in marks.values()
    assert parsed.title == "Slopes for walkers"


def test_deep_page_ends() -> None:
    """A page nested beyond all reason is read or refused, but does not exhaust the stack."""
    with suppress(ReadingError):
        html.read(b"<html><body>" + b"<div>" * 5000 + b"words" + b"</div>" * 5000)


VTT = """WEBVTT

NOTE made for a test

1
00:00:01.000 --> 00:00:04.000 align:start
PROFESSOR: Today we walk <c.yellow>downhill</c>,

00:00:04.000 --> 00:00:07.000
slowly. [APPLAUSE] What is a slope?

00:00:07.000 --> 00:00:09.500
>> STUDENT: It points up.

00:01:20.000 --> 00:01:22.000
&lt;Then&gt; we rest.
"""


def test_captions_become_sentences_with_seconds() -> None:
    """Cues are joined, each knows its second; speakers and noises are out; questions are marked."""
    parsed = captions.read(VTT.encode())
    assert parsed.text == "Today we walk downhill, slowly. What is a slope?\n\nIt points up.\n\n<Then> we rest."
    assert [place.seconds for place in parsed.places] == [1.0, 4.0, 7.0, 80.0]
    assert kinds(parsed) == {"What is a slope?": "question"}
    assert locate(parsed, parsed.text.index("slowly")).seconds == 4.0


def test_subrip_and_rolling_captions() -> None:
    """SubRip is read as well, and a line that rolls up through several cues is said once."""
    srt = "1\r\n00:00:01,500 --> 00:00:02,000\r\n{\\an8}one two\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\none two\r\nthree\r\n"
    assert captions.read(srt.encode()).text == "one two three"
    rolling = "WEBVTT\n\n" + "\n\n".join(
        f"00:00:0{i}.000 --> 00:00:0{i + 1}.000\nline {i}\nline {i + 1}" for i in range(5)
    )
    assert captions.read(rolling.encode()).text == "line 0 line 1 line 2 line 3 line 4 line 5"


def test_formulas_over_several_lines_of_a_page_are_whole() -> None:
    """A page that breaks the lines of a TeX environment by <br> has one formula there, and no half sentences."""
    page = (
        b"<!doctype html><html><body><article><h1>Rules</h1><p>The rule of the step is written in two lines that follow "
        b"each other here.<br>\n<br>\n$\\begin{align}<br>\na &amp;= b\\\\<br>\n\\end{align}$<br>\n<br>\nIt moves the ball "
        b"down the hill in steps that grow as long as the slope is the same.</p></article></body></html>"
    )
    parsed = html.read(page)
    assert [parsed.text[m.start : m.end] for m in parsed.marks if m.kind == "formula"] == [
        r"$\begin{align} a &= b\\ \end{align}$"
    ]
