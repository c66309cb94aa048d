"""The door of the page: who may come in, under which name and path, and what a page on its way out is dressed with.

A Content-Security-Policy keeps the browser to this machine, and forbids inline scripts but those that Gradio itself
wrote into its page (they get a nonce). ``unsafe-eval`` stays, because Gradio compiles event handlers and HTML templates
with ``Function``; inline styles stay, because Svelte sets them. The page takes its root from the browser's own address,
so that it works behind any proxy, whatever that forwards. Knows no Gradio and no index.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.errors import SettingsError

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_SCRIPT = re.compile(rb"<script(?=[\s>])")
# Gradio writes into its page where it believes the page to be, a manifest outside of any prefix, and a card of its own
# for those who share the address.
_BASE = b'<base href="./" />'
_PUT_RIGHT = (
    (re.compile(rb'"root":"[^"]*"\};</script>'), rb'"root":new URL(".",document.baseURI).href.slice(0,-1)};</script>'),
    (re.compile(rb'const root = "[^"]*";'), b"const root = window.gradio_config.root;"),
    (re.compile(rb'<link rel="manifest"[^>]*>|<meta\s+(?:property="og:|name="twitter:)[^>]*>'), b""),
)


@dataclass(frozen=True)
class Shown:
    """Where a proxy shows the page: under the path ``prefix``, and under the name ``host`` where that is known."""

    prefix: str = ""
    host: str | None = None

    @classmethod
    def at(cls, root_path: str | None) -> Shown:
        """What ``--root-path`` says: a path such as ``/underhood``, or a whole address. Raises SettingsError."""
        said = root_path or ""
        try:
            parts = urlsplit(said)
            host = parts.hostname
        except ValueError:
            parts, host = urlsplit("not:one"), None
        whole = parts.scheme in ("http", "https") and host
        path = not parts.scheme and not parts.netloc and parts.path[:1] in ("", "/")
        if not (whole or path) or "?" in said or "#" in said:
            raise SettingsError(
                "neither a path nor a web address",
                where=f"--root-path {root_path}",
                todo="Give /underhood, or the whole https://example.org/underhood",
            )
        return cls(parts.path.rstrip("/"), host)


class Guarded:
    """The door around an application.

    Where there are people, name and password are asked for. Where there are none, only this machine's own names are
    answered to: under another one a stranger's website would reach the page by its visitor's browser (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, people: Mapping[str, str], shown: Shown) -> None:
        self._app, self._people, self._shown = app, people, shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = admitted(headers.get("authorization", ""), self._people)
        if self._people and name is None:
            refusal = Response("Name and password, please.", 401, {"WWW-Authenticate": 'Basic realm="Underhood"'})
            await refusal(scope, receive, send)
        elif not self._people and (line := misdirected(headers.get("host", ""), self._shown.host)):
            await Response(line, 421, media_type="text/plain")(scope, receive, send)
        elif scope["path"] == self._shown.prefix != "":
            await RedirectResponse(f"{self._shown.prefix}/", 307)(scope, receive, send)
        else:
            if self._shown.prefix and scope["path"].startswith(
                f"{self._shown.prefix}/"
            ):  # a proxy that leaves it there
                scope = {**scope, "path": scope["path"].removeprefix(self._shown.prefix)}
            scope["underhood_name"] = name
            await self._app(
                scope, receive, _Dressed(send, self._shown.prefix).send if scope["type"] == "http" else send
            )


def misdirected(host: str, shown: str | None) -> str | None:
    """What is told a request whose Host header names neither this machine nor ``shown``; None where it does."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if is_own(name) or name == shown:
        return None
    return (
        f"This page answers to localhost, not to {name[:100] or 'a request without a name'!r}. Where a proxy shows it "
        "under that name, start it with --root-path and the whole address, such as https://example.org/underhood."
    )


class _Dressed:
    """A response on its way out: headers added; an HTML page put right, and the scripts that are its own get a nonce."""

    def __init__(self, send: Send, prefix: str) -> None:
        self._send, self._body, self._nonce = send, b"", secrets.token_urlsafe(16)
        self._base = b'<base href="%s/" />' % (quote(prefix).encode() or b".")
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
            body = self._body.replace(_BASE, self._base, 1)
            for pattern, right in _PUT_RIGHT:
                body = pattern.sub(right, body)
            body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), body)
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


def is_own(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
