"""Vectors of texts and of their parts from one pass of the model over each whole text.

A part's vector is the mean of its tokens' states as they stand within the text ("late chunking", Günther et al. 2024,
arXiv:2409.04701): its pronouns are read beside what they stand for, and a passage with all its sentences costs one
passage. Pure but for the ``Run`` that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int32]
#: Where a part starts and ends in its text, in characters.
Span = tuple[int, int]
#: A model: token ids and mask, both int32 (texts, tokens), to states, float32 (texts, tokens, dimensions).
Run = Callable[[Ints, Ints], Array]


@dataclass(frozen=True)
class Tokens:
    """A text's tokens without special ones: ids, and where each starts and ends in the text, in characters."""

    ids: Sequence[int]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """What the model sees at once of the text with this number: token ids with the special ones about them.

    ``parts``: the number of each part that lies here, and its first and last token but one. ``opens``: it is the text's
    first, whose mean is the text's own vector.
    """

    text: int
    ids: Sequence[int]
    parts: Sequence[tuple[int, int, int]]
    opens: bool


def windows(
    texts: Sequence[Tokens], parts: Sequence[Sequence[Span]], limit: int, ends: tuple[int, int]
) -> Iterator[Window]:
    """The windows of texts, at most ``limit`` tokens each with the special ones (``ends``: first and last).

    The first holds as much of the text as fits; a part that does not lie in it wholly opens another.
    """
    number, room = 0, limit - len(ends)
    for n, (tokens, spans) in enumerate(zip(texts, parts, strict=True)):
        size, start, opens = len(tokens.ids), 0, True
        held: list[tuple[int, int, int]] = []
        for span in spans:
            first = int(np.searchsorted(tokens.ends, span[0], side="right"))
            last = int(np.searchsorted(tokens.starts, span[1], side="left"))
            if last > start + room and first > start:
                yield Window(n, _framed(tokens.ids[start : start + room], ends), held, opens)
                start, held, opens = first, [], False
            inside = min(last, start + room)
            # a part without a token of its own has the whole window's vector
            whole = (0, min(size - start, room) + len(ends))
            held.append((number, *((first - start + 1, inside - start + 1) if inside > first >= start else whole)))
            number += 1
        yield Window(n, _framed(tokens.ids[start : start + room], ends), held, opens)


def vectors(found: Sequence[Window], run: Run, dimensions: int, batch: int) -> tuple[Array, Array]:
    """Unit vectors of the texts and of their parts, float32, one a row, from their windows; the longest go first."""
    texts = np.zeros((sum(w.opens for w in found), dimensions), np.float32)
    parts = np.zeros((sum(len(w.parts) for w in found), dimensions), np.float32)
    order = sorted(found, key=lambda w: -len(w.ids))
    for at in range(0, len(order), batch):
        chosen = order[at : at + batch]
        for window, states in zip(chosen, run(*padded([w.ids for w in chosen])), strict=True):
            if window.opens:
                texts[window.text] = states[: len(window.ids)].sum(0)
            for number, first, last in window.parts:
                parts[number] = states[first:last].sum(0)
    return unit(texts), unit(parts)


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Token ids of several texts in one array, and the mask that tells them from what fills it."""
    lengths = np.array([len(i) for i in sequences])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int32)
    ids = np.zeros_like(mask)
    ids[mask > 0] = np.concatenate(sequences)
    return ids, mask


def unit(sums: Array) -> Array:
    """Rows of length 1; a sum has the direction of the mean."""
    scaled: Array = sums / np.linalg.norm(sums, axis=1, keepdims=True).clip(1e-12)
    return scaled


def _framed(ids: Sequence[int], ends: tuple[int, int]) -> list[int]:
    return [ends[0], *ids, ends[1]]
