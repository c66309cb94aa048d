"""Sentences against the words they rest on (assistant/agreement.py)."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.agreement import agreement
from ingest.anchoring import read_folder
from ingest.errors import ReadingError
from ingest.notes import read_anchors, read_notes
from ingest.wording import WordIndex
from tests.assistant.planting import KINDS, planted
from tests.conftest import ROOT

NOTES = read_notes(ROOT / "corpus" / "notes")
CLAIMS = {c.id: c.text for n in NOTES for c in n.claims}


@pytest.mark.parametrize(
    ("statement", "quote", "kinds"),
    [
        ("Adam sets $\\beta_1$ to 0.99 by default.", "Good defaults are β1 = 0.9 for Adam.", []),
        ("Momentum is usually set to 0.99.", "The momentum term γ is usually set to 0.9 or so.", ["number"]),
        ("AlexNet has 60 billion parameters.", "AlexNet has 60 million parameters and 650,000 neurons.", ["number"]),
        ("Training took 5 hours on two GPUs.", "It took five days on two GPUs.", ["unit"]),
        ("ReLU is zero for $x > 0$.", "The function is zero for x < 0.", ["symbol"]),
        ("A larger batch needs more memory per step.", "A smaller batch needs more memory per step.", ["comparative"]),
        ("Plain descent does not remember earlier steps.", "Plain descent does remember earlier steps.", ["negation"]),
        (
            "Plain descent remembers earlier steps well.",
            "Plain descent never remembers earlier steps well.",
            ["negation"],
        ),
    ],
)
def test_each_kind_of_clash(statement: str, quote: str, kinds: list[str]):
    """Another value, unit, sign, comparative or a lost negation is found and named; other words are not."""
    assert [c.kind for c in agreement(statement, quote).clashes] == kinds


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        ("A larger learning rate makes training faster.", "A smaller learning rate makes training slower."),
        ("About 90% of the weights are dropped.", "A fraction of 0.9 of the weights is dropped."),
        ("The error falls to 15.3%.", "It achieved a top-5 error of 15.32 %."),
        ("Sparse gradients suit Adagrad.", "Adagrad is well-suited for dealing with sparse data."),
        ("It takes 3x3 filters.", "The kernels are $3\\times3$."),
    ],
)
def test_a_paraphrase_is_no_clash(statement: str, quote: str):
    """Two opposites cancel out, percent and rounding are understood, other words are free."""
    assert not agreement(statement, quote).contradicted


def test_what_the_quote_does_not_speak_of_is_unchecked():
    """A number that no quote has is named; one that any of them has is not."""
    found = agreement("Dropout of 0.5 helped by 2% in 2014.", "Units are dropped with probability 0.5.", "It was 2014.")
    assert found.unspoken == ("2%",)
    assert found.remarks == ("The quoted words do not speak of 2%.",)
    assert not found.contradicted


def test_without_a_quote_there_is_nothing_to_find():
    """No quote, no clash, nothing unspoken."""
    assert agreement("It is 5.") == agreement("", "")


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_two_texts_are_compared_and_a_text_agrees_with_itself(a: str, b: str):
    """Nothing breaks the comparison, and no text contradicts itself."""
    agreement(a, b)
    assert not agreement(a, a).contradicted
    assert agreement(a, a).unspoken == ()


@pytest.mark.parametrize("claim", random.Random(3).sample(sorted(CLAIMS), 40))
def test_our_claims_agree_with_themselves_however_they_are_set(claim: str):
    """Typesetting and a sentence around it make no clash."""
    text = CLAIMS[claim]
    assert not agreement(text, f"As we said before: {' '.join(text.replace('$', ' ').split())} And so on.").contradicted


def test_planted_faults_are_caught():
    """Of 800 sentences with one thing changed (eight kinds, from our notes), at least 97 of 100 are caught."""
    pairs = planted(list(CLAIMS.values()), 100)
    sown, caught = (
        Counter(k for k, *_ in pairs),
        Counter(k for k, text, changed in pairs if agreement(changed, text).contradicted),
    )
    assert len(pairs) >= 750
    assert set(sown) == set(KINDS)
    assert sum(caught.values()) / len(pairs) >= 0.97, caught
    assert all(caught[k] / sown[k] >= 0.95 for k in sown), caught


def test_faults_among_other_words_are_caught():
    """The same with another sentence before and a remark after it, so that no whole sentence is equal: 85 of 100."""
    rng = random.Random(5)
    texts = list(CLAIMS.values())
    pairs = [(k, f"{rng.choice(texts)} {t}", f"{c} This is all.") for k, t, c in planted(texts, 60, seed=11)]
    caught = sum(agreement(changed, text).contradicted for _, text, changed in pairs)
    assert caught / len(pairs) >= 0.85


def test_other_facts_on_one_subject_are_no_contradiction():
    """Two claims of one note say different things of one subject: the hardest strangers, taken for contradictions 3 times in 200 at most."""
    pairs = [p for n in NOTES for p in combinations((c.text for c in n.claims), 2)]
    drawn = random.Random(1).sample(pairs, 4000)
    assert sum(agreement(a, b).contradicted for a, b in drawn) / len(drawn) <= 0.015


@pytest.mark.long
def test_true_pairs_are_not_flagged(readings: Path):
    """Of our claims and the sentences of held readings that their authors anchored them to, at most 1 of 100 is flagged."""
    resources = json.loads((readings / "manifest.json").read_text("utf-8"))
    documents = [
        d for d in read_folder(readings, {r["resource"] for r in resources}) if not isinstance(d, ReadingError)
    ]
    anchors = [a for found in read_anchors(ROOT / "corpus" / "anchors").values() for a in found]
    pairs = {}
    for document in documents:
        wanted = [a for a in anchors if a.resource == document.resource]
        indexes = {n: WordIndex(document.text, n) for n in {a.normalisation for a in wanted}}
        for a in wanted:
            span = indexes[a.normalisation].find_digest(a.words, a.sha256, a.start)
            if span and document.role == "text" and a.claim in CLAIMS:
                pairs[a.claim, a.sha256] = (CLAIMS[a.claim], document.text[slice(*span)])
    flagged = {c: agreement(*p).remarks for (c, _), p in pairs.items() if agreement(*p).contradicted}
    assert len(pairs) > 1000
    assert len(flagged) <= len(pairs) / 100, flagged


def test_every_kind_of_fault_changes_one_thing():
    """The planted faults differ from their sentences, by one word or sign."""
    for kind, text, changed in planted(list(CLAIMS.values()), 5):
        assert changed != text, kind
        assert abs(len(re.findall(r"\w+", changed)) - len(re.findall(r"\w+", text))) <= 2, (kind, text, changed)
