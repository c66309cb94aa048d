"""Calibration, risk and coverage, intervals (assistant/evaluation/metrics.py), each worked by hand once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.metrics import Bin, area_under_risk, calibration_error, interval, reliability, risk_coverage

judged = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=1, max_size=40)


def test_the_calibration_error_worked_by_hand():
    """Two answers at .95, one right: a gap of .45 over 2 of 4. Two at .15, none right: .15 over 2 of 4. Together .30."""
    confidence, right = [0.95, 0.95, 0.15, 0.15], [1, 0, 0, 0]
    assert calibration_error(confidence, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.15)
    assert reliability(confidence, right) == [
        Bin(0.1, 0.2, 2, pytest.approx(0.15), 0.0),
        Bin(0.9, 1.0, 2, pytest.approx(0.95), 0.5),
    ]


def test_a_confidence_of_one_belongs_to_the_last_bin():
    """Certainty has a bin."""
    assert [(b.low, b.count) for b in reliability([1.0, 0.0], [1, 0])] == [(0.0, 1), (0.9, 1)]


def test_risk_and_coverage_worked_by_hand():
    """The surest is right, of the two equals one is wrong, the last is wrong: risks 0, 1/4, 1/3, 1/2; their mean 13/48."""
    coverage, risk = risk_coverage([0.8, 0.9, 0.1, 0.8], [0, 1, 0, 1])
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 1 / 4, 1 / 3, 1 / 2])
    assert area_under_risk([0.8, 0.9, 0.1, 0.8], [0, 1, 0, 1]) == pytest.approx(13 / 48)


def test_equal_confidences_count_what_chance_would_give():
    """The curve of ties is the mean over all their orders."""
    rng = np.random.default_rng(1)
    confidence, right = np.array([0.7] * 3 + [0.4] * 4), np.array([1, 0, 0, 1, 1, 0, 1.0])
    orders = [rng.permutation(7) for _ in range(4000)]
    shuffled = [risk_coverage(confidence[o] - 1e-9 * np.arange(7), right[o])[1] for o in orders]
    assert np.mean(shuffled, 0) == pytest.approx(risk_coverage(confidence, right)[1], abs=0.03)


@given(judged)
def test_the_last_point_of_the_curve_is_the_share_wrong(pairs: list[tuple[float, float]]):
    """Answering everything risks every error; the order of the rows does not matter."""
    confidence, right = zip(*pairs, strict=True)
    risk = risk_coverage(confidence, right)[1]
    assert risk[-1] == pytest.approx(1 - np.mean(right))
    assert risk == pytest.approx(risk_coverage(confidence[::-1], right[::-1])[1])
    assert 0 <= calibration_error(confidence, right) <= 1


@given(judged)
def test_no_order_beats_the_one_that_knows(pairs: list[tuple[float, float]]):
    """Confidence that equals the truth has the least area."""
    confidence, right = zip(*pairs, strict=True)
    assert area_under_risk(right, right) <= area_under_risk(confidence, right) + 1e-12


def test_the_interval_agrees_with_the_normal_one():
    """For many values the bootstrap and the textbook agree; the same values give the same interval."""
    values = np.random.default_rng(3).normal(0.4, 1, 500)
    low, high = interval(values)
    half = 1.96 * values.std() / 500**0.5
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.015)
    assert interval(values) == (low, high)


@pytest.mark.parametrize(("values", "expected"), [([], (0, 0)), ([0.3], (0.3, 0.3)), ([0.5, 0.5], (0.5, 0.5))])
def test_the_interval_of_too_little_is_a_point(values: list[float], expected: tuple[float, float]):
    """Nothing, one value, equal values: no width is made up."""
    assert interval(values) == expected


def test_nothing_judged_has_no_error():
    """No answer, no gap."""
    assert calibration_error([], []) == 0
    assert area_under_risk([], []) == 0
