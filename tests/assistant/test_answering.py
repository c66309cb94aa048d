"""Asking (assistant/answering.py), over a small corpus and over our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.answers import Answer
from ingest.errors import IndexMissing, IndexOutdated, QuestionError
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.wording import digest, norms, short_digest
from tests.conftest import HashingEmbedder, waited
from tests.ingest.test_pipeline import PAGE, SENTENCE


def test_one_part_gets_one_claim(small: Assistant):
    """A plain question is answered by the claim that carries it, cited to its resource and section."""
    answer = small.ask("What is momentum?")
    assert answer.outcome == "answered"
    (statement,) = answer.statements
    assert statement.text.startswith("Momentum adds a share")
    (citation,) = answer.citations
    assert (citation.resource.id, str(citation.locator), citation.check) == (
        "roe-2002-slopes",
        '"Momentum"',
        "not_held",
    )
    assert "nothing was checked" in citation.explanation
    assert "guess" in citation.explanation
    assert answer.text == f"{statement.text} [1]"
    assert answer.read_next[0].id == "roe-2002-slopes"


def test_a_comparison_says_the_relation_and_both_sides(small: Assistant):
    """ "Are X and Y the same?" is answered by how they relate and what each is."""
    answer = small.ask("Are momentum and gradient descent the same thing?")
    assert [c.claim for c in answer.citations if c.number == 1] == ["momentum-versus-descent"]
    assert len(answer.statements) == 3
    assert {s.text.split()[0] for s in answer.statements} == {"Momentum", "Gradient"}


def test_two_parts_get_two_claims(small: Assistant):
    """ "What is X and how does it work?" is answered in two statements, in the order asked."""
    answer = small.ask("What is gradient descent and how does gradient descent work?")
    assert [s.text.split(",")[0][:40] for s in answer.statements] == [
        "Gradient descent lowers a function by re"[:40], "Gradient descent steps are computed in t"[:40],
    ]  # fmt: skip


def test_what_is_not_there_is_declined_with_a_reason(small: Assistant):
    """A question about something else is declined, saying why; declining is a value."""
    answer = small.ask("Who won the football world cup?")
    assert answer.outcome == "declined"
    assert not answer.statements
    assert "Nothing in our notes" in answer.reason


def test_a_follow_up_is_understood(small: Assistant):
    """History resolves what a follow-up leaves out, and the answer says how it was understood."""
    first = small.ask("What is momentum?")
    answer = small.ask("why use it?", [first])
    assert answer.standalone_question == "Why use momentum?"
    assert answer.text.startswith("Momentum is used to cross")


def test_streaming_gives_the_text_then_the_answer(small: Assistant):
    """The pieces joined are the answer's text."""
    *pieces, answer = small.stream("Are momentum and gradient descent the same thing?")
    assert isinstance(answer, Answer)
    assert "".join(map(str, pieces)) == answer.text
    assert len(pieces) == 3


def test_aask_and_batch_agree_with_ask(small: Assistant):
    """Every way of asking gives the same answer but for its timings."""
    questions = ["What is momentum?", "How does gradient descent work?", "What is momentum?"]
    plain = [small.ask(q).text for q in questions]
    assert [a.text for a in small.batch(questions)] == plain
    assert waited(lambda: small.aask(questions[0])).text == plain[0]


def test_an_answer_can_be_narrowed(small: Assistant):
    """Only claims that cite one of the given resources answer; an unknown id is an error."""
    answer = small.ask("What is momentum?", resources=["doe-2001-descent"])
    assert all(c.claim != "momentum-what" for c in answer.citations)
    with pytest.raises(QuestionError, match="no resource 'poe'"):
        small.ask("What is momentum?", resources=["poe"])


def test_no_index_names_the_command(settings: Settings, embedder: HashingEmbedder):
    """Without an index the error says how to build one."""
    with pytest.raises(IndexMissing, match="underhood ingest"):
        Assistant.open(settings, embedder=embedder)


def test_an_index_of_other_notes_is_refused(settings: Settings, embedder: HashingEmbedder):
    """When the notes changed since, the index is out of date."""
    ingest(settings, embedder=embedder)
    note = settings.corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace("Why use", "Why take"))
    with pytest.raises(IndexOutdated, match="changed"):
        Assistant.open(settings, embedder=embedder)


def test_a_new_generation_is_taken_up(small: Assistant, settings: Settings, embedder: HashingEmbedder):
    """An open assistant answers from a generation published after it was opened."""
    note = settings.corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace("gathers speed", "gathers pace"))
    ingest(settings, embedder=embedder)
    assert "gathers pace" in small.ask("What is momentum?").text


def test_an_anchored_claim_shows_the_sources_words(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """With the reading held, the citation quotes it byte for byte at its span and says what that means."""
    (tmp_path / "r" / "doe-2001-descent").mkdir(parents=True)
    (tmp_path / "r" / "doe-2001-descent" / "paper.md").write_text(PAGE)
    wanted = norms(SENTENCE)
    anchor = {
        "claim": "momentum-versus-descent", "resource": "doe-2001-descent", "edition": "first", "locator": "sec. 3",
        "words": len(wanted), "sha256": digest(wanted), "start": short_digest(wanted), "normalisation": 1, "decided": "2026-11-24",
    }  # fmt: skip
    (settings.corpus / "anchors" / "momentum.jsonl").write_text(json.dumps(anchor) + "\n")
    ingest(settings, readings=tmp_path / "r", embedder=embedder)
    assistant = Assistant.open(settings, embedder=embedder)
    answer = assistant.ask("momentum vs gradient descent")
    citation = answer.citations[0]
    assert citation.solid
    assert citation.quote is not None
    document = assistant.index.store.document("doe-2001-descent/paper.md")
    assert document is not None
    assert document.text[citation.quote.start : citation.quote.end] == citation.quote.text == SENTENCE.rstrip(".")
    assert citation.quote.text_sha256 == document.text_sha256
    assert answer.statements[0].support == "linked"
    assert "author's judgement" in citation.explanation
    assert answer.notice.startswith("From our study notes; 1 of")


POST = {
    "are gradient descent and backprop the same thing?": {"gradient-descent", "backpropagation"},
    "what exactly is the chain rule and backpropagation?": {"chain-rule", "backpropagation"},
    "what is the output shape after you apply a certain type of convolution on an input?": {"convolution-output-shape"},
    "how does stride affect convolutions?": {"stride"},
    "what is batch normalization?": {"batch-normalization"},
    "should I use convnets or RNNs on text?": {"cnn-versus-rnn", "cnn-for-text"},
    "what happens when I call T.grad in Theano or put a conv2d layer?": {"theano-grad", "theano"},
}


@pytest.mark.parametrize("question", POST)
def test_the_questions_of_the_post_are_answered_from_their_concepts(real: Assistant, question: str):
    """With our own notes and the real model each question of the post is answered, cited, on its own subject."""
    answer = real.ask(question)
    assert answer.outcome in ("answered", "partly")
    notes = {real.index.claims[real.index.position[c.claim]].note.split("/")[-1] for c in answer.citations if c.claim}
    assert notes & POST[question], notes
    assert all(c.url.startswith("http") and c.resource.title for c in answer.citations)


@pytest.mark.parametrize(
    "question", ["Who won the world cup in 2014?", "How do I join two tables in SQL?", "a good lasagne recipe"]
)
def test_other_things_are_declined(real: Assistant, question: str):
    """Questions about other things are declined."""
    assert real.ask(question).outcome == "declined"


def test_the_case_told_before_does_not_hide_the_question(real: Assistant):
    """Where the whole is answered unsurely, what is asked alone is sought too, and the surer answer stands."""
    asked = "How do I check my gradients are right?"
    told = real.ask(f"I wrote the backward pass by hand. {asked}")
    assert told.statements[0].text == real.ask(asked).statements[0].text
