"""REST: ``POST /ask``, ``/search``, ``/verify``, ``GET /resources``, ``/resources/{id}``, ``/reading-path``.

A FastAPI router, mounted beside the page, under the same guard and the same limits. ``/openapi.json`` describes it,
``/docs`` shows that without any outside request. Errors are ``{"error": "one line"}``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.answers import Answer
from assistant.programs.describing import described
from assistant.programs.limits import Busy, Limits, caller
from assistant.programs.service import MOST_FOUND, Asked, Service, read_asked
from assistant.programs.shapes import Checked, Found, ListedResource, NotedResource, ReadingPath, ToldAnswer
from ingest.errors import IndexError_, QuestionError, UnderhoodError

#: The largest body that is read, in bytes; a saved answer has some ten thousand.
MOST_BYTES = 2 * 2**20

_log = logging.getLogger("underhood.rest")


class Question(BaseModel):
    """A question; ``history`` holds earlier questions or messages, ``resources`` narrows it to these ids."""

    model_config = ConfigDict(extra="allow")
    question: str = Field(examples=["What does momentum add to gradient descent?"])
    history: list[str | dict[str, Any]] = []
    resources: list[str] | None = None


class Search(BaseModel):
    """A question whose nearest claims are wanted."""

    question: str = Field(examples=["vanishing gradients"])
    count: int = Field(5, ge=1, le=MOST_FOUND)
    resources: list[str] | None = None


class Text(BaseModel):
    """Any text with quotations; a saved answer may be sent as it is instead."""

    text: str


class Refusal(BaseModel):
    """Why it was refused: what, where, what to do, on one line."""

    error: str


def router(service: Service, limits: Limits) -> APIRouter:
    """The routes over a service."""
    refusals: dict[int | str, dict[str, Any]] = {
        400: {"model": Refusal, "description": "What was sent cannot be answered"},
        413: {"model": Refusal, "description": "Too large"},
        429: {"model": Refusal, "description": "Too fast, or too many at once"},
        503: {"model": Refusal, "description": "The index cannot be used"},
    }
    routes = APIRouter(responses=refusals, default_response_class=JSONResponse)

    @routes.post("/ask", response_model=ToldAnswer, openapi_extra=_body(Question), summary="A cited answer")
    async def ask(request: Request) -> Response:
        """The answer to a question. With ``Accept: text/event-stream`` its pieces come as events ``piece``, the answer last."""
        return await _guarded(lambda: _ask(request, service, limits))

    @routes.post("/search", response_model=Found, openapi_extra=_body(Search), summary="The nearest claims")
    async def search(request: Request) -> Response:
        """The claims of our notes nearest to a question, each with its citations; no answer is composed."""

        async def run() -> Response:
            raw = await _json(request)
            wanted = raw if isinstance(raw, dict) else {}
            async with limits.turn(caller(request)):
                found = await run_sync(
                    lambda: service.search(wanted.get("question"), wanted.get("count", 5), wanted.get("resources"))
                )
            return JSONResponse(asdict(found))

        return await _guarded(run)

    @routes.post(
        "/verify", response_model=Checked, openapi_extra=_body(ToldAnswer, Text), summary="Quotes checked again"
    )
    async def verify(request: Request) -> Response:
        """The verdict on each citation of a saved answer, or on each quotation of a text, against the readings held here."""

        async def run() -> Response:
            raw = await _json(request)
            async with limits.turn(caller(request)):
                return JSONResponse(asdict(await run_sync(service.verify, raw)))

        return await _guarded(run)

    @routes.get("/resources", response_model=list[ListedResource], summary="The reading list")
    async def resources() -> Response:
        """All resources in the order of the list: what is noted, what is held."""

        async def run() -> Response:
            return JSONResponse([asdict(r) for r in await run_sync(service.resources)])

        return await _guarded(run)

    @routes.get("/resources/{id}", response_model=NotedResource, summary="One resource, with our note")
    async def resource(id: Annotated[str, Path(description="An id of /resources.")]) -> Response:
        """One resource, with all claims of our note on it."""

        async def run() -> Response:
            return JSONResponse(asdict(await run_sync(service.resource, id)))

        return await _guarded(run)

    @routes.get("/reading-path", response_model=ReadingPath, summary="What to read first, and next")
    async def reading_path(topic: Annotated[str, Query(description="A concept or a section of the list.")]) -> Response:
        """The resources on a concept or a section in reading order, each with its reason."""

        async def run() -> Response:
            return JSONResponse(asdict(await run_sync(service.reading_path, topic)))

        return await _guarded(run)

    @routes.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(described(request.app.openapi()))

    return routes


async def _ask(request: Request, service: Service, limits: Limits) -> Response:
    asked = read_asked(await _json(request))
    who = caller(request)
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(_events(service, asked, limits, who), media_type="text/event-stream")
    async with limits.turn(who), aclosing(service.stream(asked)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Answer):
                return JSONResponse(piece.to_json())
            if await request.is_disconnected():  # nobody waits for the rest
                break
    return Response(status_code=499)


async def _events(service: Service, asked: Asked, limits: Limits, who: str) -> AsyncIterator[str]:
    try:
        async with limits.turn(who), aclosing(service.stream(asked)) as pieces:
            async for piece in pieces:
                last = isinstance(piece, Answer)
                yield _event("answer" if last else "piece", piece.to_json() if isinstance(piece, Answer) else piece)
    except UnderhoodError as error:
        yield _event("error", {"error": str(error)})
    except Exception:  # the stream has begun: the status can no longer say it
        _log.exception("a question could not be answered")
        yield _event("error", {"error": "something went wrong while answering; the server's log says what"})


def _event(name: str, data: Any) -> str:
    """A server-sent event (WHATWG HTML, 9.2): JSON holds no line end, so one data line carries it."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def _guarded(run: Callable[[], Any]) -> Response:
    """What ``run`` gives, or our error as one line with its status."""
    try:
        response: Response = await run()
        return response
    except Busy as error:
        return JSONResponse({"error": str(error)}, 429, {"Retry-After": str(error.seconds)})
    except _TooLarge as error:
        return JSONResponse({"error": str(error)}, 413)
    except IndexError_ as error:
        return JSONResponse({"error": str(error)}, 503)
    except UnderhoodError as error:
        return JSONResponse({"error": str(error)}, 404 if "no resource" in str(error) else 400)


class _TooLarge(QuestionError):
    """A body over the limit."""


async def _json(request: Request) -> Any:
    """The body as JSON. Raises QuestionError, and _TooLarge before more than the limit is read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise _TooLarge(f"the body is larger than {MOST_BYTES // 2**20} MB")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"the body is not JSON ({str(error)[:80]})", todo='Send {"question": "…"}') from error


def _body(*shapes: type) -> dict[str, Any]:
    """The OpenAPI description of a body that is one of these shapes; we read it ourselves, to say our own errors."""
    from pydantic import TypeAdapter

    schemas = []
    for shape in shapes:
        schema = TypeAdapter(shape).json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas.append(schema)
    content = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": content}}}}
