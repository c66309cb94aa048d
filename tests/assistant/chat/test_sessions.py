"""Conversations as the browser keeps them, the flow of one question, what people say of answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering import Assistant
from assistant.answers import SCHEMA_VERSION
from assistant.chat import feedback, sessions
from assistant.chat.sessions import Turn
from assistant.chat.talking import Desk, resources, talk, told
from assistant.evaluation.runs import read_questions
from assistant.pacing import Pace
from assistant.verification import Verdict
from ingest.settings import Settings
from tests.assistant.chat.conftest import full_answer

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["question", "answer", "text", "verdicts", "check"]), inner)
    ),
    max_leaves=8,
)


def test_a_turn_survives_the_browser() -> None:
    """What is written into the tab's storage comes back equal."""
    found = Verdict(1, "words", "words_found", "p. 3", "Found.")
    turn = Turn("q", "done", full_answer(), scope=("doe-2001-descent",), rating="up", verdicts=(found,))
    assert sessions.turns(json.loads(json.dumps(sessions.dumped([turn])))) == [turn]


def test_an_answer_cut_off_comes_back_as_stopped() -> None:
    """A turn that was being written when the tab was reloaded, or the server died, is a stopped one."""
    assert sessions.turns({"turns": [Turn("q", "writing", text="half").to_json()]})[0].state == "stopped"


@given(anything)
def test_a_forged_conversation_is_dropped(raw: object) -> None:
    """Whatever a browser sends, the result is a list of turns."""
    assert all(isinstance(t, Turn) for t in [*sessions.turns(raw), *sessions.turns({"turns": raw})])


def test_old_turns_fall_off() -> None:
    """A conversation holds at most MOST_TURNS turns, the latest."""
    kept = sessions.dumped([Turn(str(n), "failed") for n in range(100)])["turns"]
    assert len(kept) == sessions.MOST_TURNS
    assert kept[-1]["question"] == "99"


def test_a_question_grows_into_an_answer(small: Assistant) -> None:
    """The turns of a question: being written, its text growing, then done with the answer."""
    grown = list(talk(small, [], "What is momentum?"))
    assert grown[0].state == "writing"
    assert grown[0].text == ""
    assert grown[-1].state == "done"
    assert grown[-1].answer
    assert grown[-2].text == grown[-1].answer.text
    assert told(grown[-1]).startswith("Answered. ")


def test_a_follow_up_knows_what_went_before(small: Assistant) -> None:
    """The earlier turns of the tab make a follow-up understood."""
    first = list(talk(small, [], "What is momentum?"))[-1]
    second = list(talk(small, [first], "Why is it used?"))[-1]
    assert second.answer
    assert "momentum" in second.answer.standalone_question


def test_a_bad_question_is_told_calmly(small: Assistant) -> None:
    """An empty or a far too long question becomes a turn that says so, and no error."""
    for question in ("  ", "x" * 100_000):
        last = list(talk(small, [], question))[-1]
        assert last.state == "failed"
        assert last.text[0].isupper()
        assert last.text.endswith((".", "?"))


def test_a_fault_inside_is_told_without_its_innards(small: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error becomes one calm sentence."""
    monkeypatch.setattr(small, "stream", lambda *a, **k: 1 / 0)
    last = list(talk(small, [], "What is momentum?"))[-1]
    assert last.state == "failed"
    assert "ZeroDivision" not in last.text


def test_narrowing_by_section_means_its_resources(small: Assistant) -> None:
    """A section stands for all its resources; the same one twice counts once."""
    assert resources(small.catalogue, ["section:maths", "doe-2001-descent"]) == ["doe-2001-descent", "roe-2002-slopes"]


def test_a_session_in_a_hurry_waits() -> None:
    """So many questions a minute and no more; a minute later it may go on, and others never wait."""
    now = [0.0]
    pace = Pace(2, lambda: now[0])
    assert [pace.wait("a"), pace.wait("a"), pace.wait("a"), pace.wait("b")] == [0, 0, 60, 0]
    now[0] = 61
    assert pace.wait("a") == 0


def test_one_question_a_session() -> None:
    """A session that is being answered is not answered twice; a stopped answer makes room; others never wait."""
    desk = Desk()
    first = desk.begin("a")
    assert first
    assert desk.begin("a") is None
    assert desk.begin("b")
    desk.stop("a")
    assert first.is_set()
    second = desk.begin("a")
    assert second
    desk.end("a", first)  # late, and of the stopped one: it makes no room
    assert desk.begin("a") is None
    desk.end("a", second)
    assert desk.begin("a")


def test_quick_words_are_seen_together(small: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand words at once are a few sights of the answer, not a thousand, and the end is whole."""
    answer = full_answer("x")
    monkeypatch.setattr(small, "stream", lambda *_, **__: iter([*["w "] * 1000, answer]))
    grown = list(talk(small, [], "What is momentum?"))
    assert len(grown) < 20
    assert grown[-1].answer == answer


def test_remarks_are_rows_and_can_be_taken_away(tmp_path: Path) -> None:
    """A remark is a row with question, verdict, reason and the whole answer; a new one takes the old one's place; one's
    own rows go by one call; and the file is one that ``underhood evaluate`` reads."""
    settings = Settings(home=tmp_path, corpus=tmp_path)
    feedback.record(settings, "me", full_answer("What?"), "up")
    feedback.record(settings, "me", full_answer("What?"), "down", "the sign is \u2028 wrong", sentence=2)
    feedback.record(settings, "you", full_answer("What?"), "up")
    mine, yours = [json.loads(line) for line in (tmp_path / "feedback.jsonl").read_bytes().splitlines()]
    assert (mine["verdict"], mine["reason"], mine["claims"], mine["resources"]) == (
        "down",
        "the sign is \u2028 wrong",
        ["c"],
        [],
    )
    assert yours["resources"] == ["doe-2001-descent"]
    assert mine["result"]["schema_version"] == SCHEMA_VERSION
    questions, problems = read_questions(tmp_path / "feedback.jsonl")
    assert ([q.question for q in questions], problems) == (["What? again"] * 2, [])
    assert [json.loads(r)["who"] for r in feedback.rows(settings, "me")] == ["me"]
    assert feedback.rows(settings, "") == []
    assert feedback.forget(settings, "me") == 1
    assert feedback.forget(settings, "") == 0
    assert [json.loads(r)["who"] for r in (tmp_path / "feedback.jsonl").read_text("utf-8").splitlines()] == ["you"]
