"""MCP (assistant/programs/mcp.py), by the SDK's own client: in memory, over stdio and over streamable HTTP."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from assistant.answering import Assistant
from assistant.chat.serving import application
from assistant.programs.mcp import server
from assistant.programs.service import Service
from ingest.settings import Settings
from tests.conftest import ROOT, waited

TOOLS = ["ask", "search", "verify", "resource", "reading_path"]


@pytest.fixture
def address(small: Assistant) -> Iterator[str]:
    """The application over a real socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(application(small), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    thread.join(10)


def test_tools_and_resources(small: Assistant):
    """Each tool is described, read-only and typed; the list is there as resources; errors are our one line."""

    async def go() -> None:
        async with Client(server(Service(small))) as client:
            tools = (await client.list_tools()).tools
            assert [t.name for t in tools] == TOOLS
            assert all(t.description and t.output_schema and t.annotations.read_only_hint for t in tools)
            answer = (await client.call_tool("ask", {"question": "What is momentum?"})).structured_content
            assert {**answer, "timings_ms": 0} == {**_python(small, "What is momentum?"), "timings_ms": 0}
            checked = await client.call_tool("verify", {"answer": answer})
            assert checked.structured_content["failed"] == 0
            found = await client.call_tool("search", {"question": "momentum", "count": 1})
            assert len(found.structured_content["claims"]) == 1
            path = await client.call_tool("reading_path", {"topic": "heavy ball"})
            assert path.structured_content["steps"][0]["id"] == "roe-2002-slopes"
            for tool, arguments, said in (
                ("ask", {"question": " "}, "the question is empty"),
                ("ask", {"question": 5}, "a question is text, not int"),
                ("resource", {"id": "tea"}, "no resource 'tea' in the list. See: underhood readings"),
                ("verify", {"answer": {"schema_version": 9}}, "schema_version 9 is not known"),
            ):
                refused = await client.call_tool(tool, arguments)
                assert refused.is_error
                assert refused.content[0].text.startswith(said)
            listed = (await client.list_resources()).resources
            assert {str(r.uri) for r in listed} == {
                f"underhood://resources/{r}" for r in ("doe-2001-descent", "roe-2002-slopes")
            }
            read = await client.read_resource("underhood://resources/doe-2001-descent")
            assert json.loads(read.contents[0].text)["note"][0]["id"] == "doe-what"

    waited(go)


def test_over_streamable_http(address: str, small: Assistant):
    """Mounted beside the page: the same answer over a real connection."""

    async def go() -> Any:
        async with Client(f"{address}/mcp") as client:
            return (await client.call_tool("ask", {"question": "What is momentum?"})).structured_content

    assert {**waited(go), "timings_ms": 0} == {**_python(small, "What is momentum?"), "timings_ms": 0}


def test_over_stdio(real_settings: Settings, real: Assistant):
    """``underhood mcp`` as a client starts it: nothing but the protocol on its output, the same answer."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "assistant.cli", "mcp"],
        env={**os.environ, "UNDERHOOD_HOME": str(real_settings.home), "PYTHONPATH": str(ROOT)},
        cwd=str(ROOT),
    )

    async def go() -> Any:
        async with Client(started) as client:
            assert [t.name for t in (await client.list_tools()).tools] == TOOLS
            return (await client.call_tool("ask", {"question": "What is dropout?"})).structured_content

    assert waited(go)["statements"] == _python(real, "What is dropout?")["statements"]


def _python(assistant: Assistant, question: str) -> Any:
    return json.loads(json.dumps(assistant.ask(question).to_json()))
