"""Vectors on a Chroma server (ingest/index/server.py, vectors.py), with a real one on the loopback address."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import chromadb
import numpy as np
import pytest

from assistant.answering import Assistant
from ingest.errors import ChromaServerError, IndexBroken, IndexOutdated, SettingsError
from ingest.index import server
from ingest.index.generation import current
from ingest.index.reading import Index
from ingest.pipeline import ingest, wanted_stamp
from ingest.settings import Settings
from tests.chroma_server import ChromaServer, free_port
from tests.conftest import HashingEmbedder

PAGE = "# Sloops\n\nA sloop is a sailing boat with one mast and a fore-and-aft rig. Its jib is trimmed by a winch."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    started = ChromaServer(tmp_path_factory.mktemp("chroma"))
    started.start()
    yield started
    started.kill()


@pytest.fixture
def served(settings: Settings, running: ChromaServer) -> Settings:
    return replace(settings, chroma_url=running.url)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "QUESTION_PATIENCE", 0.3)
    monkeypatch.setattr(server, "BUILD_PATIENCE", 0.3)


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    folder = tmp_path / "readings" / "doe-2001-descent"
    folder.mkdir(parents=True)
    (folder / "paper.md").write_text(PAGE)
    return folder.parent


def reworded(settings: Settings, new: str) -> None:
    note = settings.corpus / "notes/concepts/momentum.md"
    lines = note.read_text().splitlines()
    note.write_text("\n".join(f"  ? {new}" if line.startswith("  ? why does momentum") else line for line in lines))


def collections(settings: Settings) -> set[str]:
    """What the server holds of the generations of one home."""
    port = int(str(settings.chroma_url).rsplit(":", 1)[1])
    names = {c.name for c in chromadb.HttpClient("127.0.0.1", port).list_collections()}
    return {n for n in names if (settings.index / n.rpartition(".")[0]).is_dir()}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "host:8000",
        "http://",
        "http://me:secret@host",
        "http://host/path",
        "http://host:99999",
        "http://[x",
    ],
)
def test_only_plain_addresses_are_taken(url: str):
    """Anything but http(s)://host:port is refused with the form to write, and a password is not repeated."""
    with pytest.raises(SettingsError, match=r"UNDERHOOD_CHROMA_URL=.*Write http") as caught:
        server.address(url)
    assert "secret" not in str(caught.value)


def test_addresses_have_their_usual_ports():
    """Chroma's own port, or that of https."""
    assert server.address("http://db") == ("db", 8000, False)
    assert server.address("https://db/") == ("db", 443, True)
    assert server.address("http://[::1]:9000") == ("::1", 9000, False)


def test_a_generation_lives_on_the_server(served: Settings, embedder: HashingEmbedder, readings: Path):
    """Vectors stand on the server under the generation's name, none in the folder; the search finds them there."""
    assert ingest(served, readings=readings, embedder=embedder).published
    folder = current(served.index)
    assert folder is not None
    assert not (folder / "chroma").exists()
    assert collections(served) == {f"{folder.name}.claims", f"{folder.name}.passages"}
    index = Index.open(served.index, wanted_stamp(served, embedder), served.chroma_url)
    ((passage, cosine),) = index.nearest("passages", embedder.encode(["Sloops A sloop is a sailing boat"]), 5)[0]
    assert index.passages([passage])[0].document == "doe-2001-descent/paper.md"
    assert 0.5 < cosine < 1
    index.close()
    assert not ingest(served, embedder=embedder).published


def test_a_change_is_a_new_generation_and_the_oldest_goes(served: Settings, embedder: HashingEmbedder, readings: Path):
    """Rows that did not change are copied on the server; the published generation and its predecessor stay."""
    ingest(served, readings=readings, embedder=embedder)
    seen = [current(served.index)]
    for question in ("Does inertia help?", "Does mass help?", "Does speed help?"):
        reworded(served, question)
        ingest(served, embedder=embedder)
        seen.append(current(served.index))
        note = (served.corpus / "notes/concepts/momentum.md").read_text()
        (served.corpus / "notes/concepts/momentum.md").write_text(note.replace(question, "why does momentum help"))
        index = Index.open(served.index, None, served.chroma_url)
        near = index.nearest("claims", embedder.encode([question]), 1)[0][0]
        assert near[0].startswith("q:momentum-why:")
        assert near[1] == pytest.approx(1, abs=1e-4)
        index.close()
    kept = {f"{folder.name}.{c}" for folder in seen[-2:] if folder for c in ("claims", "passages")}
    assert collections(served) == kept


def test_two_homes_share_a_server(served: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """One home's publishing leaves the other's vectors alone."""
    other = replace(served, home=tmp_path / "other")
    ingest(other, embedder=embedder)
    for question in ("Does inertia help?", "Does mass help?"):
        reworded(served, question)
        ingest(served, embedder=embedder)
    index = Index.open(other.index, None, other.chroma_url)
    assert index.nearest("claims", embedder.encode(["What is momentum?"]), 1)[0]
    index.close()


def test_changing_the_setting_asks_for_an_ingest(served: Settings, embedder: HashingEmbedder):
    """An index with its vectors here is out of date for a server, and the other way; ingest moves them."""
    here = replace(served, chroma_url=None)
    ingest(here, embedder=embedder)
    for settings in (served, here):
        with pytest.raises(IndexOutdated, match="UNDERHOOD_CHROMA_URL"):
            Index.open(settings.index, wanted_stamp(settings, embedder), settings.chroma_url)
        assert ingest(settings, embedder=embedder).published
        Index.open(settings.index, wanted_stamp(settings, embedder), settings.chroma_url).close()


@pytest.mark.usefixtures("impatient")
def test_a_server_that_goes_and_comes(settings: Settings, embedder: HashingEmbedder, readings: Path, tmp_path: Path):
    """While it is away: one line that names it, for questions and ingest; when it is back, all is as before; emptied, built anew."""
    own = ChromaServer(tmp_path / "chroma")
    own.start()
    settings = replace(settings, chroma_url=own.url)
    ingest(settings, readings=readings, embedder=embedder)
    before = current(settings.index)
    index = Index.open(settings.index, None, settings.chroma_url)
    question = embedder.encode(["a sailing boat with one mast"])
    found = index.nearest("passages", question, 3)
    own.kill()
    with pytest.raises(ChromaServerError, match="cannot be reached") as caught:
        index.nearest("passages", question, 3)
    assert "\n" not in str(caught.value)
    reworded(settings, "Does inertia help?")
    with pytest.raises(ChromaServerError, match=f"UNDERHOOD_CHROMA_URL={own.url}"):
        ingest(settings, embedder=embedder)
    assert current(settings.index) == before
    own.start()
    assert index.nearest("passages", question, 3) == found
    assert ingest(settings, embedder=embedder).published
    own.kill()
    shutil.rmtree(own.folder)
    own.start()
    empty = Index.open(settings.index, None, settings.chroma_url)
    with pytest.raises(IndexBroken, match="underhood ingest"):
        empty.nearest("passages", question, 3)
    assert ingest(settings, embedder=embedder).published
    again = Index.open(settings.index, None, settings.chroma_url)
    assert again.nearest("passages", question, 3)[0][0][1] == pytest.approx(found[0][0][1], abs=1e-5)
    own.kill()


@pytest.mark.usefixtures("impatient")
def test_a_full_server_is_said(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A server that cannot write is one line, and the published index stays."""
    own = ChromaServer(tmp_path / "chroma")
    own.start()
    settings = replace(settings, chroma_url=own.url)
    ingest(settings, embedder=embedder)
    before = current(settings.index)
    own.fill()
    reworded(settings, "Does inertia help?")
    with pytest.raises(ChromaServerError) as caught:
        ingest(settings, embedder=embedder)
    own.kill()
    assert "full" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert current(settings.index) == before


class Odd(http.server.BaseHTTPRequestHandler):
    """Something that is no Chroma server of version 1: ``answers`` says what it is."""

    answers = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answers)

    def log_message(self, *_: object) -> None:
        return


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answers", [b'"0.5.23"', b"<html>hello</html>", b""])
def test_another_server_is_not_taken_for_ours(answers: bytes):
    """An older version, a web page and an empty answer are refused with what to run."""
    with http.server.HTTPServer(("127.0.0.1", 0), type("This", (Odd,), {"answers": answers})) as odd:
        threading.Thread(target=odd.serve_forever, daemon=True).start()
        with pytest.raises(ChromaServerError, match=r"not a Chroma server of version 1.*chroma run"):
            server.connect(f"http://127.0.0.1:{odd.server_port}", 0.3)
        odd.shutdown()


def test_a_server_that_goes_right_after_its_version_is_waited_for():
    """It counts as away, not as refusing: an ingest that meets it there goes on when it is back."""

    class Going(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.socket.close()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"1.5.9"')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Going) as going:
        threading.Thread(target=going.handle_request, daemon=True).start()
        with pytest.raises(ChromaServerError, match="cannot be reached"):
            server.connect(f"http://127.0.0.1:{going.server_port}", 0.5)


def test_a_server_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch):
    """A connection without an answer ends by the time-out."""
    import socket

    monkeypatch.setattr(server, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ChromaServerError, match="in time"):
            server.connect(f"http://127.0.0.1:{port}", 0.1)


@pytest.mark.parametrize("where", ["here", "server"])
def test_a_question_survives_the_sweep_of_its_generation(
    where: str, settings: Settings, running: ChromaServer, embedder: HashingEmbedder, readings: Path, monkeypatch
):
    """Where a reader's generation is swept between its steps, the question is asked again of the published one."""
    settings = replace(settings, chroma_url=running.url if where == "server" else None)
    ingest(settings, readings=readings, embedder=embedder)
    assistant = Assistant.open(settings, embedder=embedder)
    first = assistant.index
    found = assistant._state.search.passages
    questions = ["Why use momentum?", "Does inertia help?", "Does mass help?"]

    def sweep_first(evidence):
        while len(questions) > 1:  # two publications later its generation is gone
            note = settings.corpus / "notes/concepts/momentum.md"
            note.write_text(note.read_text().replace(questions.pop(0), questions[0]))
            ingest(settings, embedder=embedder)
        return found(evidence)

    monkeypatch.setattr(assistant._state.search, "passages", sweep_first)
    monkeypatch.setattr("assistant.composing.Composer.draft", lambda self, evidence: self._search.passages(evidence))
    _, _, _, passages = assistant._found("a sailing boat with one mast", [], None)
    assert not first.folder.exists()
    assert passages[0].passage.document == "doe-2001-descent/paper.md"


def test_vectors_are_those_of_the_embedded_engine(served: Settings, embedder: HashingEmbedder, readings: Path):
    """The server and the embedded engine give the same neighbours with the same cosines."""
    here = replace(served, home=served.home / "here", chroma_url=None)
    answers = []
    for settings in (served, here):
        ingest(settings, readings=readings, embedder=embedder)
        index = Index.open(settings.index, None, settings.chroma_url)
        answers.append(index.nearest("claims", embedder.encode(["why gradient descent?", "momentum"]), 8))
        index.close()
    for ours, theirs in zip(*answers, strict=True):
        assert np.allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-5)
