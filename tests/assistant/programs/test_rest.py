"""REST (assistant/programs/rest.py), through the whole application with its guard."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from assistant.answering import Assistant
from assistant.chat.serving import application
from assistant.pacing import A_MINUTE, Pace
from assistant.programs.limits import Busy, Limits
from tests.conftest import waited


@pytest.fixture
def client(small: Assistant) -> Iterator[TestClient]:
    with TestClient(application(small), base_url="http://127.0.0.1") as opened:
        yield opened


def test_an_answer_is_the_one_from_python(client: TestClient, small: Assistant):
    """The JSON is ``Answer.to_json()`` but for timings; a follow-up is understood."""
    raw = client.post("/ask", json={"question": "What is momentum?"}).json()
    wanted = json.loads(json.dumps(small.ask("What is momentum?").to_json()))
    assert {**raw, "timings_ms": 0} == {**wanted, "timings_ms": 0}
    raw = client.post("/ask", json={"question": "why use it?", "history": ["What is momentum?"]}).json()
    assert raw["standalone_question"] == "Why use momentum?"


def test_events_give_the_text_and_then_the_answer(client: TestClient):
    """As server-sent events the pieces joined are the text of the answer that comes last."""
    response = client.post("/ask", json={"question": "What is momentum?"}, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in e.splitlines()) for e in response.text.strip().split("\n\n")]
    answer = json.loads(events[-1]["data"])
    assert events[-1]["event"] == "answer"
    assert "".join(json.loads(e["data"]) for e in events[:-1]) == answer["text"]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/ask", b"{", 400, "the body is not JSON"),
        ("/ask", b"[" * 100_000, 400, "the body is not JSON"),
        ("/ask", b'{"question": " "}', 400, "the question is empty"),
        ("/ask", b'{"question": 5}', 400, "a question is text, not int"),
        ("/ask", b'{"question": "What is momentum?", "resources": ["tea"]}', 400, "no resource 'tea'"),
        ("/ask", b'{"question": "' + b"x" * 3_000_000 + b'"}', 413, "larger than 2 MB"),
        ("/search", b'{"question": "momentum", "count": 0}', 400, '"count" is a number'),
        ("/search", b"[]", 400, "not NoneType"),
        ("/verify", b'{"schema_version": 7}', 400, "schema_version 7 is not known"),
        ("/verify", b"{}", 400, "not an answer"),
    ],
)
def test_bad_input_is_one_line(client: TestClient, path: str, body: bytes, status: int, said: str):
    """Whatever is wrong comes back as ``{"error": one line}``, and nothing breaks."""
    response = client.post(path, content=body)
    error = response.json()["error"]
    assert said in error
    assert "\n" not in error
    assert response.status_code in (status, 404)


def test_a_bad_question_is_an_event_or_a_status(client: TestClient):
    """What is refused before the stream begins has a status, also where events were asked for."""
    response = client.post("/ask", json={"question": ""}, headers={"Accept": "text/event-stream"})
    assert (response.status_code, "the question is empty" in response.json()["error"]) == (400, True)


def test_the_list_is_shown(client: TestClient):
    """Resources, one of them, a reading path; an unknown id is 404."""
    assert [r["id"] for r in client.get("/resources").json()] == ["doe-2001-descent", "roe-2002-slopes"]
    assert client.get("/resources/doe-2001-descent").json()["note"][0]["id"] == "doe-what"
    assert client.get("/resources/tea").status_code == 404
    assert client.get("/reading-path", params={"topic": "momentum"}).json()["steps"][0]["id"] == "roe-2002-slopes"


def test_the_description_validates(client: TestClient):
    """The OpenAPI document is valid, names each route, and its page asks nothing of any other host."""
    document = client.get("/openapi.json").json()
    validate(document)
    assert {"/ask", "/search", "/verify", "/resources", "/resources/{id}", "/reading-path"} == set(document["paths"])
    page = client.get("/docs").text
    assert "/resources/{id}" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_programs_need_the_password_too(small: Assistant):
    """With people named every route answers 401 without a right name and password."""
    right = {"Authorization": "Basic " + base64.b64encode(b"ann:one").decode()}
    with TestClient(application(small, people={"ann": "one"})) as client:
        for path in ("/resources", "/openapi.json", "/docs", "/mcp"):
            assert client.get(path).status_code == 401
        assert client.post("/ask", json={"question": "What is momentum?"}).status_code == 401
        assert client.post("/ask", json={"question": "What is momentum?"}, headers=right).status_code == 200


def test_who_asks_too_fast_waits(client: TestClient):
    """After its questions of a minute a caller gets 429 with the seconds to wait."""
    for _ in range(A_MINUTE):
        assert client.post("/search", json={"question": "momentum"}).status_code == 200
    response = client.post("/search", json={"question": "momentum"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0


def test_more_than_may_wait_are_refused():
    """With all places taken a further caller is refused at once, and served again when one is free."""

    async def go() -> None:
        limits = Limits(Pace(), at_once=1, waiting=0)
        async with limits.turn("a"):
            with pytest.raises(Busy, match="too many questions are waiting"):
                async with limits.turn("b"):
                    pass
        async with limits.turn("b"):
            pass

    waited(go)
