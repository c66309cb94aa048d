"""Vectors of parts of texts (ingest/parts.py): worked examples on made states, properties, and the real model."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer

from ingest.embedding import SentenceTransformerEmbedder, packaged_model
from ingest.parts import Array, Tokens, Window, padded, unit, vectors, windows

ENDS = (101, 102)
TEXT = "Momentum adds up steps. It crosses flat valleys. Dropout drops units at random."
#: The least cosine of what is computed once in float32, once in bfloat16 where the processor has it.
SAME = 0.999
PARTS = [(0, 23), (24, 48), (49, 79)]


def words(text: str) -> Tokens:
    """A word a token; its id is its length."""
    starts = [n for n, c in enumerate(text) if c != " " and (n == 0 or text[n - 1] == " ")]
    ends = [text.find(" ", s) if " " in text[s:] else len(text) for s in starts]
    return Tokens([e - s for s, e in zip(starts, ends, strict=True)], np.array(starts, int), np.array(ends, int))


def one_hot(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A model whose state of a token is the token's id and nothing else."""
    return np.eye(128, dtype=np.float32)[ids] * mask[..., None]


def test_a_part_is_the_mean_of_its_tokens():
    """Text and parts get the direction of the sum of their tokens' states; the special tokens count for the text only."""
    (window,) = windows([words("a bb ccc bb")], [[(0, 4), (5, 11)]], 10, ENDS)
    assert window == Window(0, [101, 1, 2, 3, 2, 102], [(0, 1, 3), (1, 3, 5)], True)
    whole, cut = vectors([window], one_hot, 128, 8)
    assert np.allclose(cut[0, :4], unit(np.array([[0, 1, 1, 0]], np.float32)))
    assert np.allclose(cut[1, :4], unit(np.array([[0, 0, 1, 1]], np.float32)))
    assert whole[0, 101] == whole[0, 102] > 0


def test_parts_behind_the_limit_open_windows():
    """What does not fit the model is read in further windows that start with a part; the text's vector is the first's."""
    found = list(windows([words("a a bb bb ccc ccc"), words("a")], [[(0, 3), (4, 9), (10, 17)], []], 6, ENDS))
    assert [w.ids[1:-1] for w in found] == [[1, 1, 2, 2], [3, 3], [1]]
    assert [(w.text, w.opens) for w in found] == [(0, True), (0, False), (1, True)]
    assert [w.parts for w in found] == [[(0, 1, 3), (1, 3, 5)], [(2, 1, 3)], []]


@given(st.lists(st.text("ab ", max_size=60), max_size=6), st.data())
def test_every_part_has_a_vector(texts: list[str], data: st.DataObject):
    """Whatever the texts, spans and limit: one unit vector for each, in order, and no window over the limit."""
    span = [st.tuples(st.integers(0, len(t)), st.integers(0, len(t))).map(sorted).map(tuple) for t in texts]
    parts = [sorted(data.draw(st.lists(s, max_size=4))) for s in span]
    limit = data.draw(st.integers(3, 12))
    found = list(windows([words(t) for t in texts], parts, limit, ENDS))
    assert all(len(w.ids) <= limit for w in found)
    assert [n for w in found for n, _, _ in w.parts] == list(range(sum(map(len, parts))))
    assert all(0 <= a < b <= len(w.ids) for w in found for _, a, b in w.parts)
    whole, cut = vectors(found, one_hot, 128, 3)
    assert whole.shape == (len(texts), 128)
    assert cut.shape == (sum(map(len, parts)), 128)
    assert np.allclose(np.linalg.norm(np.concatenate([whole, cut]), axis=1), 1)


def test_padding_is_masked():
    """Shorter texts are filled up, and the mask says so."""
    ids, mask = padded([[1, 2, 3], [4]])
    assert ids.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_the_real_model_agrees_with_sentence_transformers(minilm: SentenceTransformerEmbedder):
    """Whole texts get the vector of ``encode``; a part the mean of the states that sentence-transformers gives."""
    long = " ".join([TEXT] * 20)
    whole, cut = minilm.encode_parts([TEXT, long, ""], [PARTS, [(1580, 1599)], []])
    assert cosines(whole, minilm.encode([TEXT, long, ""])).min() > SAME
    model = SentenceTransformer(str(packaged_model()), local_files_only=True, device="cpu")
    (states,) = model.encode([TEXT], output_value="token_embeddings", convert_to_numpy=False)
    sizes = np.cumsum([1, *minilm.count([TEXT[a:b] for a, b in PARTS])])
    expected = [states[a:b].mean(0).numpy() for a, b in pairwise(sizes)]
    assert cosines(cut[:3], unit(np.array(expected, np.float32))).min() > SAME
    assert np.linalg.norm(cut[3]) > 0.999  # it stands behind the model's 256 tokens


def test_torch_and_onnxruntime_agree(minilm: SentenceTransformerEmbedder):
    """The states of each token are the same by either."""
    ids, mask = padded([[101, 2003, 1037, 102], [101, 2003, 102]])
    ours, theirs = minilm._light.run(ids, mask), minilm._torch_run(ids, mask)
    assert cosines(unit(ours[mask > 0]), unit(theirs[mask > 0])).min() > SAME


def cosines(a: Array, b: Array) -> Array:
    """Of unit vectors, row by row."""
    return (a * b).sum(1)
