"""The chat-model writer (assistant/writers/model.py, assistant/models.py), against a server that lies and fails on command."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.models import LangChainModel
from assistant.writers.model import ReplyParser, keyed
from ingest.errors import ModelError
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.assistant.openai_server import serve
from tests.conftest import HashingEmbedder

QUESTION = "What is momentum?"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list]]:
    with serve() as found:
        yield found


@pytest.fixture
def with_model(settings: Settings, embedder: HashingEmbedder, server, monkeypatch: pytest.MonkeyPatch):
    ingest(settings, embedder=embedder)
    monkeypatch.setenv("OPENAI_BASE_URL", server[0])
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr("assistant.models.TIMEOUT_SECONDS", 1)
    monkeypatch.setattr("assistant.models.RETRIES", 0)
    return lambda model: Assistant.open(replace(settings, model=f"openai:{model}"), embedder=embedder)


def asked(assistant: Assistant) -> tuple[Answer, str]:
    *pieces, answer = assistant.stream(QUESTION)
    assert isinstance(answer, Answer)
    return answer, "".join(map(str, pieces))


def test_the_models_sentences_carry_our_citations(with_model):
    """Keys become numbers, the streamed text is the answer's text, and the voice is the model's."""
    answer, streamed = asked(with_model("good"))
    assert streamed == answer.text
    assert answer.writer == "openai:good"
    assert [s.voice for s in answer.statements] == ["model", "model"]
    assert "[[" not in answer.text
    assert answer.citations[0].claim == "momentum-what"
    assert all(s.support == "unchecked" for s in answer.statements)
    assert answer.notice.startswith("Written by a language model")


def test_invented_keys_are_removed_and_counted(with_model):
    """Nothing that rests on an invented key alone is shown; what is left says how much was removed."""
    answer, streamed = asked(with_model("liar"))
    assert "1812" not in streamed
    assert "Everyone agrees" not in answer.text
    assert [s.text for s in answer.statements] == ["It is true.", "It is proven."]
    assert any("invented" in w for w in answer.warnings)
    assert any("without evidence" in w for w in answer.warnings)


@pytest.mark.parametrize("model", ["fullwidth", "nested", "code"])
def test_odd_brackets_are_understood(with_model, model: str):
    """Keys in brackets of other alphabets, doubled or beside code become numbers, and no half marker is shown."""
    answer, streamed = asked(with_model(model))
    assert answer.writer == f"openai:{model}"
    assert streamed == answer.text
    assert not any(mark in streamed for mark in ("[[", "]]", "【", "［"))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("naked", "rested on no evidence"),
        ("empty", "rested on no evidence"),
        ("refuse", "found no answer"),
        ("limited", "limits the rate"),
        ("key", "refuses the key"),
        ("broken", "the model"),
        ("slow", "did not answer in time"),
    ],
)
def test_a_model_that_fails_is_replaced_and_said(with_model, model: str, says: str):
    """Whatever goes wrong, the extractive answer comes in its place, marked so by one line."""
    answer, streamed = asked(with_model(model))
    assert answer.writer == "extractive"
    assert answer.text.startswith("Momentum adds a share")
    assert streamed == answer.text
    assert len(answer.warnings) == 1
    assert says in answer.warnings[0]


def test_a_reply_that_is_cut_off_is_replaced(with_model):
    """When the line goes dead midway, the final answer is the extractive one and says why."""
    answer, streamed = asked(with_model("cut"))
    assert answer.writer == "extractive"
    assert answer.text.startswith("Momentum adds a share")
    assert streamed.endswith(answer.text)
    assert "cut off" in answer.warnings[0]


def test_a_question_that_is_declined_is_not_sent(with_model, server):
    """What the notes cannot answer never goes to the model."""
    before = len(server[1])
    assert with_model("good").ask("Who won the football world cup?").outcome == "declined"
    assert len(server[1]) == before


def test_an_unknown_provider_is_named(settings: Settings, embedder: HashingEmbedder):
    """A model string that LangChain does not know is one line with an example."""
    with pytest.raises(ModelError, match=r"UNDERHOOD_MODEL=nobody:x"):
        LangChainModel("nobody:x")


def test_keys_are_never_reused():
    """Two questions share no key, so that an old key is an invented one."""
    keys = [e.key for _ in range(20) for e in keyed(["a", "b", "c"])]
    assert len(set(keys)) > 55


REPLY = "It gathers speed. [[bcdfg]] It is used, e.g. in valleys [[hjkmn]]. Unsupported one. The end [[zzzzz]]"


@given(st.lists(st.integers(1, len(REPLY) - 1), max_size=12))
def test_the_cuts_of_a_stream_do_not_matter(cuts: list[int]):
    """However a reply is cut into pieces, the same sentences with the same keys come out."""
    edges = [0, *sorted(set(cuts)), len(REPLY)]
    parser = ReplyParser(frozenset({"bcdfg", "hjkmn"}))
    written = [w for a, b in itertools.pairwise(edges) for w in parser.feed(REPLY[a:b])]
    written += parser.close()
    assert [(w.text, w.keys) for w in written] == [
        ("It gathers speed.", ("bcdfg",)), ("It is used, e.g. in valleys.", ("hjkmn",)),
    ]  # fmt: skip
    assert (parser.invented, parser.unsupported) == (1, 2)
