"""What of a sentence can be compared (assistant/contents.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.contents import Item, items


def numbers(text: str) -> list[tuple[float | None, str | None]]:
    return [(i.value, i.unit) for i in items(text) if i.kind == "number"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("about 0.9 or .9", [(0.9, None), (0.9, None)]),
        ("1,000 and 1, 000 units", [(1000.0, None), (1000.0, None)]),
        ("60 million weights", [(60e6, None)]),
        ("5%, 5 % and five percent", [(0.05, "%")] * 3),
        ("$10^{-3}$ and $3\\cdot10^{4}$", [(1e-3, None), (3e4, None)]),
        ("from -0.5 to −0.5, $(-0.5)$", [(-0.5, None)] * 3),
        ("in 3 days or 20 ms", [(3.0, "day"), (20.0, "ms")]),
        ("two of them", [(2.0, None)]),
        ("ResNet-50, VGG16, word2vec, Figure 3, section 4, $W_2$, a two-layer net, as shown [12]", []),
    ],
)
def test_numbers_are_read_with_their_units(text: str, values: list[tuple[float, str | None]]):
    """Magnitudes, percent, powers and units are worked in; numbers that are names are none."""
    found = numbers(text)
    assert [u for _, u in found] == [u for _, u in values]
    assert [v for v, _ in found] == pytest.approx([v for v, _ in values])


@pytest.mark.parametrize(
    ("tex", "plain"),
    [("$x \\leq 0$", "x ≤ 0"), ("$v - \\eta g$", "v − η g"), ("$3\\times3$", "3x3"), ("it can't", "it cannot")],
)
def test_tex_and_plain_text_are_alike(tex: str, plain: str):
    """What means the same has the same content."""
    assert [(i.kind, i.norm) for i in items(tex)] == [(i.kind, i.norm) for i in items(plain)]


def test_opposites_share_a_slot():
    """A comparative and its opposite could stand in each other's place; they are not equal."""
    larger, smaller = items("larger")[0], items("smaller")[0]
    assert larger.slot == smaller.slot
    assert larger.norm != smaller.norm


@given(st.text(max_size=300))
def test_any_text_is_read(text: str):
    """Nothing a person can write breaks the reading, and every number has a value."""
    assert all(isinstance(i, Item) and (i.kind != "number" or i.value is not None) for i in items(text))
