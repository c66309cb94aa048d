"""A small server on loopback that misbehaves in every way a fetch must survive."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ingest.addresses import refusal
from ingest.fetching import Fetcher, Manners

PDF = b"%PDF-1.4\n" + b"1 0 obj\n<< >>\nendobj\n" * 20 + b"%%EOF\n"
PAGE = b"<!doctype html><html><head><title>Walking</title></head><body><h1>Walking</h1><p>Gradient descent walks downhill.</p></body></html>"
BOMB = gzip.compress(b"%PDF-" + bytes(50_000_000), 1)
#: Short pauses and small files; patient, because the machine that tests run on may be busy.
BRISK = Manners(pause=0.01, longest_pause=0.05, silence=20, seconds=60, attempts=2, most_bytes=200_000)


class Web(ThreadingHTTPServer):
    """The server with what it was asked (``asked``: path and headers) and what its robots.txt says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.times: Counter[str] = Counter()
        self.robots: tuple[int, str] = (404, "")
        self.files: dict[str, tuple[str, bytes]] = {}
        self.end = threading.Event()

    @property
    def root(self) -> str:
        return f"http://site.test:{self.server_port}"

    def paths(self) -> list[str]:
        """What was asked for, but for robots.txt."""
        return [p for p, _ in self.asked if p != "/robots.txt"]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what is tested here."""


class Answers(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *_: object) -> None:
        pass

    def say(self, data: bytes, media: str = "application/pdf", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        named = {"Content-Type": media, "Content-Length": str(len(data))}
        for name, value in {**named, **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        self.server.asked.append((asked.path, {k.casefold(): v for k, v in self.headers.items()}))
        self.server.times[asked.path] += 1
        query = {k: v[0] for k, v in parse_qs(asked.query).items()}
        if asked.path == "/robots.txt":
            status, text = self.server.robots
            self.say(text.encode(), "text/plain", status)
        elif asked.path in self.server.files:
            media, data = self.server.files[asked.path]
            self.say(data, media)
        else:
            getattr(self, "on_" + asked.path.strip("/").partition(".")[0].replace("-", "_"), self.on_missing)(query)

    def on_missing(self, query: dict[str, str]) -> None:
        self.say(b"no", "text/plain", 404)

    def on_paper(self, query: dict[str, str]) -> None:
        if self.headers.get("If-None-Match") == '"one"':
            self.say(b"", status=304)
        else:
            self.say(PDF, ETag='"one"', Last_Modified="Mon, 23 Nov 2026 10:00:00 GMT")

    def on_go(self, query: dict[str, str]) -> None:
        self.say(b"", status=302, Location=query["to"], Set_Cookie="secret=1; Path=/")

    def on_round(self, query: dict[str, str]) -> None:
        n = int(query.get("n", "0"))
        self.say(
            b"", status=302, Location="/paper.pdf" if n == int(query["of"]) else f"/round?n={n + 1}&of={query['of']}"
        )

    def on_silent(self, query: dict[str, str]) -> None:
        self.server.end.wait(5)

    def on_stalls(self, query: dict[str, str]) -> None:
        self.say(PDF[:50], Content_Length="5000")
        self.server.end.wait(5)

    def on_drips(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.end.wait(0.05):
            self.wfile.write(b"X-A: b\r\n")

    def on_drips_body(self, query: dict[str, str]) -> None:
        self.say(b"%PDF-", Content_Length="5000")
        while not self.server.end.wait(0.05):
            self.wfile.write(b"x")

    def on_endless(self, query: dict[str, str]) -> None:
        self.say(b"%PDF-1.4\n", Content_Length="")
        until = time.monotonic() + 5
        while time.monotonic() < until:
            self.wfile.write(b"x" * 50_000)

    def on_huge(self, query: dict[str, str]) -> None:
        self.say(b"%PDF-1.4\n", Content_Length=str(10**12))

    def on_short(self, query: dict[str, str]) -> None:
        self.say(PDF[:100], Content_Length=str(len(PDF)))

    def on_cut(self, query: dict[str, str]) -> None:
        self.say(PDF, Content_Length="100")

    def on_closes(self, query: dict[str, str]) -> None:
        self.say(PDF[:100], Content_Length="")

    def on_packed(self, query: dict[str, str]) -> None:
        self.say(gzip.compress(PDF), Content_Encoding="gzip")

    def on_bomb(self, query: dict[str, str]) -> None:
        self.say(BOMB, Content_Encoding="gzip")

    def on_torn(self, query: dict[str, str]) -> None:
        self.say(gzip.compress(PDF * 50)[:-40], Content_Encoding="gzip")

    def on_brotli(self, query: dict[str, str]) -> None:
        self.say(b"\x00\x01", Content_Encoding="br")

    def on_flaky(self, query: dict[str, str]) -> None:
        if self.server.times["/flaky.pdf"] < 2:
            self.say(b"", status=503, Retry_After="1")
        else:
            self.say(PDF)

    def on_down(self, query: dict[str, str]) -> None:
        self.say(b"", status=500)

    def on_paywall(self, query: dict[str, str]) -> None:
        self.say(PAGE, "application/pdf")

    def on_shy(self, query: dict[str, str]) -> None:
        self.say(PDF, "text/html")

    def on_page(self, query: dict[str, str]) -> None:
        self.say(PAGE.replace(b"<!doctype html><html>", b"\n<!-- made by hand -->\n"), "text/html; charset=utf-8")

    def on_noise(self, query: dict[str, str]) -> None:
        self.say(bytes(range(256)) * 10, "text/html")

    def on_empty(self, query: dict[str, str]) -> None:
        self.say(b"", "text/html")

    def on_unasked(self, query: dict[str, str]) -> None:
        self.say(b"", status=304)


@contextmanager
def serving() -> Iterator[Web]:
    """The server, running."""
    web = Web()
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.end.set()
        web.shutdown()
        web.server_close()


#: Names of the test, and what they stand for.
NAMES = {
    "site.test": ["127.0.0.1"],
    "inner.test": ["10.0.0.7"],
    "both.test": ["127.0.0.1", "192.168.1.1"],
    "cloud.test": ["169.254.169.254"],
    "hidden.test": ["::ffff:10.0.0.7"],
}


def resolver(name: str, port: int) -> list[str]:
    """Addresses of the test's names; an address stands for itself."""
    if name in NAMES:
        return NAMES[name]
    if name.replace(".", "").isdecimal() or ":" in name:
        return [name]
    raise OSError("unknown")


def lets_loopback_in(address: str) -> str | None:
    """The real rule, but for the address that the test's server has."""
    return None if address == "127.0.0.1" else refusal(address)


def fetcher(manners: Manners = BRISK) -> Fetcher:
    """A fetcher that reaches the test's server."""
    return Fetcher(manners, rule=lets_loopback_in, resolver=resolver)
