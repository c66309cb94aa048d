"""The page on the network: one FastAPI application with Gradio's page, page pictures, and what guards them.

Everything is answered from this machine. A Content-Security-Policy keeps the browser to that, and forbids inline
scripts but those that Gradio itself wrote into its page (they get a nonce). ``unsafe-eval`` stays, because Gradio
compiles event handlers and HTML templates with ``Function``; inline styles stay, because Svelte sets them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import re
import secrets
import socket
import stat
import threading
import webbrowser
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import gradio as gr
import uvicorn
from fastapi import Body, FastAPI, HTTPException, Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import __version__
from assistant.answering import Assistant
from assistant.chat import feedback
from assistant.chat.browse import NOTHING, Allowed
from assistant.chat.looks import CSS, HEAD, STYLE_ROUTE, page_js, theme
from assistant.chat.page import build
from assistant.chat.pictures import ROUTE, Drawer
from assistant.chat.readings import MOST_MB
from assistant.pacing import Pace
from assistant.programs import mcp_installed, rest
from assistant.programs.limits import Limits
from assistant.programs.service import Service
from ingest.errors import ReadingError, SettingsError, UnderhoodError
from ingest.settings import Settings

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    open_page: bool,
    auth: Path | None,
    root_path: str | None,
    allow_uploads: bool,
) -> None:
    """Serve the page until interrupted."""
    people = read_people(auth) if auth else {}
    refuse_strangers(host, bool(people))
    listening = listen(host, port)
    assistant = Assistant.open(settings)
    threading.Thread(target=warm, args=[assistant], daemon=True).start()
    allowed = permissions(host, guarded=bool(people), root_path=root_path, uploads=allow_uploads)
    app = application(assistant, people=people, root_path=root_path, allowed=allowed)
    shown = host if host not in ("0.0.0.0", "::") else "127.0.0.1"
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}{root_path or ''}/"
    print(f"Underhood is at {url} (stop it with Ctrl-C)", flush=True)
    if open_page:
        webbrowser.open(url)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


def application(
    assistant: Assistant,
    *,
    people: Mapping[str, str] | None = None,
    root_path: str | None = None,
    allowed: Allowed = NOTHING,
) -> FastAPI:
    """The whole application; ``people`` are the names and passwords that may use it (none: everybody)."""
    pace, service = Pace(), Service(assistant)
    app = FastAPI(
        title="Underhood",
        version=__version__,
        description="Cited answers over a reading list on deep learning.",
        docs_url=None,
        redoc_url=None,
    )
    limits = Limits(pace)
    app.include_router(rest.router(service, limits))
    if mcp_installed():
        from assistant.programs import mcp

        mcp.mount(app, service, limits, guarded=bool(people))
    drawer, born = Drawer(assistant.settings), secrets.token_hex(8)

    @app.get("/underhood/alive", include_in_schema=False)
    def alive() -> Response:
        """Which start of the server this is, so that a page knows when its own is gone."""
        return Response(born, media_type="text/plain", headers={"Cache-Control": "no-store"})

    @app.post("/underhood/remarks", include_in_schema=False)
    def remarks(request: Request, who: Annotated[str, Body(embed=True)] = "") -> Response:
        """A person's own remarks, as JSONL."""
        rows = feedback.rows(assistant.settings, str(request.scope.get("underhood_name") or who))
        return Response("".join(f"{row}\n" for row in rows), media_type="application/jsonl")

    @app.get(f"/{ROUTE}/{{sha256}}/{{page}}.png", include_in_schema=False)
    def picture(sha256: str, page: int) -> Response:
        try:
            png = drawer.png(sha256 if re.fullmatch(r"[0-9a-f]{64}", sha256) else "", page)
        except ReadingError as error:
            raise HTTPException(404, error.what) from error
        return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})

    @app.get(f"/{STYLE_ROUTE}", include_in_schema=False)
    def style() -> Response:
        return Response(CSS.read_text("utf-8"), media_type="text/css", headers={"Cache-Control": "no-cache"})

    gr.mount_gradio_app(
        app,
        build(assistant, allowed=allowed, pace=pace),
        path="/",
        root_path=root_path,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=True,
        max_file_size=f"{MOST_MB}mb" if allowed.upload else "1kb",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        js=page_js(),
        head=HEAD,
    )
    app.add_middleware(_Guarded, people=dict(people or {}))
    return app


class _Guarded:
    """Asks for name and password where there are people, and sends the policy with every page."""

    def __init__(self, app: ASGIApp, people: Mapping[str, str]) -> None:
        self._app, self._people = app, people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        name = admitted(Headers(scope=scope).get("authorization", ""), self._people)
        if self._people and name is None:
            refusal = Response("Name and password, please.", 401, {"WWW-Authenticate": 'Basic realm="Underhood"'})
            await refusal(scope, receive, send)
        else:
            scope["underhood_name"] = name
            await self._app(scope, receive, _Dressed(send).send if scope["type"] == "http" else send)


class _Dressed:
    """A response on its way out: headers added; of an HTML page the scripts that are its own get a nonce."""

    def __init__(self, send: Send) -> None:
        self._send, self._body, self._nonce = send, b"", secrets.token_urlsafe(16)
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """One message of the application."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), self._body)
            headers = MutableHeaders(scope=self._start)
            headers["Content-Security-Policy"] = POLICY.format(nonce=self._nonce)
            headers["Content-Length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


def admitted(authorization: str, people: Mapping[str, str]) -> str | None:
    """Who of the people an Authorization header proves to be; None for nobody."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    wanted = people.get(name, "")
    same = hmac.compare_digest(password.encode(), wanted.encode())
    return name if scheme.casefold() == "basic" and wanted and same else None


def read_people(path: Path) -> dict[str, str]:
    """Names and passwords of a file of ``name:password`` lines. Raises SettingsError."""
    try:
        others = stat.S_IMODE(path.stat().st_mode) & 0o077
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read ({error})", where=f"--auth {path}") from error
    if others:
        raise SettingsError("others on this machine can read it", where=f"--auth {path}", todo=f"Run: chmod 600 {path}")
    people: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not (name.strip() and colon and password):
            raise SettingsError("a line is name:password", where=f"--auth {path}:{number}")
        people[name.strip()] = password
    if not people:
        raise SettingsError("it names nobody", where=f"--auth {path}", todo="Write lines of name:password into it")
    return people


def refuse_strangers(host: str, guarded: bool) -> None:
    """Raise SettingsError where the page would stand open to other machines without a password."""
    if not is_own(host) and not guarded:
        raise SettingsError(
            "this address can be reached from other machines, and no password guards the page",
            where=f"--host {host}",
            todo="Give --auth FILE with lines of name:password, or leave --host out",
        )


def permissions(host: str, *, guarded: bool, root_path: str | None, uploads: bool) -> Allowed:
    """What the page may change: readings where ``uploads`` says so; fetching also where nobody else reaches the page."""
    alone = is_own(host) and not guarded and not root_path
    return Allowed(fetch=uploads or alone, upload=uploads)


def is_own(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def warm(assistant: Assistant) -> None:
    """Load what the first question would wait for: model, vectors, words."""
    with contextlib.suppress(UnderhoodError):  # the first question will say it better
        assistant.ask("What is deep learning?")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError where the address cannot be had."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        raise SettingsError(
            f"cannot listen there ({error.strerror or error})",
            where=f"{host}:{port}",
            todo="Give another --port (0 takes a free one)",
        ) from error
