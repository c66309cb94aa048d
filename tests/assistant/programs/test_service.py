"""What programs can ask for (assistant/programs/service.py), before any wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from assistant.answering import Assistant
from assistant.programs.service import Service, read_asked
from assistant.programs.shapes import ToldAnswer
from ingest.errors import QuestionError
from tests.assistant.chat.conftest import full_answer


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("x", "not as str"),
        ({}, "not NoneType"),
        ({"question": 5}, "not int"),
        ({"question": " \t"}, "the question is empty"),
        ({"question": "x" * 5000}, "4,000 at most"),
        ({"question": "x", "history": "y"}, '"history" is a list'),
        ({"question": "x", "history": [5]}, '"history" is a list'),
        ({"question": "x", "resources": "y"}, '"resources" is a list'),
    ],
)
def test_what_is_no_question_is_refused_by_its_field(raw: Any, said: str):
    """Each wrong field has its own line."""
    with pytest.raises(QuestionError, match=said):
        read_asked(raw)


def test_the_shape_is_the_json(small: Assistant):
    """An answer's ``to_json`` is exactly what its shape describes, also where every field is filled."""
    shape = TypeAdapter(ToldAnswer)
    for answer in (full_answer(), small.ask("What is momentum?"), small.ask("Who won the world cup?")):
        raw = json.loads(json.dumps(answer.to_json()))
        assert json.loads(shape.dump_json(shape.validate_python(raw))) == raw
        allowed = shape.json_schema()["properties"].keys()
        assert set(raw) == set(allowed)


def test_a_search_gives_claims_with_citations(small: Assistant):
    """The best claim first, as many as wanted; a count that is none is refused."""
    found = Service(small).search("What is momentum?", 2)
    assert found.claims[0].claim == "momentum-what"
    assert found.claims[0].citations[0].resource.id == "roe-2002-slopes"
    assert len(found.claims) == 2
    for count in (0, 99, "3", True, None):
        with pytest.raises(QuestionError, match='"count" is a number'):
            Service(small).search("What is momentum?", count)


def test_verify_takes_answers_and_texts(small: Assistant):
    """A saved answer, a text, a mapping with a text; an answer of an unknown schema is refused by its number."""
    service = Service(small)
    answer = small.ask("What is momentum?")
    assert service.verify(answer.to_json()).failed == 0
    said = "Roe (2002) says “the moon is made of green cheese, mostly”."
    assert service.verify(said) == service.verify({"text": said})
    assert len(service.verify(said).verdicts) == 1
    with pytest.raises(QuestionError, match="schema_version 99 is not known"):
        service.verify({**answer.to_json(), "schema_version": 99})
    with pytest.raises(QuestionError, match="not an answer"):
        service.verify([1])


def test_the_list_and_its_entries(small: Assistant):
    """All resources with how many claims rest on them; one with its note; an unknown id is refused."""
    service = Service(small)
    rows = {r.id: r for r in service.resources()}
    assert rows.keys() == {"doe-2001-descent", "roe-2002-slopes"}
    assert rows["roe-2002-slopes"].claims == 5
    assert [c.id for c in service.resource("doe-2001-descent").note] == ["doe-what"]
    with pytest.raises(QuestionError, match="no resource 'tea'"):
        service.resource("tea")


def test_a_reading_path_by_concept_alias_and_section(small: Assistant, real: Assistant):
    """A concept is found by any of its names, a section by id or title; each step has its reason."""
    path = Service(small).reading_path("steepest descent")
    assert (path.kind, [s.id for s in path.steps]) == ("concept", ["doe-2001-descent", "roe-2002-slopes"])
    assert path.steps[0].reason == "the pictures help"
    with pytest.raises(QuestionError, match="no concept or section is called 'tea'"):
        Service(small).reading_path("tea")
    for section in real.catalogue.section:
        steps = Service(real).reading_path(section.id).steps
        assert 3 <= len(steps) <= 5
        assert all(s.reason for s in steps)
