"""Books written in Markdown: what MyST, Quarto, Pandoc and Dive into Deep Learning add is taken for what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.passages import stands_alone
from ingest.readers import markdown
from ingest.readers.bookish import plain

BOOK = r"""---
title: Decay
---
(sec:decay)=
# Weight Decay {#sec-decay}
:label:`sec_weight_decay`

:::{note}
Weight decay shrinks each weight towards zero at every step.
:::

```{admonition} In short
:class: tip
A *smaller* norm means a simpler function.
```

```{math}
:label: eq:one

L = L_0 + \lambda \|w\|^2
```

\begin{align}
a_1 &= b_2 \\
c &= d
\end{align}

A penalty [@krogh1991; see @hinton, p. 3] on the norm, as in :eqref:`eq_l2`, is called *weight decay* [^1].
The {term}`step size <eta>` $\eta_{t}$ scales it :cite:`Krogh.1991`, and {math}`a_1` does not.

```{code-cell} python
x = {ref}`not a role`  # [^1]
```

- [x] It is done.

[^1]: The name comes from the rule of the update.
"""


def test_a_book_is_its_words() -> None:
    """Labels, directives, citations and marks are gone, their words and formulas stay."""
    parsed = markdown.read(BOOK.encode())
    assert parsed.text.split("\n\n") == [
        "Weight Decay",
        "Weight decay shrinks each weight towards zero at every step.",
        "A smaller norm means a simpler function.",
        "$$\nL = L_0 + \\lambda \\|w\\|^2\n$$",
        "$$\n\\begin{align}\na_1 &= b_2 \\\\\nc &= d\n\\end{align}\n$$",
        "A penalty on the norm, as in (??), is called weight decay. "
        "The step size $\\eta_{t}$ scales it, and $a_1$ does not.",
        "x = {ref}`not a role`  # [^1]",
        "It is done.",
        "The name comes from the rule of the update.",
    ]
    assert [m.kind for m in parsed.marks] == ["heading", "formula", "formula", "code"]
    assert (parsed.title, parsed.sections[0].fragment) == ("Decay", "sec-decay")


def test_a_sentence_with_an_unresolved_number_does_not_stand_alone() -> None:
    """Where a book names an equation or a figure by a label, the reader of a quote would not see it."""
    assert not stands_alone(plain("The loss grows without bound as in {eq}`one` of the book."))
    assert stands_alone(plain("The loss grows without bound as steps become large {cite:p}`doe`."))


@pytest.mark.parametrize(
    "text",
    [
        "```python\n[^1]: x = [@y]\n:label:`a`\n```",
        "~~~\n:::\n~~~",
        "$$\n[^2]\n$$",
        "An e-mail: a@b.org [in brackets].",
        "1:2:`3`",
    ],
)
def test_code_mathematics_and_common_words_are_left_alone(text: str) -> None:
    """What only looks like a mark of a book stays."""
    assert plain(text) == text


@given(
    st.lists(
        st.sampled_from(["```", "```{note}", "~~~", ":::", "::::{tip}", "$$", "\\begin{align}", "words", "", ":a: b"])
    )
)
def test_any_fences_end(lines: list[str]) -> None:
    """However fences open and close, no word is lost outside code and it ends."""
    assert plain("\n".join(lines)).count("words") == lines.count("words")
