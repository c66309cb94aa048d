"""The page on the network: one FastAPI application with Gradio's page, page pictures, and the door before them."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import gradio as gr
import uvicorn
from fastapi import Body, FastAPI, HTTPException, Request, Response

from assistant import __version__
from assistant.answering import Assistant
from assistant.chat import feedback
from assistant.chat.browse import NOTHING, Allowed
from assistant.chat.door import Guarded, Shown, is_own, read_people
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
    people, shown_at = read_people(auth) if auth else {}, Shown.at(root_path)
    refuse_strangers(host, bool(people))
    listening = listen(host, port)
    assistant = Assistant.open(settings)
    threading.Thread(target=warm, args=[assistant], daemon=True).start()
    allowed = permissions(host, guarded=bool(people), root_path=root_path, uploads=allow_uploads)
    app = application(assistant, people=people, shown=shown_at, allowed=allowed)
    here = host if host not in ("0.0.0.0", "::") else "127.0.0.1"
    url = f"http://{f'[{here}]' if ':' in here else here}:{listening.getsockname()[1]}{shown_at.prefix}/"
    print(f"Underhood is at {url} (stop it with Ctrl-C)", flush=True)
    if open_page:
        webbrowser.open(url)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


def application(
    assistant: Assistant,
    *,
    people: Mapping[str, str] | None = None,
    shown: Shown = Shown(),  # noqa: B008 - a frozen value
    allowed: Allowed = NOTHING,
) -> FastAPI:
    """The whole application; ``people`` are the names and passwords that may use it (none: everybody on this machine)."""
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

        mcp.mount(app, service, limits, guarded=bool(people), host=shown.host)
    drawer, born = Drawer(assistant.settings), secrets.token_hex(8)

    @app.get("/underhood-parts/alive", include_in_schema=False)
    def alive() -> Response:
        """Which start of the server this is, so that a page knows when its own is gone."""
        return Response(born, media_type="text/plain", headers={"Cache-Control": "no-store"})

    @app.post("/underhood-parts/remarks", include_in_schema=False)
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
        root_path=shown.prefix or None,
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
    app.add_middleware(Guarded, people=dict(people or {}), shown=shown)
    return app


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
