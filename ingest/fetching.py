"""An address of the web to its bytes, politely and safely: the one place that speaks HTTP.

Politely: robots.txt is honoured, one request a host at a time with a pause, a User-Agent that says who asks,
conditional requests, limits of size and time, few retries. Safely: http and https only, a host's address is
checked after its name is resolved and the connection is made to that very address, at every redirect anew;
no cookie, password or proxy of this machine is used; what a file is, its bytes say; no part of a file is
kept. Every failure is a FetchError. Knows nothing of the catalogue or of what is held.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import metadata
from typing import TypeVar
from urllib.robotparser import RobotFileParser

import httpcore
import httpx
import tenacity

from ingest.addresses import refusal
from ingest.connecting import AddressRule, Network, Resolver, Transport, resolve
from ingest.documents import Format
from ingest.errors import FetchError
from ingest.readers import format_of
from ingest.sources import MAX_BYTES

_T = TypeVar("_T")
#: robots.txt files longer than this are cut, as RFC 9309 allows.
ROBOTS_BYTES = 512 * 1024
_ENDINGS: Mapping[Format, str] = {"pdf": ".pdf", "html": ".html", "markdown": ".md", "notebook": ".ipynb"}
_HTML = re.compile(rb"<\s*(!doctype|html|head|body|title|meta|article|div|p)\b", re.I)
_PROMISES_PDF = re.compile(r"\.pdf$|/pdf/", re.I)


@dataclass(frozen=True)
class Manners:
    """How a fetch behaves. Times in seconds.

    ``pause`` between two requests to one host (its Crawl-delay instead, where that is longer, up to
    ``longest_pause``); ``silence`` without a byte, and ``seconds`` for one file with all its retries; ``attempts``
    at a failure that may pass.
    """

    pause: float = 1.0
    longest_pause: float = 30.0
    silence: float = 20.0
    seconds: float = 300.0
    attempts: int = 3
    redirects: int = 5
    most_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Validators:
    """What a server said of the copy that is held: asked again, it may say that nothing changed."""

    url: str
    etag: str | None = None
    modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a conditional request."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {k: v for k, v in named.items() if v}


@dataclass(frozen=True)
class Fetched:
    """A whole file. ``name`` is a file name made of its address, with the ending of what its bytes are."""

    name: str
    data: bytes = field(repr=False)
    validators: Validators


class _Passing(FetchError):
    """A failure that may pass; ``after`` seconds, where the server said so."""

    def __init__(self, what: str, after: float = 0.0) -> None:
        super().__init__(what)
        self.after = after


class _TooLong(FetchError):
    """The time for one file is over."""


def user_agent() -> str:
    """Who asks: the program, its version and what it does."""
    try:
        version = metadata.version("underhood")
    except metadata.PackageNotFoundError:
        version = "0"
    return (
        f"Underhood/{version} (fetches a reading list's free texts for one person's study, when asked to; python-httpx)"
    )


class Fetcher:
    """Fetches files one after another. Close it, or use it in a ``with`` statement.

    ``rule`` says why an address is refused (None: it is not); tests give one that lets their loopback server in.
    ``check`` is called before each request and at each part of a file; what it raises ends the fetch.
    """

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        rule: AddressRule = refusal,
        resolver: Resolver = resolve,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._manners, self._check = manners or Manners(), check
        self._network = Network(rule, resolver)
        self._robots: dict[str, RobotFileParser | FetchError] = {}
        self._asked: dict[str, float] = {}

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        """The client without cookies, proxies, passwords and redirects of its own."""
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return httpx.Client(
            transport=Transport(self._network),
            headers={"User-Agent": user_agent(), "Accept-Encoding": "identity", "Accept": "*/*"},
            cookies=jar,
            trust_env=False,
            follow_redirects=False,
            timeout=self._manners.silence,
        )

    def fetch(self, url: str, held: Validators | None = None) -> Fetched | None:
        """The file at ``url``, or None where the server says that the copy that is ``held`` is still right.

        Raises FetchError, whose line names the address.
        """
        self._network.deadline = time.monotonic() + self._manners.seconds
        try:
            return self._retried(lambda: self._file(url, held))
        except FetchError as error:
            raise FetchError(error.what, where=url, todo=error.todo) from error

    def size(self, url: str) -> int | None:
        """How many bytes a file has, asked by HEAD; None where the server does not tell, or may not be asked."""
        self._network.deadline = time.monotonic() + self._manners.silence
        try:
            with self._followed(url, None, robots=True, method="HEAD") as response:
                _expect_success(response)
                declared = response.headers.get("content-length", "")
        except FetchError:
            return None
        return int(declared) if declared.isdecimal() else None

    def _retried(self, work: Callable[[], _T]) -> _T:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._manners.attempts),
            wait=self._until_next,
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        return retrying(work)

    def _until_next(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _Passing) else 0.0
        return min(self._manners.longest_pause, max(asked, self._manners.pause * 2.0**state.attempt_number))

    def _file(self, url: str, held: Validators | None) -> Fetched | None:
        with self._followed(url, held, robots=True) as response:
            if response.status_code == 304:
                return None
            _expect_success(response)
            data = self._body(response, self._manners.most_bytes)
            final, media = str(response.url), response.headers.get("content-type", "")
            validators = Validators(final, response.headers.get("etag"), response.headers.get("last-modified"))
        return Fetched(named(url, media, data, final), data, validators)

    @contextmanager
    def _followed(
        self, url: str, held: Validators | None, *, robots: bool, method: str = "GET"
    ) -> Iterator[httpx.Response]:
        """The response at the end of the redirects; every step is checked, paused for and, with ``robots``, allowed."""
        target = _address(url)
        for _ in range(self._manners.redirects + 1):
            if robots:
                self._ask_robots(target)
            self._check()
            self._pause(target)
            conditions = held.headers if held and held.url == str(target) else {}
            with self._translated(), self._client.stream(method, target, headers=conditions) as response:
                if response.status_code == 304 and not conditions:
                    raise FetchError("says that nothing changed, without having been asked")
                if not response.has_redirect_location:
                    yield response
                    return
                target = _address(str(target.join(response.headers["location"])))
        raise FetchError(f"leads on through more than {self._manners.redirects} redirects")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the HTTP libraries raise becomes ours."""
        try:
            yield
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            raise self._late() or _Passing(f"was silent for {self._manners.silence:g} s") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise FetchError(f"leads to an address that is none ({error})") from error
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            said = " ".join(str(error).split())[:120] or type(error).__name__
            raise self._late() or _Passing(f"the connection failed ({said})") from error

    def _late(self) -> FetchError | None:
        late = time.monotonic() >= self._network.deadline
        return _TooLong(f"took more than {self._manners.seconds:g} s; nothing of it was kept") if late else None

    def _pause(self, target: httpx.URL) -> None:
        """Wait until this host may be asked again."""
        parser = self._robots.get(_origin(target))
        delay = parser.crawl_delay(user_agent()) if isinstance(parser, RobotFileParser) else None
        pause = max(self._manners.pause, min(float(delay or 0), self._manners.longest_pause))
        last = self._asked.get(target.host)
        if last is not None:
            waited = max(0.0, last + pause - time.monotonic())
            self._network.deadline += waited  # waiting for our own manners is no fault of the server
            time.sleep(waited)
        self._asked[target.host] = time.monotonic()

    def _ask_robots(self, target: httpx.URL) -> None:
        """Raise FetchError where the host's robots.txt forbids this address, or cannot be read."""
        origin = _origin(target)
        if origin not in self._robots:
            try:
                self._robots[origin] = self._retried(lambda: self._read_robots(origin))
            except FetchError as error:
                self._robots[origin] = FetchError(f"robots.txt cannot be read: {error.what}")
        found = self._robots[origin]
        if isinstance(found, FetchError):
            raise FetchError(found.what)
        if not found.can_fetch(user_agent(), str(target)):
            raise FetchError(f"{target.host} asks programs not to fetch it (robots.txt)", todo="Bring it by hand")

    def _read_robots(self, origin: str) -> RobotFileParser:
        """A host's robots.txt; without one (any 4xx but 401, 403) everything is allowed, as RFC 9309 has it."""
        parser = RobotFileParser()
        with self._followed(f"{origin}/robots.txt", None, robots=False) as response:
            if response.status_code in (401, 403):
                lines = ["User-agent: *", "Disallow: /"]
            elif 400 <= response.status_code < 500 and response.status_code != 429:
                lines = []
            else:
                _expect_success(response)
                lines = self._body(response, ROBOTS_BYTES, cut=True).decode("utf-8", "replace").splitlines()
        parser.parse(lines)
        return parser

    def _body(self, response: httpx.Response, most: int, *, cut: bool = False) -> bytes:
        """The whole body, unpacked; FetchError where it is too long (unless ``cut``) or ends early."""
        encoding = response.headers.get("content-encoding", "identity").strip().casefold()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise FetchError(f"is packed as {encoding!r} although that was not asked for")
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in encoding else None
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most and not cut:
            raise FetchError(f"is larger than {most / 2**20:.3g} MB")
        body = bytearray()
        for part in response.iter_raw():
            self._check()
            if self._late():
                raise httpx.ReadTimeout("over")
            try:
                body += unpacker.decompress(part, most - len(body) + 1) if unpacker else part
            except zlib.error as error:
                raise _Passing(f"is packed wrongly ({error})") from error
            if len(body) > most:
                if cut:
                    return bytes(body[:most])
                raise FetchError(f"is larger than {most / 2**20:.3g} MB")
        if unpacker and not unpacker.eof and body:
            raise _Passing("ended early; nothing of it was kept")
        return bytes(body)


def _expect_success(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    said = f"answered {status} {response.reason_phrase}".strip()
    if status in (408, 425, 429, 500, 502, 503, 504):
        after = response.headers.get("retry-after", "")
        raise _Passing(said, float(after) if after.isdecimal() else 0.0)
    raise FetchError(said, todo="See whether the source has moved" if status in (404, 410) else "")


def _address(url: str) -> httpx.URL:
    """The address as httpx has it. Raises FetchError where it is not http or https, or carries a password."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"leads to an address that is none ({error})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError(f"leads to {str(parsed)[:80]}, which is neither http nor https")
    if parsed.userinfo:
        raise FetchError(f"leads to {parsed.host} with a name or password in the address")
    return parsed.copy_with(fragment=None)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def named(url: str, media: str, data: bytes, final: str = "") -> str:
    """A file name for what came from ``url`` (at last from ``final``), with the ending of its format.

    The bytes decide; ``media`` (the Content-Type) is believed only where they agree. Raises FetchError where
    they are no known format, not what was promised, or the beginning of a PDF without its end.
    """
    parsed, path = httpx.URL(url), httpx.URL(final or url).path
    media = media.partition(";")[0].strip().casefold()
    format_ = format_of(data, path)
    textual = b"\x00" not in data[:4096]
    if format_ in (None, "html") and not (format_ == "html" and _HTML.search(data[:4096])):
        format_ = "html" if textual and "html" in media and _HTML.search(data[:4096]) else None
    if not data.strip():
        raise FetchError("is empty")
    is_pdf = b"%PDF-" in data[:1024]
    if not is_pdf and (format_ == "pdf" or media == "application/pdf" or _PROMISES_PDF.search(path)):
        raise FetchError(f"promises a PDF, but sends {'a web page' if format_ == 'html' else 'something else'}")
    if is_pdf and b"%%EOF" not in data.rstrip(b"\0 \t\r\n")[-2048:]:
        raise FetchError("sends a PDF that ends early; nothing of it was kept")
    if format_ is None:
        raise FetchError("is not a format known here (pdf, html, md, ipynb, vtt, srt)")
    return _slug(parsed, _ENDINGS.get(format_, ""))


def _slug(url: httpx.URL, ending: str) -> str:
    query = url.query.decode("ascii", "replace")
    plain = re.sub(r"[^\w.]+", "-", f"{url.host}{url.path}{f'-{query}' if query else ''}", flags=re.A).strip("-.")
    if len(plain) > 100:
        plain = f"{plain[:90]}-{sha256(str(url).encode()).hexdigest()[:8]}"
    return plain if plain.casefold().endswith(ending) else plain + ending
