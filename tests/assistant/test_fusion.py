"""Three rankings into one (assistant/fusion.py)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.fusion import Weights, first, fuse, scaled

scores = arrays(np.float64, st.integers(1, 30), elements=st.integers(-100, 5000).map(lambda n: n / 100))


def test_the_fusion_worked_by_hand():
    """Cosines .2 .6 .4 become 0 1 1/2, the sentences' 1 0 1/2; at 5 sentences of blur 15 the best counts 1/4."""
    found = fuse(
        np.array([0.2, 0.6, 0.4]), np.array([0.9, 0.5, 0.7]), np.array([10.0, 0.0, 5.0]), 5, Weights(words=0.1, blur=15)
    )
    assert found == pytest.approx([0.25 + 1.0, 0.75, 0.5 + 0.5])


def test_many_rare_words_outweigh_the_cosines_and_few_do_not():
    """The same lead in words, once of a short question and once of a long one, decides differently."""
    cosines = np.array([0.7, 0.5, 0.2])
    short = fuse(cosines, cosines, np.array([0.0, 4.0, 0.0]), 3)
    long = fuse(cosines, cosines, np.array([0.0, 30.0, 0.0]), 3)
    assert (short.argmax(), long.argmax()) == (0, 1)


def test_the_best_sentence_counts_the_more_the_longer_texts_are():
    """Short texts are ranked by the whole, long ones by their best sentence."""
    whole, best, words = np.array([0.7, 0.3]), np.array([0.4, 0.8]), np.zeros(2)
    assert fuse(whole, best, words, 2).argmax() == 0
    assert fuse(whole, best, words, 30).argmax() == 1
    assert Weights().sentences(0) == 0


@given(scores, st.floats(0.1, 5), st.floats(-1, 1))
def test_the_scale_of_the_cosines_does_not_matter(cosines: np.ndarray, stretch: float, shift: float):
    """Another model's narrower or wider cosines give the same scores."""
    words = np.arange(len(cosines), dtype=float)
    other = fuse(stretch * cosines + shift, cosines, words, 3)
    assert np.ptp(cosines) == 0 or fuse(cosines, cosines, words, 3) == pytest.approx(other, abs=1e-6)


@given(scores)
def test_scaled_scores_lie_between_0_and_1_in_the_same_order(values: np.ndarray):
    """Scaling keeps the order; equal scores are all 0."""
    found = scaled(values)
    assert ((found >= 0) & (found <= 1)).all()
    assert (first(found, len(found)) == first(values, len(values))).all()


@given(scores)
def test_more_words_never_hurt(cosines: np.ndarray):
    """A candidate whose BM25 rises does not fall behind one that it led."""
    words = np.zeros(len(cosines))
    before = fuse(cosines, cosines, words, 3)
    words[0] = 3.0
    after = fuse(cosines, cosines, words, 3)
    assert ((before[0] >= before) <= (after[0] >= after)).all()


def test_a_silent_leg_counts_nothing():
    """Without words the order is that of the cosines; no candidates, no scores."""
    cosines = np.array([0.1, 0.9, 0.5])
    found = fuse(cosines, cosines, np.array([90.0, 0.0, 0.0]), 3, Weights(words=0))
    assert first(found).tolist() == [1, 2, 0]
    assert fuse(*(np.zeros(0),) * 3, 0).shape == (0,)
