"""An answer with everything in it; the page served to a real browser over the small corpus."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant.answering import Assistant
from assistant.answers import Answer, Citation, Considered, Pointer, Quote, ResourceRef, Statement
from assistant.chat.browse import NOTHING, Allowed
from ingest.documents import Locator
from ingest.notes import Anchor
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.wording import NORMALISATION, digest, norms, short_digest
from tests.conftest import HashingEmbedder, write_corpus

#: Milliseconds to wait for what must come: two cores may be shared with others.
PATIENCE = 60_000
SENTENCE = "A heavy ball remembers where it came from and so it crosses the valley quickly."


def full_answer(text: str = "plain", **changes: Any) -> Answer:
    """An answer in which every text that a stranger could have written is ``text``."""
    resource = ResourceRef("doe-2001-descent", text, text, (text,), 2001, text, "https://example.org/descent", "guess")
    quote = Quote(text or " ", "0" * 64, 0, max(1, len(text)))
    where = Locator(heading=(text,), page=3)
    solid = Citation(
        1,
        resource,
        text,
        where,
        "https://example.org/#page=3",
        "paraphrases",
        "author",
        "c",
        "full text",
        quote,
        "words_found",
    )
    hollow = dataclasses.replace(solid, number=2, quote=None, check="not_held", url="javascript:alert(1)")
    answer = Answer(
        question=text,
        standalone_question=text + " again",
        outcome="partly",
        reason=text,
        confidence=0.5,
        notice=text,
        text=f"{text} [1][2]",
        statements=(
            Statement(text, "note", (1, 2), "linked", text),
            Statement(text, "reading", (1,), "quoted"),
            Statement(text, "model", (2,), "contradicted"),
        ),
        citations=(solid, hollow),
        unanswered=(text,),
        nearest=(Pointer("doe-2001-descent", text),),
        read_next=(Pointer("roe-2002-slopes", text),),
        writer=text,
        warnings=(text,),
        considered=(Considered("c", 0.5, text),),
        timings_ms={"total": 1.0},
    )
    return dataclasses.replace(answer, **changes)


def a_pdf(sentence: str) -> bytes:
    """A page of prose with the sentence in it."""
    fpdf = pytest.importorskip("fpdf")
    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(
        0, 8, f"Momentum and its friends. Plain descent is slow in long valleys. {sentence} The rest is detail."
    )
    out = io.BytesIO()
    pdf.output(out)
    return out.getvalue()


def with_reading(folder: Path) -> Settings:
    """A corpus whose first claim on momentum rests on a sentence of a PDF that is held, ingested."""
    corpus = write_corpus(folder / "corpus")
    words = norms(SENTENCE)
    anchor = Anchor(
        "momentum-what", "roe-2002-slopes", "first", '"Momentum"', len(words), digest(words), short_digest(words),
        NORMALISATION, "2026-11-24",
    )  # fmt: skip
    (corpus / "anchors" / "momentum.jsonl").write_text(json.dumps(dataclasses.asdict(anchor)) + "\n", "utf-8")
    reading = folder / "readings" / "roe-2002-slopes"
    reading.mkdir(parents=True)
    (reading / "slopes.pdf").write_bytes(a_pdf(SENTENCE))
    settings = Settings(home=folder / "home", corpus=corpus)
    ingest(settings, readings=folder / "readings", embedder=HashingEmbedder())
    return settings


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant that holds one reading."""
    return Assistant.open(with_reading(tmp_path_factory.mktemp("held")), embedder=HashingEmbedder())


def page_bytes(assistant: Assistant) -> str:
    """The hash of the one kept file."""
    return hashlib.sha256(
        next(p for p in assistant.settings.sources.iterdir() if len(p.name) == 64).read_bytes()
    ).hexdigest()


def serving(
    assistant: Assistant, allowed: Allowed = NOTHING, port: int = 0, root_path: str | None = None
) -> contextlib.AbstractContextManager[str]:
    """The page over an assistant, served on this machine; its address."""
    from assistant.chat.door import Shown
    from assistant.chat.serving import application

    return running(application(assistant, allowed=allowed, shown=Shown.at(root_path)), port)


@contextlib.contextmanager
def running(app: Any, port: int = 0) -> Iterator[str]:
    """An ASGI application, served on this machine; its address."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def address(held: Assistant) -> Iterator[str]:
    """The page over ``held``."""
    with serving(held) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = launched(playwright)
        if browser is None:
            pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
        yield browser
        browser.close()


def launched(playwright: Any) -> Any:
    """Debian's Chromium, started; None where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        return None
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])


@dataclass
class Tab:
    """A page in the browser, and what went wrong in it."""

    page: Any
    address: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    trapped: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Tab:
        """Go to the page and wait until it answers to clicks."""
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_function(
            "() => window.underhood && document.querySelector('#browse .browse')", timeout=PATIENCE
        )
        return self

    def ask(self, question: str) -> Tab:
        """Type a question, press Enter, wait for what comes of it."""
        count = self.page.locator(".turn").count()
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")
        self.page.wait_for_selector(f"#t{count + 1}:is(.done, .failed)", timeout=PATIENCE)
        return self


_TRAP = """for (const name of ['alert', 'confirm', 'prompt', 'print'])
  window[name] = (...said) => { window.__trap(name + ' ' + said.join(' ').slice(0, 80)); };"""


def tab(chromium: Any, address: str, **context: Any) -> tuple[Tab, Any]:
    """A fresh browser context with a tab in it that notes outside requests, errors and anything that executes."""
    made = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
    made.set_default_timeout(PATIENCE)
    page = made.new_page()
    found = Tab(page, address)
    page.expose_function("__trap", lambda what: found.trapped.append(what))
    page.add_init_script(_TRAP)
    page.on("pageerror", lambda e: found.errors.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else found.outside.append(r.url))
    page.on("popup", lambda p: found.trapped.append(f"popup {p.url}"))
    return found, made


@pytest.fixture
def fresh(chromium: Any, address: str) -> Iterator[Tab]:
    """A tab of 1280 x 860 in a browser that was never here."""
    found, context = tab(chromium, address)
    yield found
    context.close()
