"""Fetching (ingest/fetching.py, connecting.py, addresses.py), against a server that misbehaves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import refusal
from ingest.errors import FetchError
from ingest.fetching import Fetcher, named, user_agent
from tests.ingest.web import BRISK, PAGE, PDF, Web, fetcher, lets_loopback_in, resolver, serving


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def test_a_file_is_fetched_whole_with_its_validators(web: Web):
    """The bytes, a name with the right ending and what the server said of them come back; the request says who asks."""
    with fetcher() as client:
        got = client.fetch(f"{web.root}/paper.pdf")
    assert got is not None
    assert got.data == PDF
    assert got.name == "site.test-paper.pdf"
    assert (got.validators.etag, got.validators.url) == ('"one"', f"{web.root}/paper.pdf")
    headers = dict(web.asked)["/paper.pdf"]
    assert headers["user-agent"] == user_agent()
    assert headers["user-agent"].startswith("Underhood/")
    assert headers["host"] == web.root.removeprefix("http://")


def test_a_size_is_asked_without_the_file(web: Web):
    """HEAD gives the size a server tells; where it tells none, is away or says no to programs, there is none."""
    with fetcher() as asking:
        assert asking.size(f"{web.root}/go?to=/paper.pdf") == len(PDF)
        assert asking.size(f"{web.root}/nothing") is None
        assert asking.size("http://inner.test/paper.pdf") is None
    web.robots = (200, "User-agent: *\nDisallow: /paper.pdf")
    with fetcher() as asking:
        assert asking.size(f"{web.root}/paper.pdf") is None


def test_a_file_that_did_not_change_is_not_sent_again(web: Web):
    """With the validators of the held copy the server says 304, and nothing is returned; other addresses get none."""
    with fetcher() as client:
        got = client.fetch(f"{web.root}/paper.pdf")
        assert got is not None
        assert client.fetch(f"{web.root}/paper.pdf", got.validators) is None
        assert client.fetch(f"{web.root}/shy.pdf", got.validators) is not None
        with pytest.raises(FetchError, match="without having been asked"):
            client.fetch(f"{web.root}/unasked.pdf")
    assert "if-none-match" not in dict(web.asked)["/shy.pdf"]


FAILURES = [
    ("silent.pdf", "was silent"),
    ("stalls.pdf", "was silent"),
    ("drips.pdf", "took more than 1.5 s"),
    ("drips-body.pdf", "took more than 1.5 s"),
    ("endless.pdf", "larger than"),
    ("huge.pdf", "larger than"),
    ("short.pdf", "connection failed"),
    ("cut.pdf", "ends early"),
    ("closes.pdf", "ends early"),
    ("bomb.pdf", "larger than"),
    ("torn.pdf", "ended early"),
    ("brotli.pdf", "packed as 'br'"),
    ("down.pdf", "answered 500"),
    ("missing.pdf", "answered 404"),
    ("paywall.pdf", "promises a PDF, but sends a web page"),
    ("noise", "not a format known here"),
    ("empty", "is empty"),
]


@pytest.mark.parametrize(("path", "says"), FAILURES, ids=[p for p, _ in FAILURES])
def test_a_bad_server_is_one_line_in_bounded_time(web: Web, path: str, says: str):
    """Stalls, lies about size and type, endless bodies, bombs: each is a FetchError of one line that names the address."""
    manners = {"was silent": replace(BRISK, silence=0.4), "took more than 1.5 s": replace(BRISK, seconds=1.5)}
    started = time.monotonic()
    with fetcher(manners.get(says, BRISK)) as client, pytest.raises(FetchError, match=says) as caught:
        client.fetch(f"{web.root}/{path}")
    assert time.monotonic() - started < 20
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{web.root}/{path}: ")


def test_a_failure_that_passes_is_tried_again(web: Web):
    """A 503 is asked for again after a pause, a 404 is not."""
    with fetcher() as client:
        assert client.fetch(f"{web.root}/flaky.pdf") is not None
        with pytest.raises(FetchError, match="404"):
            client.fetch(f"{web.root}/nothing")
    assert web.paths() == ["/flaky.pdf", "/flaky.pdf", "/nothing"]


def test_the_bytes_say_what_a_file_is(web: Web):
    """A PDF called a page is a PDF, a page without a doctype is a page, gzip that nobody asked for is unpacked."""
    with fetcher() as client:
        found = [client.fetch(f"{web.root}/{p}") for p in ("shy", "page", "packed.pdf")]
    assert [f and f.name for f in found] == ["site.test-shy.pdf", "site.test-page.html", "site.test-packed.pdf"]
    assert found[2] is not None
    assert found[2].data == PDF


FORBIDDEN = [
    ("http://inner.test/a.pdf", "a private network"),
    ("http://both.test/a.pdf", "a private network"),
    ("http://cloud.test/latest/meta-data", "metadata"),
    ("http://hidden.test/a.pdf", "a private network"),
    ("http://10.1.2.3/a.pdf", "a private network"),
    ("http://169.254.169.254/latest/meta-data/", "metadata"),
    ("http://[::1]/a.pdf", "this very machine"),
    ("http://[fd00:ec2::254]/", "a private network"),
    ("http://127.0.0.2/a.pdf", "this very machine"),
    ("file:///etc/passwd", "neither http nor https"),
    ("ftp://site.test/a.pdf", "neither http nor https"),
    ("http://me:secret@site.test/a.pdf", "name or password"),
    ("http://nowhere.test/a.pdf", "is not known"),
]


@pytest.mark.parametrize("how", ["straight", "by redirect"])
@pytest.mark.parametrize(("url", "says"), FORBIDDEN, ids=[u for u, _ in FORBIDDEN])
def test_forbidden_addresses_are_never_reached(web: Web, url: str, says: str, how: str):
    """Addresses of this machine and its network, other schemes and passwords are refused, also after a redirect."""
    with fetcher() as client, pytest.raises(FetchError, match=says):
        client.fetch(url if how == "straight" else f"{web.root}/go?to={url}")
    assert web.paths() == ([] if how == "straight" else ["/go"])


def test_the_real_rule_keeps_loopback_out(web: Web):
    """Without a rule of its own a fetcher does not reach this machine, by no setting."""
    with Fetcher(BRISK) as client, pytest.raises(FetchError, match="this very machine"):
        client.fetch(f"http://127.0.0.1:{web.server_port}/paper.pdf")
    assert web.asked == []


def test_redirects_are_few_and_carry_no_cookie(web: Web):
    """Five redirects are followed, six are not; a cookie that was set on the way is not sent on."""
    with fetcher() as client:
        assert client.fetch(f"{web.root}/round?of=4") is not None
        with pytest.raises(FetchError, match="more than 5 redirects"):
            client.fetch(f"{web.root}/round?of=5")
        assert client.fetch(f"{web.root}/go?to=/paper.pdf") is not None
    assert not any({"cookie", "authorization"} & h.keys() for _, h in web.asked)


def test_a_name_is_resolved_once_and_that_address_is_used(web: Web):
    """A name that means another address a moment later gains nothing: what was checked is connected to."""
    answers = iter([["127.0.0.1"], ["127.0.0.1"], ["10.0.0.7"]])
    with Fetcher(BRISK, rule=lets_loopback_in, resolver=lambda name, port: next(answers)) as client:
        assert client.fetch(f"{web.root}/paper.pdf") is not None  # robots.txt and the file
        with pytest.raises(FetchError, match=r"10\.0\.0\.7"):
            client.fetch(f"{web.root}/paper.pdf")


def test_tls_asks_for_the_name_and_not_for_the_address():
    """The certificate is asked for and checked by the host's name, though the connection goes to an address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        seen: list[bytes] = []

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(4096))

        threading.Thread(target=answer, daemon=True).start()
        with fetcher() as client, pytest.raises(FetchError, match=r"robots\.txt cannot be read"):
            client.fetch(f"https://site.test:{listening.getsockname()[1]}/paper.pdf")
    assert b"site.test" in seen[0]


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ((200, "User-agent: *\nDisallow: /private/\n"), True),
        ((200, "User-agent: *\nDisallow: /\n"), False),
        ((200, "User-agent: underhood\nDisallow: /paper.pdf\n\nUser-agent: *\nAllow: /\n"), False),
        ((404, ""), True),
        ((403, ""), False),
        ((500, ""), False),
        ((200, "\x00\xff garbage"), True),
    ],
)
def test_robots_are_honoured(web: Web, robots: tuple[int, str], allowed: bool):
    """What robots.txt forbids, to all or to us by name, is not asked for; where it cannot be read, nothing is."""
    web.robots = robots
    with fetcher() as client:
        if allowed:
            assert client.fetch(f"{web.root}/paper.pdf") is not None
        else:
            with pytest.raises(FetchError, match=r"robots\.txt"):
                client.fetch(f"{web.root}/paper.pdf")
    assert ("/paper.pdf" in web.paths()) == allowed


def test_robots_of_a_redirect_are_asked_too(web: Web):
    """An allowed address that leads to a forbidden one is not followed; robots.txt is read once a host."""
    web.robots = (200, "User-agent: *\nDisallow: /paper.pdf\n")
    with fetcher() as client:
        for _ in range(2):
            with pytest.raises(FetchError, match="asks programs not to"):
                client.fetch(f"{web.root}/go?to=/paper.pdf")
    assert (web.paths(), web.times["/robots.txt"]) == (["/go", "/go"], 1)


def test_a_host_is_given_its_pause(web: Web):
    """Between two requests to one host lies the pause, or its Crawl-delay up to the longest pause."""
    web.robots = (200, "User-agent: *\nCrawl-delay: 1\n")
    started = time.monotonic()
    with fetcher(replace(BRISK, longest_pause=0.4)) as client:
        for _ in range(2):
            assert client.fetch(f"{web.root}/paper.pdf") is not None
    assert time.monotonic() - started >= 0.8


PUBLIC = [ip_network(n) for n in ("8.0.0.0/8", "151.101.0.0/16", "2606:4700::/32", "2a00:1450::/32")]
CLOSED = [
    ip_network(n)
    for n in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "192.0.2.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/127", "fe80::/10", "fc00::/7", "ff00::/8",
        "fec0::/10", "2001:db8::/32",
    )
]  # fmt: skip


@given(st.sampled_from(CLOSED), st.integers(0, 2**128 - 1))
def test_no_closed_network_has_an_open_address(network, at: int):
    """Every address of a closed network is refused, also inside an IPv6 one, and with a scope."""
    address = network[at % network.num_addresses]
    assert refusal(str(address))
    if isinstance(address, IPv4Address):
        n = int(address)
        carriers = (0xFFFF << 32 | n, 0x64FF9B << 96 | n, 0x2002 << 112 | n << 80 | at % 2**80)
        assert all(refusal(str(IPv6Address(c))) for c in carriers)
    else:
        assert refusal(f"{address}%eth0")


@given(st.sampled_from(PUBLIC), st.integers(0, 2**128 - 1))
def test_public_addresses_are_open(network, at: int):
    """Addresses of public networks are let through."""
    assert refusal(str(network[at % network.num_addresses])) is None


@given(st.text(max_size=30))
def test_what_is_no_address_is_refused(text: str):
    """Any text is judged without an error; names are refused, because only addresses are judged."""
    if text.strip("0123456789.:abcdefABCDEF%"):
        assert refusal(text) == "not an internet address" or "%" in text


@given(st.from_regex(r"https?://[a-z]{1,9}\.test/[!-~]{0,160}", fullmatch=True))
def test_names_are_plain_file_names(url: str):
    """A file's name has no slash, no odd sign and the ending of its format, whatever its address holds."""
    try:
        name = named(url, "text/html", PAGE)
    except FetchError:
        return  # an address that promises a PDF
    assert name.endswith(".html")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(name) <= 110
    assert not name.startswith(".")


def test_the_test_resolver_knows_no_other_names():
    """The names used here stand for nothing outside, so that a success above went to the address that was checked."""
    with pytest.raises(OSError, match="unknown"):
        resolver("example.org", 80)
