"""The application around the page: who may come in, what the browser may load, pictures of pages, what can be browsed."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.answering import Assistant
from assistant.chat import browse, build, pictures, uploads
from assistant.chat.serving import application, listen, read_people, refuse_strangers
from ingest.errors import ReadingError, SettingsError
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.assistant.chat.conftest import SENTENCE, a_pdf, page_bytes
from tests.conftest import HashingEmbedder


def test_the_page_is_built_over_a_small_index(small: Assistant) -> None:
    """``build`` gives Blocks whose configuration names no address outside this machine."""
    config = json.dumps(build(small).get_config_file(), default=str)
    assert "fonts.googleapis" not in config
    assert "cdn." not in config


def test_a_page_comes_with_its_policy(held: Assistant) -> None:
    """Only scripts with this response's nonce or of this server may run, and nothing else may be reached."""
    response = TestClient(application(held)).get("/")
    policy = response.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert response.text.count(f'<script nonce="{nonce}"') == response.text.count("<script")
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "connect-src 'self'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_names_and_passwords_guard_everything(held: Assistant) -> None:
    """With people named, page, style, pictures and API answer 401 without a right name and password."""
    client = TestClient(application(held, people={"ann": "pass:word"}))
    for path in ("/", "/config", "/underhood/style.css", f"/underhood/page/{'0' * 64}/1.png", "/gradio_api/info"):
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
    client = TestClient(application(held))
    first = client.get(f"/{picture.url}")
    assert first.status_code == 200
    assert first.content.startswith(b"\x89PNG")
    assert client.get(f"/{picture.url}").content == first.content


def test_pages_that_are_not_here_are_not_found(held: Assistant) -> None:
    """Another file's hash, a path in its place, and a page beyond the last are 404, not errors."""
    client = TestClient(application(held))
    for path in (f"{'0' * 64}/1.png", f"{page_bytes(held)}/99.png", "..%2f..%2fetc%2fpasswd/1.png"):
        assert client.get(f"/underhood/page/{path}").status_code == 404


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
    """Where nothing is held, the first view says so once, with the command."""
    assert "underhood ingest --readings DIR" in browse.start(small)


def test_only_pdfs_of_a_fair_size_are_taken(settings: Settings, tmp_path: Path) -> None:
    """A file that is no PDF is refused in words, and nothing is ingested."""
    path = tmp_path / "notes.pdf"
    path.write_text("not a PDF", "utf-8")
    assert list(uploads.add(settings, "doe-2001-descent", path)) == ["Not added. it is not a PDF"]
    assert not settings.index.exists()


def test_a_pdf_added_from_the_page_is_held_at_once_and_goes_again(
    small: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PDF is read with progress and can be quoted from; removing it leaves nothing; a damaged one says why."""
    monkeypatch.setattr(uploads, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
    path = tmp_path / "my ../own <b>.pdf".replace("/", "_")
    path.write_bytes(a_pdf(SENTENCE))
    lines = list(uploads.add(small.settings, "roe-2002-slopes", path))
    assert lines[0] == "Reading the file …"
    assert lines[-1] == "Added; you can ask about it now."
    assert browse.known(small).held == 1
    assert uploads.remove(small.settings, "roe-2002-slopes") == "Removed: 1 reading."
    assert browse.known(small).held == 0
    assert uploads.remove(small.settings, "roe-2002-slopes").startswith("Not removed.")
    path.write_bytes(b"%PDF-1.7 broken")
    assert list(uploads.add(small.settings, "roe-2002-slopes", path))[-1].startswith("Not added.")
