"""Chroma as a server (``UNDERHOOD_CHROMA_URL``): the connection, its time-outs and retries, its errors as ours.

A server is for a trusted network only: it asks nobody who they are, and advisories against it have no fixed release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ingest.errors import ChromaServerError, SettingsError

_T = TypeVar("_T")
#: Seconds to wait for a connection, and for an answer.
CONNECT, ANSWER = 3.0, 60.0
#: Seconds that a question and a build wait for a server that is away, such as while it restarts.
QUESTION_PATIENCE, BUILD_PATIENCE = 6.0, 60.0
_TODO = "Start it (chroma run --path DIR), check UNDERHOOD_CHROMA_URL, or unset it and run: underhood ingest"


def address(url: str) -> tuple[str, int, bool]:
    """Host, port and whether by TLS. Raises SettingsError for anything but http(s)://host[:port]."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = host and parts.scheme in ("http", "https") and "@" not in parts.netloc
    if not plain or parts.path not in ("", "/") or parts.query or parts.fragment:
        shown = url.rsplit("@", 1)[-1]  # a password is not repeated
        raise SettingsError(
            "it is not the address of a Chroma server",
            where=f"UNDERHOOD_CHROMA_URL={shown}",
            todo="Write http://host:port or https://host:port, without a name, a password or a path",
        )
    assert host is not None
    tls = parts.scheme == "https"
    return host, port or (443 if tls else 8000), tls


def connect(url: str, patience: float) -> Any:
    """A client of the server, with time-outs. Raises SettingsError or ChromaServerError."""
    host, port, tls = address(url)

    def client() -> Any:
        import chromadb
        import httpx
        from chromadb.config import Settings

        shown = f"[{host}]" if ":" in host else host
        version = httpx.get(f"http{'s' * tls}://{shown}:{port}/api/v2/version", timeout=httpx.Timeout(CONNECT))
        if version.status_code != 200 or not version.text.strip('"\n ').startswith("1."):
            raise ChromaServerError(
                "what answers there is not a Chroma server of version 1",
                where=f"UNDERHOOD_CHROMA_URL={url}",
                todo="Run the version that is installed here: chroma run --path DIR",
            )
        try:
            made = chromadb.HttpClient(shown, port, tls, settings=Settings(anonymized_telemetry=False))
        except ValueError as error:  # it says so of a server that went away after it told its version
            raise error.__context__ if isinstance(error.__context__, httpx.TransportError) else error from None
        # Chroma's client waits without end, and has no setting for it.
        made._server._session.timeout = httpx.Timeout(ANSWER, connect=CONNECT)
        return made

    return patiently(client, url, patience)


def patiently(work: Callable[[], _T], url: str, patience: float) -> _T:
    """What ``work`` returns; tried again for ``patience`` seconds while the server is away. Raises ChromaServerError.

    All that is asked of the server may be asked twice. NotFoundError of chromadb passes: what it means the caller knows.
    """
    import httpx
    import tenacity
    from chromadb.errors import ChromaError, NotFoundError

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(patience),
        wait=tenacity.wait_exponential(0.1, max=2.0),
        retry=tenacity.retry_if_exception_type(httpx.TransportError),
        reraise=True,
    )
    where = f"UNDERHOOD_CHROMA_URL={url}"
    try:
        return retrying(work)
    except httpx.TransportError as error:
        slow = isinstance(error, httpx.TimeoutException)
        what = "the Chroma server does not answer in time" if slow else "the Chroma server cannot be reached"
        raise ChromaServerError(f"{what} ({_line(error)})", where=where, todo=_TODO) from error
    except (NotFoundError, ChromaServerError):
        raise
    except (ChromaError, ValueError) as error:
        full = any(word in str(error).casefold() for word in ("full", "no space", "disk i/o", "too large"))
        what, todo = ("the Chroma server's disk is full", "Free some space there, then try again") if full else (
            "the Chroma server refuses", "See its log, then try again"
        )  # fmt: skip
        raise ChromaServerError(f"{what} ({_line(error)})", where=where, todo=todo) from error
    except Exception as error:  # an answer that is no Chroma error reaches us as a bare Exception with its text
        if type(error) is not Exception:
            raise
        raise ChromaServerError(f"the Chroma server fails ({_line(error)})", where=where, todo=_TODO) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
