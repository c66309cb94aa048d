"""The application around the page: who may come in, what the browser may load, pictures of pages, what can be browsed."""

from __future__ import annotations

import base64
import functools
import json
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.answering import Assistant
from assistant.chat import browse, build, feedback, pictures, readings
from assistant.chat.browse import Allowed
from assistant.chat.door import Shown, read_people
from assistant.chat.serving import application, listen, permissions, refuse_strangers
from ingest.errors import FetchError, ReadingError, SettingsError
from ingest.fetching import Fetched, Validators
from ingest.pipeline import Addition, ingest
from ingest.settings import Settings
from tests.assistant.chat.conftest import SENTENCE, a_pdf, full_answer, page_bytes
from tests.conftest import CATALOGUE, HashingEmbedder, write_corpus


def test_the_page_is_built_over_a_small_index(small: Assistant) -> None:
    """``build`` gives Blocks whose configuration names no address outside this machine."""
    config = json.dumps(build(small).get_config_file(), default=str)
    assert "fonts.googleapis" not in config
    assert "cdn." not in config


def test_a_page_comes_with_its_policy(held: Assistant) -> None:
    """Only scripts with this response's nonce or of this server may run, and nothing else may be reached."""
    response = TestClient(application(held), base_url="http://localhost").get("/")
    policy = response.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert response.text.count(f'<script nonce="{nonce}"') == response.text.count("<script")
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "connect-src 'self'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_names_and_passwords_guard_everything(held: Assistant) -> None:
    """With people named, page, style, pictures and API answer 401 without a right name and password."""
    client = TestClient(application(held, people={"ann": "pass:word"}))
    for path in (
        "/",
        "/config",
        "/underhood-parts/style.css",
        f"/underhood-parts/page/{'0' * 64}/1.png",
        "/gradio_api/info",
    ):
        assert client.get(path).status_code == 401
    wrong = base64.b64encode(b"ann:pass").decode()
    right = base64.b64encode(b"ann:pass:word").decode()
    assert client.get("/", headers={"Authorization": f"Basic {wrong}"}).status_code == 401
    assert (
        client.get("/", headers={"Authorization": "Basic ☃"}.copy() | {"Authorization": "Basic !!"}).status_code == 401
    )
    assert client.get("/", headers={"Authorization": f"Basic {right}"}).status_code == 200


def test_a_file_of_people_is_read_with_care(tmp_path: Path) -> None:
    """Lines of name:password; a file that others may read, a broken line and an empty file are refused by name."""
    path = tmp_path / "people"
    path.write_text("# class of 2026\nann:one\n\nbob:two:three\n", "utf-8")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_people(path)
    path.chmod(0o600)
    assert read_people(path) == {"ann": "one", "bob": "two:three"}
    path.write_text("ann\n", "utf-8")
    with pytest.raises(SettingsError, match="people:1"):
        read_people(path)
    path.write_text("", "utf-8")
    with pytest.raises(SettingsError, match="names nobody"):
        read_people(path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_a_public_address_needs_a_password(host: str) -> None:
    """An address that others reach is refused without people, and allowed with them; loopback needs none."""
    with pytest.raises(SettingsError, match="--auth FILE"):
        refuse_strangers(host, guarded=False)
    refuse_strangers(host, guarded=True)
    refuse_strangers("127.0.0.1", guarded=False)
    refuse_strangers("::1", guarded=False)
    refuse_strangers("localhost", guarded=False)


def test_a_taken_port_is_named() -> None:
    """Where the port is taken, the error says which and what to do."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match="--port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_a_quote_has_its_page_and_its_words_lit(held: Assistant) -> None:
    """The picture of a quote's page is a PNG, and the boxes lie inside it where the words are."""
    answer = held.ask("What is momentum?")
    quote = next(c.quote for c in answer.citations if c.quote)
    (picture,) = pictures.Pages(held).of(quote)
    assert picture.page == 1
    assert picture.boxes
    assert all(0 <= b.left <= b.left + b.width <= 100 and 0 <= b.top <= b.top + b.height <= 100 for b in picture.boxes)
    client = TestClient(application(held), base_url="http://localhost")
    first = client.get(f"/{picture.url}")
    assert first.status_code == 200
    assert first.content.startswith(b"\x89PNG")
    assert client.get(f"/{picture.url}").content == first.content


def test_pages_that_are_not_here_are_not_found(held: Assistant) -> None:
    """Another file's hash, a path in its place, and a page beyond the last are 404, not errors."""
    client = TestClient(application(held), base_url="http://localhost")
    for path in (f"{'0' * 64}/1.png", f"{page_bytes(held)}/99.png", "..%2f..%2fetc%2fpasswd/1.png"):
        assert client.get(f"/underhood-parts/page/{path}").status_code == 404


def test_a_broken_pdf_costs_its_own_picture_only(tmp_path: Path) -> None:
    """Drawing happens in a process of its own: bytes that are no PDF raise ReadingError."""
    path = tmp_path / "broken"
    path.write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(ReadingError, match="cannot be drawn"):
        pictures.draw(path, 1, "x/broken.pdf")


def test_the_list_shows_every_resource_with_what_is_held(held: Assistant) -> None:
    """The list has each resource once in each of its sections, what is read here, and how sure its identity is."""
    html = browse.view(held, "list")
    assert html.count('data-id="roe-2002-slopes"') == 1
    assert "read here" in html
    assert "a guess" in html
    assert browse.known(held) == browse.Known(resources=2, noted=1, claims=7, held=1)


def test_a_resource_and_a_concept_have_their_pages(held: Assistant) -> None:
    """A resource shows its note and can be asked about; a concept its reading path with reasons; others say so."""
    resource = browse.view(held, "resource", "doe-2001-descent")
    assert "hiker in the fog" in resource
    assert 'data-scope="doe-2001-descent"' in resource
    concept = browse.view(held, "concept", "gradient-descent")
    assert "First, because: the pictures help" in concept
    assert "Then: goes deeper" in concept
    assert "There is no resource" in browse.view(held, "resource", "<script>")
    assert "<script>" not in browse.view(held, "resource", "<script>")
    assert "momentum" in browse.view(held, "concepts")


def test_a_start_without_readings_says_how_to_bring_them(small: Assistant) -> None:
    """Where nothing is held, the first view says so once, and leads to where readings are brought."""
    html = browse.examples(small)
    assert "not here yet" in html
    assert 'data-open="readings"' in html
    assert "underhood ingest --readings DIR" in browse.view(small, "readings")


FETCH = """
[[resource.fetch]]
url = "http://example.invalid/a.pdf"
edition = "first"
bytes = 1500000

[[resource.fetch]]
url = "http://example.invalid/<b>.pdf"
edition = "second"
"""


@pytest.fixture
def free(tmp_path: Path) -> Assistant:
    """An assistant whose list offers two files of one resource."""
    catalogue = CATALOGUE.replace('access = "by hand"', 'access = "fetch"' + FETCH, 1)
    settings = Settings(home=tmp_path / "home", corpus=write_corpus(tmp_path / "corpus", catalogue=catalogue))
    ingest(settings, embedder=HashingEmbedder())
    return Assistant.open(settings, embedder=HashingEmbedder())


def test_the_readings_view_says_how_many_how_large_and_under_which_licence(free: Assistant) -> None:
    """It counts files and resources, adds up the sizes that are known, names licences, and offers what is allowed."""
    html = browse.view(free, "readings", allowed=Allowed(fetch=True))
    assert "1 resource can be read freely, in 2 files; 2 of them are not here" in html
    assert "We know the size of 1, 1.5 MB together" in html
    assert "1 × CC BY 4.0" in html
    assert "Fetch the free readings" in html
    assert "data-fetch" not in browse.view(free, "readings")
    assert "underhood ingest --fetch" in browse.view(free, "readings")
    assert 'data-fetch="doe-2001-descent"' in browse.view(free, "resource", "doe-2001-descent", Allowed(fetch=True))


class _Web:
    """An ordinary fetcher that needs no network: one file comes, the other is refused."""

    def __enter__(self) -> _Web:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def fetch(self, url: str, known: object) -> Fetched:
        if url.endswith("a.pdf"):
            return Fetched("a.pdf", a_pdf(SENTENCE), Validators(url, None, None))
        raise FetchError("robots.txt forbids it")


def test_free_readings_are_fetched_with_progress(free: Assistant) -> None:
    """What comes is held at once; what could not be had is named with its reason; others may watch meanwhile."""
    seen: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.fetching.Fetcher", lambda check: _Web())
        patch.setattr(readings, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
        end = readings.fetch(free.settings, "doe-2001-descent", lambda: None, lambda *stage: seen.append(stage))
    assert ("fetching", 2, 2) in seen
    assert end.text == "1 file fetched; 1 could not be taken."
    assert "robots.txt forbids it" in end.problems[0]
    assert browse.known(free).held == 1


def test_work_on_readings_is_one_at_a_time_and_everybody_sees_it() -> None:
    """A second piece of work does not begin while one runs; all who watch see its last stage; a fault ends it."""
    bringing, going = readings.Bringing(), threading.Event()

    def work(progress: readings.Progress) -> readings.Stage:
        progress("fetching", 1, 2)
        going.wait(10)
        return readings.Stage("Done.", over=True)

    assert list(bringing.watch()) == []
    assert bringing.start("Begun", work)
    assert not bringing.start("Second", work)
    going.set()
    assert [list(bringing.watch())[-1].text for _ in range(2)] == ["Done.", "Done."]
    assert bringing.start("Third", lambda _: 1 / 0)  # type: ignore[arg-type,return-value]
    last = list(bringing.watch())[-1]
    assert last.over
    assert "ZeroDivisionError" in last.text


def test_only_pdfs_of_a_fair_size_are_taken(settings: Settings, tmp_path: Path) -> None:
    """A file that is no PDF is refused in words, and nothing is ingested."""
    path = tmp_path / "notes.pdf"
    path.write_text("not a PDF", "utf-8")
    with pytest.raises(ReadingError, match="not a PDF"):
        readings.add(settings, Addition(path, "doe-2001-descent"), lambda *_: None)
    assert not settings.index.exists()


def test_a_pdf_added_from_the_page_is_held_at_once_and_goes_again(
    small: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PDF can be quoted from at once, under a plain name; removing it leaves nothing; a damaged one says why."""
    monkeypatch.setattr(readings, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
    path = tmp_path / "my .._own <b>.pdf"
    path.write_bytes(a_pdf(SENTENCE))
    assert readings.add(small.settings, Addition(path, "roe-2002-slopes"), lambda *_: None).text.startswith("Added;")
    assert browse.known(small).held == 1
    assert "&lt;b&gt;" not in browse.view(small, "resource", "roe-2002-slopes")
    assert readings.remove(small.settings, "roe-2002-slopes").text == "Removed: 1 reading."
    assert browse.known(small).held == 0
    with pytest.raises(ReadingError):
        readings.remove(small.settings, "roe-2002-slopes")
    path.write_bytes(b"%PDF-1.7 broken")
    with pytest.raises(ReadingError):
        readings.add(small.settings, Addition(path, "roe-2002-slopes"), lambda *_: None)


def test_a_pdf_of_ones_own_becomes_a_resource(
    small: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a title it is a resource of its own, listed and asked about like the others; ids never clash."""
    monkeypatch.setattr(readings, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
    path = tmp_path / "x.pdf"
    path.write_bytes(a_pdf(SENTENCE))
    title = "Ünder the <b>Hood</b>"
    own = readings.new_id(title, small.catalogue.by_id.__contains__)
    assert own == "under-the-b-hood-b"
    assert readings.new_id(title, {own}.__contains__) == f"{own}-2"
    assert readings.new_id("你好", set[str]().__contains__) == "own-reading"
    readings.add(small.settings, Addition(path, own, title, ("Jane Doe",), 2020), lambda *_: None)
    assert "Ünder the &lt;b&gt;Hood" in browse.view(small, "resource", own)


def test_a_person_gets_their_own_remarks_and_nobody_elses(held: Assistant) -> None:
    """The remarks of a token are given out as JSONL; without a token there are none."""
    feedback.record(held.settings, "token-a", full_answer("What?"), "down", "mine")
    client = TestClient(application(held), base_url="http://localhost")
    rows = client.post("/underhood-parts/remarks", json={"who": "token-a"}).text.splitlines()
    assert [json.loads(row)["reason"] for row in rows] == ["mine"]
    assert client.post("/underhood-parts/remarks", json={"who": ""}).text == ""
    feedback.forget(held.settings, "token-a")


def test_a_page_can_tell_one_start_of_the_server_from_another(held: Assistant) -> None:
    """The same application always says the same; another start says another."""
    client = TestClient(application(held), base_url="http://localhost")
    assert client.get("/underhood-parts/alive").text == client.get("/underhood-parts/alive").text
    assert (
        client.get("/underhood-parts/alive").text
        != TestClient(application(held), base_url="http://localhost").get("/underhood-parts/alive").text
    )


@pytest.mark.parametrize(
    ("host", "guarded", "root_path", "uploads", "fetch"),
    [
        ("127.0.0.1", False, None, False, True),
        ("127.0.0.1", False, "/behind-a-proxy", False, False),
        ("127.0.0.1", True, None, False, False),
        ("0.0.0.0", True, None, False, False),
        ("0.0.0.0", True, None, True, True),
    ],
)
def test_who_may_change_what(host: str, guarded: bool, root_path: str | None, uploads: bool, fetch: bool) -> None:
    """Fetching is for a page that nobody else reaches, and where uploads are allowed; uploads only by their flag."""
    assert permissions(host, guarded=guarded, root_path=root_path, uploads=uploads) == Allowed(fetch, uploads)


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "class.example"])
def test_own_names_are_answered_to(held: Assistant, host: str) -> None:
    """This machine's own names, with and without a port, and the one a proxy shows the page under."""
    client = TestClient(application(held, shown=Shown.at("https://class.example/underhood")))
    assert client.get("/resources", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:7860", "localhost.evil.example", "192.168.1.5", ""]
)
def test_a_strange_name_is_refused_in_one_line(held: Assistant, host: str) -> None:
    """Under a stranger's name (DNS rebinding) page, API and MCP answer 421, and nothing of what is here."""
    client = TestClient(application(held))
    for path in ("/", "/config", "/resources", "/mcp", "/underhood-parts/alive"):
        answer = client.get(path, headers={"Host": host, "X-Forwarded-Host": "localhost"})
        assert answer.status_code == 421
        assert "\n" not in answer.text
    assert "--root-path" in answer.text


def test_with_names_and_passwords_any_name_will_do(held: Assistant) -> None:
    """A page behind passwords is answered under every name."""
    client = TestClient(application(held, people={"ann": "one"}))
    right = base64.b64encode(b"ann:one").decode()
    assert client.get("/resources", headers={"Host": "x.org", "Authorization": f"Basic {right}"}).status_code == 200


def test_a_prefix_may_stay_in_the_path(held: Assistant) -> None:
    """With a root path, the same is answered with and without it; without its last slash it leads on."""
    client = TestClient(application(held, shown=Shown.at("/underhood/")), base_url="http://localhost")
    for path in ("/resources", "/underhood/resources", "/underhood/underhood-parts/style.css"):
        assert client.get(path).status_code == 200
    assert client.get("/underhood", follow_redirects=False).headers["location"] == "/underhood/"
    assert '<base href="/underhood/" />' in client.get("/underhood/").text
    assert client.get("/elsewhere/resources").status_code == 404


@pytest.mark.parametrize("said", ["underhood", "ftp://x.org/a", "/a?b", "//x.org/a", "http:///a", "https://[::1/a"])
def test_a_root_path_is_a_path_or_an_address(said: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(SettingsError, match="--root-path"):
        Shown.at(said)


def test_the_page_names_nobody_elses_addresses(held: Assistant) -> None:
    """No card of Gradio's for sharing, no manifest beside the prefix, no address that the server believes to be its own."""
    html = TestClient(application(held), base_url="http://localhost:1234").get("/").text
    for foreign in ("raw.githubusercontent", "gradio.app", "manifest.json", "localhost:1234"):
        assert foreign not in html


def test_fetching_can_be_stopped_and_goes_on(free: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between two files: the first is kept, the index as it was; fetching again takes it in."""
    bringing = readings.Bringing()

    class Slow(_Web):
        def fetch(self, url: str, known: object) -> Fetched:
            bringing.stop()
            return super().fetch(url, known)

    monkeypatch.setattr("ingest.fetching.Fetcher", lambda check: Slow())
    monkeypatch.setattr(readings, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
    assert bringing.start("Asking", functools.partial(readings.fetch, free.settings, "", bringing.check))
    stages = list(bringing.watch())
    assert stages[-1].text == "Stopped. Files that came whole are kept, and are read when you fetch again."
    assert browse.known(free).held == 0
    assert browse.free(free).missing == 1
    monkeypatch.setattr("ingest.fetching.Fetcher", lambda check: _Web())
    assert readings.fetch(free.settings, "", lambda: None, lambda *_: None).over
    assert browse.known(free).held == 1


def test_stopping_nothing_is_nothing() -> None:
    """Where no work is going on, stop does nothing, and the next work is not stopped by it."""
    bringing = readings.Bringing()
    bringing.stop()
    assert bringing.start("Begun", lambda progress: readings.Stage("Done.", over=True))
    assert list(bringing.watch())[-1].text == "Done."
