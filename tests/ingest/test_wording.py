"""Finding words again (ingest/wording.py)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.wording import NORMALISATION, NORMALISATIONS, WordIndex, digest, norms, short_digest, words

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


@pytest.mark.parametrize(
    ("old", "new"),
    [("$v - \\eta g$", "$v \\eta g$"), ("$x-y$", "$x+y$"), ("(-x)", "(x)"), ("f(x)-g(x)", "f(x) g(x)"), ("1-x", "1 x"), ("$s′$", "$s$"), ("a ∼ b", "a b")],
)  # fmt: skip
def test_a_minus_of_a_formula_counts(old: str, new: str):
    """A hyphen that is a minus, a prime and a relation are seen; version 1, which old anchors are made with, saw less."""
    assert norms(old) != norms(new)
    assert norms(old, 1) == norms(new, 1) or "+" in new


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("$a \\quad b$", "$a\\qquad b$"), ("x\\, y\\;z\\!", "x y z"), ("a\\hspace{1em}b", "a b"), ("well-known k-means", "wellknown kmeans"),
        ("self-\nattention", "self-attention"), ("- item", "item"), ("a word - a dash", "a word – a dash"), ("t-SNE", "t‑SNE"),
    ],
)  # fmt: skip
def test_tex_spacing_and_hyphens_of_prose_are_forgiven(a: str, b: str):
    """Spaces of TeX are no words, a hyphen between words is none either."""
    assert norms(a) == norms(b)


def test_version_one_is_kept():
    """The words that old anchors are hashes of: a change here would lose them all."""
    assert digest(norms("The well-\nknown $v - \\eta g$, $x-y$ and −0.5 \\quad don’t", 1))[:12] == "c5e43bc8b92f"
    assert {1, NORMALISATION} <= NORMALISATIONS


_SAID = ["alpha", "beta", "not", "4", "0.5", "-0.5", "=", "<", "more", "x", "naïve", "don't", "self-attention"]


@given(st.lists(st.sampled_from(_SAID), min_size=4, max_size=14), st.data())
def test_any_single_edit_of_a_quote_is_caught(parts: list[str], data: st.DataObject):
    """Dropping, doubling, replacing, swapping or respelling one word of a quote gives a run that stands nowhere, or another run of the text."""
    text, i = " ".join(parts), data.draw(st.integers(0, len(parts) - 1))
    other = data.draw(st.sampled_from([*_SAID, "other", parts[i] + "s", "un" + parts[i]]))
    edited = data.draw(
        st.sampled_from(
            [
                [*parts[:i], *parts[i + 1 :]],
                [*parts[:i], other, *parts[i + 1 :]],
                [*parts[:i], other, *parts[i:]],
                [*parts[:i], *reversed(parts[i:])],
            ]
        )
    )
    wanted, whole = norms(" ".join(edited)), norms(text)
    runs = [whole[k : k + len(wanted)] for k in range(len(whole) - len(wanted) + 1)]
    assert bool(WordIndex(text).find(wanted)) is (bool(wanted) and wanted in runs)


@given(st.text(max_size=60), st.text(max_size=60), st.data())
def test_two_distant_places_are_never_joined(a: str, b: str, data: st.DataObject):
    """What is found is one stretch of the text whose own words are the wanted ones: nothing between is passed over."""
    between = data.draw(st.sampled_from([" lorem ipsum dolor ", "\n\nlorem\n\n", " 7 ", " = ", " not "]))
    text = f"{a}{between}{b}"
    wanted = (norms(a)[-2:] + norms(b)[:2]) or ["lorem"]
    for start, end in WordIndex(text).find(wanted):
        assert norms(text[start:end]) == wanted or "-" in wanted or "/" in wanted


@given(st.text(max_size=120), st.data())
def test_spans_round_trip(text: str, data: st.DataObject):
    """A stretch from one word to another is found again at its own span."""
    index = WordIndex(text)
    assume(index.words)
    first = data.draw(st.integers(0, len(index.words) - 1))
    last = data.draw(st.integers(first, len(index.words) - 1))
    assert (index.words[first].start, index.words[last].end) in index.find(index.norms[first : last + 1])


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
