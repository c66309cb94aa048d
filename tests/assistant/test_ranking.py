"""What a question asks for (assistant/intent.py) and which claim answers it (assistant/ranking.py, retrieval.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.answering import Assistant
from assistant.evaluation.fitting import LEGS, ablation, best_first, fit_intent, fit_ranking
from assistant.intent import Intent, cues, intent
from assistant.ranking import NAMES as SIGNALS
from assistant.ranking import Features, Ranking, ranking
from tests.assistant.test_questions import NAMES

ZERO = Features(*(0.0 for _ in SIGNALS))


def test_cues_forget_the_subject():
    """Two questions of one form about different concepts have the same cues."""
    assert cues("How do you solve overfitting?", NAMES) == cues("How do you solve underfitting?", NAMES)
    assert "solve X" in cues("How do you solve overfitting?", NAMES)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is backprop?", "definition"),
        ("CNN vs RNN", "comparison"),
        ("How do you prevent overfitting?", "remedy"),
        ("Why do we need backprop?", "purpose"),
        ("What are the disadvantages of an RNN?", "limit"),
        ("Who invented backprop?", "history"),
        ("Types of RNN", "parts"),
    ],
)
def test_the_stored_intent_knows_plain_forms(question: str, kind: str):
    """The kind that a plain question asks for is the most probable one."""
    found = intent().log_probabilities(question, NAMES)
    assert max(found, key=found.__getitem__) == kind
    assert np.isclose(np.exp(list(found.values())).sum(), 1)


def test_fitted_files_are_what_they_say(tmp_path: Path):
    """Stored weights survive JSON, name every signal and say how they were made."""
    assert Intent.from_json(json.loads(json.dumps(intent().to_json()))) == intent()
    assert Ranking.from_json(json.loads(json.dumps(ranking().to_json()))) == ranking()
    assert len(ranking().weights) == len(SIGNALS)
    assert "underhood fit" in ranking().made_by
    assert "underhood fit" in intent().made_by


def test_the_fit_finds_the_signal_that_matters():
    """On made-up candidates where one signal decides, the fitted ranking puts the best first."""
    random = np.random.default_rng(3)
    rows = []
    for _ in range(160):
        x = random.normal(size=(10, len(SIGNALS)))
        rows.append((x, (np.arange(10) == x[:, 2].argmax()).astype(float)))
    fitted = fit_ranking(rows[:120], penalty=0.001)
    assert best_first(rows[120:], fitted) > 0.9
    assert np.abs(fitted.weights).argmax() == 2


def test_the_ablation_finds_the_signal_that_matters():
    """Without the one signal that decides the best come first less often, beyond chance; without the others as often."""
    random = np.random.default_rng(4)
    rows = []
    for _ in range(240):
        x = random.normal(size=(10, len(SIGNALS)))
        rows.append((x, (np.arange(10) == x[:, 2].argmax()).astype(float)))
    added = ablation(rows[:120], rows[120:])
    assert added.keys() == {*LEGS, *SIGNALS}
    mean, low, high = added[SIGNALS[2]]
    assert mean > 0.5
    assert 0 < low <= mean <= high
    assert all(abs(added[name][0]) < 0.1 for name in SIGNALS if name != SIGNALS[2])
    leg = next(name for name, signals in LEGS.items() if SIGNALS[2] in signals)
    assert added[leg][0] > 0.5


def test_the_fit_of_intent_learns_from_our_questions(small: Assistant):
    """Fitting on the notes of the fixtures gives a model of their kinds."""
    made = fit_intent(small.index.notes, small.names)
    assert set(made.kinds) == {"definition", "purpose", "mechanism", "comparison"}


def test_a_better_signal_ranks_higher():
    """More of the likeness to its question never ranks a claim lower."""
    low, high = replace(ZERO, question_cosine=0.5), replace(ZERO, question_cosine=0.9)
    assert ranking().score(high) > ranking().score(low)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is SGD?", "what is stochastic gradient descent"),
        ("What is batch normalisation?", "What is batch normalization?"),
        ("What is back propagation?", "What is backpropagation?"),
        ("What are convnets?", "What are CNNs?"),
    ],
)
def test_other_names_find_the_same_claim(real: Assistant, one: str, other: str):
    """Abbreviations, spellings and forms of a name get the same claim."""
    first, second = real.ask(one), real.ask(other)
    assert first.citations
    assert first.citations[0].claim == second.citations[0].claim
