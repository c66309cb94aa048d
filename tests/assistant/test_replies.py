"""The parser of streamed replies (assistant/writers/replies.py)."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.writers.replies import MAX_REPLY, Quoted, ReplyParser, Written

A, B = "bcdfg", "hjkmn"
KNOWN = frozenset({A, B})
REPLY = (
    f"QUOTES\n[[{A}]] a share of the step\n- [[{B}]] “flat valleys”\n\nANSWER\n"
    f"It gathers speed. [[{A}]] It is used, e.g. in valleys [[{B}]]. `[[{A}]]` Unsupported one. 【{B}】 And [[ [[{A}]] ]] more.\n"
    f"- A line [[{B}]]\n- Another (`v[0] = 1`) \\[\\[{A}\\]\\]. The end [[zzzzz]]"
)


def read(pieces: list[str]) -> tuple[list[Quoted | Written], ReplyParser]:
    parser = ReplyParser(KNOWN)
    found = [f for piece in pieces for f in parser.feed(piece)]
    return [*found, *parser.close()], parser


def prose(reply: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(w.text, w.keys) for w in read([f"ANSWER\n{reply}"])[0] if isinstance(w, Written)]


def test_quotes_come_first_and_then_sentences():
    """Each quote has its key, each sentence its keys, in order, and no marker is left in either."""
    found, parser = read([REPLY])
    assert found == [
        Quoted(A, "a share of the step"),
        Quoted(B, "flat valleys"),
        Written("It gathers speed.", (A,)),
        Written("It is used, e.g. in valleys.", (B, A)),
        Written("Unsupported one.", (B,)),
        Written("And more.", (A,)),
        Written("A line", (B,)),
        Written("Another (`v[0] = 1`).", (A,)),
        Written("The end", ()),
    ]
    assert (parser.invented, parser.sentences) == (1, 7)


@given(st.lists(st.integers(1, len(REPLY) - 1), max_size=30))
def test_the_cuts_of_a_stream_do_not_matter(cuts: list[int]):
    """However a reply is cut into pieces, the same quotes and sentences come out."""
    edges = [0, *sorted(set(cuts)), len(REPLY)]
    found, parser = read([REPLY[a:b] for a, b in itertools.pairwise(edges)])
    whole, other = read([REPLY])
    assert found == whole
    assert parser.invented == other.invented


SCRAPS = st.sampled_from(
    ["[[", "]]", "[", "]", "【", "】", "［", "］", "\\[", "\\]", "`", "$", A, B, "zzzzz", "9", "^1", "(", ")", ". ", "! ", "\n", "\n\n", "- ",
     "1. ", " ", "word", "It gathers speed", "ANSWER", "ANSWER: ", "QUOTES\n", "NO ANSWER", "“", "”", "<", "&#91;", "\u200b", "\x1b", "e.g. ", ",", "é"]
)  # fmt: skip


@given(
    st.sampled_from(["ANSWER: ", "QUOTES\n", ""]),
    st.lists(SCRAPS, max_size=30).map("".join),
    st.lists(st.integers(1, 200), max_size=20),
)
def test_no_reply_whatever_depends_on_its_cuts_or_leaks_a_marker(opening: str, reply: str, cuts: list[int]):
    """Any soup of brackets, keys and headings reads the same cut anywhere; no key and no double bracket comes out of it."""
    reply = opening + reply
    edges = [0, *sorted({c for c in cuts if c < len(reply)}), len(reply)]
    found, parser = read([reply[a:b] for a, b in itertools.pairwise(edges)])
    whole, other = read([reply])
    assert (found, parser.invented) == (whole, other.invented)
    for one in found:
        if isinstance(one, Written) and one.keys:
            outside = "".join(one.text.split("`")[::2])
            assert "[[" not in outside
            assert A not in one.text.casefold()
            assert "\x1b" not in one.text
        assert set(getattr(one, "keys", ())) <= KNOWN


@pytest.mark.parametrize(
    "marker",
    [f"[[{A}]]", f"[{A}]", f"【{A}】", f"［［{A}］］", f"〔{A}〕", f"[[[[{A}]]]]", f"[[ [[{A}]] ]]", f"`[[{A}]]`", f"\\[\\[{A}\\]\\]",
     f"({A})", f"{{{{{A}}}}}", f"<{A}>", f"&#91;&#91;{A}&#93;&#93;", f"[[{A.upper()}]]", f"[[source: {A}]]", f"[[{A}|the book]]",
     f"[\u200b[{A}]]", "[[ｂｃｄｆｇ]]", f"[[{A}]][[{A}]]", f"[[{A}, {A}]]", f"[[{A}"],
)  # fmt: skip
def test_every_way_to_write_a_known_key_is_understood(marker: str):
    """Brackets of other alphabets, doubled, nested, escaped, in code, with more inside: the key is found and nothing is left."""
    assert prose(f"It gathers speed {marker}") == [("It gathers speed", (A,))]


@pytest.mark.parametrize(
    "marker", ["[9]", "[1, 2]", "[^3]", "[[zzzzz]]", "[zzzzz]", "[[Ruder 2016]]", "【4】", "[[bcd"]
)
def test_a_citation_that_is_not_ours_is_removed_and_counted(marker: str):
    """Numbers, notes, names and keys of the model's own never look like citations of ours."""
    found, parser = read([f"ANSWER\nIt gathers speed [[{A}]] {marker}"])
    assert found == [Written("It gathers speed", (A,))]
    assert parser.invented == 1


@pytest.mark.parametrize("code", ["`v[0] = g[i]`", "$x[1]$", "`a.b [c] d`", "the [MASK] token", "`x. y`"])
def test_code_and_formulas_keep_their_brackets(code: str):
    """An index in code is no citation, and a full stop in code ends no sentence."""
    assert prose(f"Write {code} there [[{A}]].") == [(f"Write {code} there.", (A,))]


def test_a_key_as_a_word_supports_nothing():
    """A sentence that speaks of a key has none, so it is not shown."""
    assert prose(f"According to {A} it is so [[{B}]].") == [(f"According to {A} it is so.", ())]


def test_a_model_without_headings_is_read():
    """Quotes are lines that open with a key; what ends with one is prose."""
    found, _ = read([f'[[{A}]] "a share of it"\nIt gathers speed. [[{A}]] It helps. [[{A}]]'])
    assert found == [Quoted(A, "a share of it"), Written("It gathers speed.", (A,)), Written("It helps.", (A,))]


@pytest.mark.parametrize(
    "reply",
    [
        "NO ANSWER",
        "**No answer.**",
        "ANSWER: NO ANSWER",
        "I'm sorry, but I can't.",
        "As an AI language model I may not.",
    ],
)
def test_a_refusal_is_known(reply: str):
    """A model that refuses is not quoted."""
    found, parser = read([reply])
    assert found == []
    assert parser.refused


def test_empty_and_broken_replies_are_known():
    """No word at all is empty; more damaged characters than letters is broken."""
    assert read([" \n\n"])[1].empty
    assert read(["\ufffd\ufffda\ufffd"])[1].broken
    assert not read([REPLY])[1].broken


@pytest.mark.parametrize("scrap", ["[", "[[", "\\[ ", "`", "a. ", "]", "[[a", "\n", "1. ", "“", "&#91;"])
def test_a_reply_is_read_only_so_far_and_in_no_time(scrap: str):
    """A reply of endless brackets is cut at MAX_REPLY, and costs far less than a second."""
    started = time.process_time()
    _, parser = read([scrap * 20 for _ in range(2000)])
    assert parser.full
    assert parser._size == MAX_REPLY
    assert time.process_time() - started < 2
