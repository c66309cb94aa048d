"""Finding words again (ingest/wording.py)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.wording import WordIndex, digest, norms, short_digest, words

SENTENCE = "The well-known rule sets $x = -0.5$ and doesn’t use 1,000 eﬃcient steps."


def test_typesetting_is_forgiven():
    """Case, ligatures, quotation marks, hyphens at line ends and white space do not change the words."""
    typeset = "THE well-\nknown  rule sets $x = −0.5$ and doesn't use 1,000 ef\u00adficient\nsteps"
    assert norms(SENTENCE) == norms(typeset)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-0.5", "0.5"),
        ("0.5", "0.6"),
        ("doesn’t", "does"),
        ("1,000", "1000"),
        ("=", "<"),
        ("known", "unknown"),
        ("rule ", ""),
    ],
)
def test_a_change_of_what_is_said_is_seen(old: str, new: str):
    """A sign, a number, a negation, a relation or a word changed gives other words."""
    assert norms(SENTENCE) != norms(SENTENCE.replace(old, new))


@given(st.text(max_size=200))
def test_every_word_knows_its_place(text: str):
    """Each normalised word is cut from the text at its span, in order and without overlap."""
    found = list(words(text))
    assert all(norms(text[w.start : w.end]) == [w.norm] for w in found if w.norm != "-" and "/" not in w.norm)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@given(
    st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "1", "2.5", "=", "<"]), min_size=3, max_size=30),
    st.data(),
)
def test_a_run_of_words_is_found_where_it_stands(parts: list[str], data: st.DataObject):
    """``find`` returns all spans of a run, and ``find_digest`` the first of them by its hash alone."""
    text = "  ".join(parts)
    first = data.draw(st.integers(0, len(parts) - 3))
    count = data.draw(st.integers(3, len(parts) - first))
    wanted = norms(text)[first : first + count]
    index = WordIndex(text)
    spans = index.find(wanted)
    assert spans
    assert all(norms(text[a:b]) == wanted for a, b in spans)
    assert index.find_digest(count, digest(wanted), short_digest(wanted)) == spans[0]


@given(st.lists(st.sampled_from(["one", "two", "three", "not", "4", "5", "more"]), min_size=4, max_size=12), st.data())
def test_any_single_edit_is_caught(parts: list[str], data: st.DataObject):
    """A quote with one word changed, added or dropped is not found, unless the text has that run too."""
    text = " ".join(parts)
    i = data.draw(st.integers(0, len(parts) - 1))
    edited = data.draw(st.sampled_from([[*parts[:i], "other", *parts[i + 1 :]], [*parts[:i], "other", *parts[i:]]]))
    assert WordIndex(text).find(norms(" ".join(edited))) == []


def test_no_words_are_found_nowhere():
    """An empty run is not found everywhere."""
    assert WordIndex("some text").find([]) == []
