"""A small reverse proxy on this machine, as a class's server has one before the page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length"}


def proxy(upstream: str, prefix: str, *, strips: bool, passes_host: bool) -> Starlette:
    """Shows ``upstream`` under ``prefix`` and nothing anywhere else.

    ``strips``: takes the prefix away before it asks; ``passes_host``: asks under the name it was asked by, as Caddy
    does, not under the upstream's own, as nginx does.
    """
    client = httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=200))

    async def forward(request: Request) -> Response:
        path = request.url.path.removeprefix(prefix) if strips else request.url.path
        headers = [(k, v) for k, v in request.headers.items() if k not in _HOP]
        headers += [("host", request.headers["host"])] if passes_host else []
        asked = client.build_request(
            request.method, f"{upstream}{path}", params=request.query_params, headers=headers, content=request.stream()
        )
        answer = await client.send(asked, stream=True)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for part in answer.aiter_raw():
                    yield part
            finally:
                await answer.aclose()

        kept = {k: v for k, v in answer.headers.items() if k not in _HOP}
        return StreamingResponse(body(), answer.status_code, kept)

    async def elsewhere(_: Request) -> Response:
        return PlainTextResponse("another site", 404)

    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]
    return Starlette(
        routes=[
            Route(f"{prefix}{{rest:path}}", forward, methods=methods),
            Route("/{rest:path}", elsewhere, methods=methods),
        ]
    )
