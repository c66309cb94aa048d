"""The figures of an evaluation that are ours: calibration, risk and coverage, intervals. Pure.

Measures of rankings come from ir-measures (benchmarks.py), agreement of graders from scikit-learn (grading.py),
the bootstrap from scipy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BINS, RESAMPLES, SEED = 10, 2000, 0


@dataclass(frozen=True)
class Bin:
    """Answers whose confidence lies between ``low`` and ``high``: how many, their mean confidence, the share right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(confidence: Sequence[float], right: Sequence[float], bins: int = BINS) -> list[Bin]:
    """The bins of equal width that hold anything, lowest first (the reliability diagram of Guo et al. 2017).

    ``confidence`` and ``right`` lie between 0 and 1, one of each an answer; a confidence on a bound belongs to the
    bin above it, 1 to the last.
    """
    c, r = np.asarray(confidence, float), np.asarray(right, float)
    places = np.minimum((c * bins).astype(int), bins - 1)
    return [
        Bin(n / bins, (n + 1) / bins, int(held.sum()), float(c[held].mean()), float(r[held].mean()))
        for n in range(bins)
        if (held := places == n).any()
    ]


def calibration_error(confidence: Sequence[float], right: Sequence[float], bins: int = BINS) -> float:
    """The expected calibration error: the bins' gaps between confidence and share right, weighted by their counts.

    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    found = reliability(confidence, right, bins)
    return sum(b.count * abs(b.right - b.confidence) for b in found) / max(1, sum(b.count for b in found))


def risk_coverage(confidence: Sequence[float], right: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Coverage and risk, both of shape (n,), when the k surest of n are answered, k from 1 to n.

    Risk is the share of those answered that are wrong (El-Yaniv and Wiener 2010). Among equal confidences the order
    is random, so each of them counts their mean.
    """
    c, wrong = np.asarray(confidence, float), 1 - np.asarray(right, float)
    order = np.argsort(-c, kind="stable")
    _, group = np.unique(c[order], return_inverse=True)
    expected = (np.bincount(group, wrong[order]) / np.bincount(group))[group] if len(c) else wrong
    answered = np.arange(1, len(c) + 1)
    return answered / max(1, len(c)), np.cumsum(expected) / answered


def area_under_risk(confidence: Sequence[float], right: Sequence[float]) -> float:
    """AURC: the mean risk over all coverages, 0 at best (Geifman, Uziel and El-Yaniv 2019)."""
    return float(risk_coverage(confidence, right)[1].mean()) if len(confidence) else 0.0


def interval(values: Sequence[float] | FloatArray, level: float = 0.95) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean (Efron and Tibshirani 1993); of one value, that value twice.

    Given differences of two runs on the same questions it is the paired bootstrap. The same values always give
    the same interval.
    """
    array = np.asarray(values, float)
    if len(array) < 2 or not array.std():
        return (float(array.mean()),) * 2 if len(array) else (0.0, 0.0)
    from scipy.stats import bootstrap

    found = bootstrap(
        (array,), np.mean, n_resamples=RESAMPLES, batch=200, confidence_level=level, method="percentile", rng=SEED
    ).confidence_interval
    return float(found.low), float(found.high)
