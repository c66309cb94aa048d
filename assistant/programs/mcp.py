"""MCP: the assistant as a server of the Model Context Protocol, by the official SDK, over stdio or streamable HTTP.

Tools: ask, search, verify, resource, reading_path. Resources: the entries of the list, ``underhood://resources/{id}``.
This module alone imports the SDK, which comes with ``pip install 'underhood[mcp]'``; ask ``mcp_installed()`` first.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import FastAPI
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import WithJsonSchema

from assistant import __version__
from assistant.answering import Assistant
from assistant.programs.limits import Limits, caller
from assistant.programs.service import MOST_FOUND, Service, read_asked
from assistant.programs.shapes import Checked, Found, NotedResource, ReadingPath, ToldAnswer
from ingest.errors import UnderhoodError

INSTRUCTIONS = (
    "Underhood answers questions about deep learning (up to spring 2018) from a curated reading list. Every sentence of an "
    "answer is cited; `voice` says whose words it is, `check` what was checked of a citation. It declines what it does not "
    "know: pass that on instead of filling the gap."
)


def _described(schema: str, what: str, **more: Any) -> WithJsonSchema:
    """Any value, described as ``schema``: what is wrong with it we say ourselves, in the same words everywhere."""
    return WithJsonSchema({"type": schema, "description": what, **more})


Question = Annotated[Any, _described("string", "The question, in plain words.")]
History = Annotated[
    Any, _described("array", "Earlier questions of the conversation, oldest first.", items={"type": "string"})
]
Only = Annotated[
    Any, _described("array", "Ids of resources to narrow it to; leave out for all.", items={"type": "string"})
]
Count = Annotated[Any, _described("integer", "How many claims.", minimum=1, maximum=MOST_FOUND)]
Id = Annotated[Any, _described("string", "The id of a resource, such as ruder-2016-gradient-descent.")]
Topic = Annotated[Any, _described("string", "A concept by name, or a section of the list.")]
Saved = Annotated[
    Any,
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "object"}], "description": "A text with quotations, or a saved answer."}
    ),
]


def server(service: Service, limits: Limits | None = None) -> MCPServer:
    """The MCP server over a service, under ``limits`` where it is reached over HTTP."""
    made = MCPServer(
        "underhood", title="Underhood", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    async def result(
        context: Context, work: Callable[[], dict[str, Any]], text: Callable[[dict[str, Any]], str] = _dumped
    ) -> CallToolResult:
        request = context.request_context.request
        try:
            async with limits.turn(caller(request)) if limits and request else nullcontext():
                value = await run_sync(work)
        except UnderhoodError as error:
            return CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)
        return CallToolResult(content=[TextContent(type="text", text=text(value))], structured_content=value)

    @made.tool(annotations=read_only, title="Ask the reading list")
    async def ask(
        context: Context, question: Question, history: History = None, resources: Only = None
    ) -> Annotated[CallToolResult, ToldAnswer]:
        """A cited answer to a question on deep learning, or an honest refusal with the nearest resources."""
        raw = {"question": question, "history": history, "resources": resources}
        return await result(context, lambda: service.ask(read_asked(raw)).to_json(), _as_text)

    @made.tool(annotations=read_only, title="Find claims")
    async def search(
        context: Context, question: Question, count: Count = 5, resources: Only = None
    ) -> Annotated[CallToolResult, Found]:
        """The claims of the study notes nearest to a question, each with its citations; no answer is composed."""
        return await result(context, lambda: _plain(asdict(service.search(question, count, resources))))

    @made.tool(annotations=read_only, title="Verify quotations")
    async def verify(context: Context, answer: Saved) -> Annotated[CallToolResult, Checked]:
        """Whether quoted words are where an answer, or any text, says they are."""
        return await result(context, lambda: _plain(asdict(service.verify(answer))))

    @made.tool(annotations=read_only, title="A resource of the list")
    async def resource(context: Context, id: Id) -> Annotated[CallToolResult, NotedResource]:
        """One of the 47 resources: what it is, where it is, and our note on it."""
        return await result(context, lambda: _plain(asdict(service.resource(id))))

    @made.tool(annotations=read_only, title="What to read")
    async def reading_path(context: Context, topic: Topic) -> Annotated[CallToolResult, ReadingPath]:
        """The resources on a concept or a section of the list in reading order, each with its reason."""
        return await result(context, lambda: _plain(asdict(service.reading_path(topic))))

    for entry in service.resources():
        _offer(made, service, entry.id, entry.title, entry.short)

    @made.resource("underhood://resources/{id}", mime_type="application/json", title="A resource of the list")
    def any_resource(id: str) -> str:
        """One of the list with our note on it."""
        try:
            return _dumped(asdict(service.resource(id)))
        except UnderhoodError as error:
            raise ResourceNotFoundError(str(error)) from error

    return made


def _offer(made: MCPServer, service: Service, id_: str, title: str, short: str) -> None:
    """One entry of the list as an MCP resource."""

    @made.resource(
        f"underhood://resources/{id_}", name=id_, title=title, description=short, mime_type="application/json"
    )
    def read() -> str:
        return _dumped(asdict(service.resource(id_)))


def mount(app: FastAPI, service: Service, limits: Limits, *, guarded: bool, host: str | None = None) -> None:
    """Serve MCP at ``/mcp`` of an application. ``guarded``: a password is asked for, so that any host name may be used;
    else this machine's own and ``host``."""
    own = ["127.0.0.1", "localhost", "[::1]", *([host] if host else [])]
    made = server(service, limits)
    served = made.streamable_http_app(
        streamable_http_path="/mcp",
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=not guarded,
            allowed_hosts=[h for name in own for h in (name, f"{name}:*")],
            allowed_origins=[
                o
                for name in own
                for o in (f"http://{name}", f"http://{name}:*", f"https://{name}", f"https://{name}:*")
            ],
        ),
    )
    app.router.routes.extend(served.routes)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(of: Any) -> AsyncIterator[Any]:
        async with before(of) as state, made.session_manager.run():
            yield state

    app.router.lifespan_context = lifespan


def serve(assistant: Assistant) -> None:
    """Serve MCP over standard input and output until the client hangs up."""
    server(Service(assistant)).run("stdio")


def _as_text(answer: dict[str, Any]) -> str:
    """What a model reads of an answer: the text, then a line for each citation."""
    lines = [answer["notice"], "", answer["text"]]
    lines += ["", *(f"[{c['number']}] {c['explanation']} {c['url']}" for c in answer["citations"])]
    return "\n".join(lines).strip()


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    return json.loads(json.dumps(value))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
