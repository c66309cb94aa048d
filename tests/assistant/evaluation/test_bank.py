"""The question bank in corpus/questions: it parses, it is large enough, and dev and test never mix."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from assistant.evaluation.runs import read_questions
from tests.conftest import ROOT

QUESTIONS = ROOT / "corpus" / "questions"
FILES = ["bank-list", "bank-off", "followups"]
#: At least so many questions of each kind.
KINDS = {
    "bank-list": {
        "direct": 170,
        "paraphrased": 70,
        "comparison": 60,
        "multi-part": 50,
        "false-premise": 20,
        "misspelt": 25,
        "one-word": 15,
        "resource": 30,
    },
    "bank-off": {"near-miss": 80, "after-2018": 45, "unrelated": 35},
    "followups": {"follow-up": 60, "change-of-subject": 12},
}
#: The concepts that the questions are spread over.
CONCEPTS, OFTEN = 330, 5


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def split_of(key: str) -> str:
    return "test" if int(hashlib.sha256(key.encode()).hexdigest(), 16) % 2 else "dev"


@pytest.mark.parametrize("name", FILES)
def test_every_line_can_be_read_by_a_run(name: str):
    """The evaluation reads every line of a file without a complaint."""
    found, problems = read_questions(QUESTIONS / f"{name}.jsonl")
    assert not problems
    assert len(found) == len(rows(name))


@pytest.mark.parametrize("name", FILES)
def test_there_are_enough_of_each_kind(name: str):
    """No kind of question falls below its number, and no other kind appears."""
    found = Counter(row["kind"] for row in rows(name))
    assert found.keys() == KINDS[name].keys()
    assert {kind: found[kind] for kind in KINDS[name] if found[kind] < KINDS[name][kind]} == {}


def test_ids_and_questions_are_unique():
    """No id stands twice in all files, and no question twice under one history, whatever its case."""
    everything = [row for name in FILES for row in rows(name)]
    ids = Counter(row["id"] for row in everything)
    asked = Counter((tuple(row.get("history", [])), row["question"].casefold().strip(" ?.!")) for row in everything)
    assert [key for key, count in (ids | asked).items() if count > 1] == []


def test_the_split_of_a_listed_question_follows_its_first_concept():
    """The first concept's hash decides, and no concept stands in both halves."""
    halves: dict[str, set[str]] = defaultdict(set)
    for row in rows("bank-list"):
        assert row["split"] == split_of(row["concepts"][0]), row["id"]
        for concept in row["concepts"]:
            halves[concept].add(row["split"])
    assert [concept for concept, found in halves.items() if len(found) > 1] == []


@pytest.mark.parametrize("name", ["bank-off", "followups"])
def test_the_split_of_another_question_follows_its_id(name: str):
    """Questions without concepts are halved by the hash of their id."""
    assert [row["id"] for row in rows(name) if row["split"] != split_of(row["id"])] == []


@pytest.mark.parametrize("name", FILES)
def test_the_halves_are_of_like_size(name: str):
    """Neither half holds more than three questions in five."""
    found = Counter(row["split"] for row in rows(name))
    assert found.keys() == {"dev", "test"}
    assert max(found.values()) <= 0.6 * found.total()


def test_the_questions_are_spread_over_the_concepts():
    """Each listed question is about one to three concepts; many are asked about, none too often."""
    listed = rows("bank-list")
    assert [row["id"] for row in listed if not 1 <= len(set(row["concepts"])) == len(row["concepts"]) <= 3] == []
    found = Counter(concept for row in listed for concept in row["concepts"])
    assert len(found) >= CONCEPTS
    assert {concept for concept, count in found.items() if count > OFTEN} == set()


def test_whether_a_question_can_be_answered_fits_its_kind():
    """A wrong premise is answered partly, a question off the list not at all, every other one in full."""
    for row in rows("bank-list"):
        assert row["answerable"] == ("partly" if row["kind"] == "false-premise" else "yes"), row["id"]
    for row in rows("bank-off"):
        assert (row["answerable"], row["concepts"]) == ("no", []), row["id"]


def test_a_follow_up_has_a_history_and_a_standalone_form():
    """What was asked before is there, and so is the question as one would ask it alone."""
    for row in rows("followups"):
        assert row["history"], row["id"]
        assert all(isinstance(turn, str) and turn for turn in row["history"]), row["id"]
        assert row["standalone"].strip().endswith(("?", ".")), row["id"]
        assert row["answerable"] in {"yes", "no"}, row["id"]
        if row["kind"] == "follow-up":
            assert row["standalone"] != row["question"], row["id"]
