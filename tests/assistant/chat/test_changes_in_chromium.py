"""The page in a real browser where something changes under it: readings come and go, an answer is checked again,
the server is killed, people are in a hurry."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.answering import Assistant
from assistant.chat import readings
from assistant.chat.browse import Allowed
from assistant.chat.page import build as page_of
from ingest.pipeline import ingest
from tests.assistant.chat.conftest import SENTENCE, Tab, a_pdf, serving, tab, with_reading
from tests.conftest import ROOT, HashingEmbedder

pytestmark = pytest.mark.xdist_group("chromium")


@pytest.fixture
def open_shelf(chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Tab, Assistant]]:
    """A tab at a page that takes files, over an index of its own."""
    monkeypatch.setattr(readings, "ingest", functools.partial(ingest, embedder=HashingEmbedder()))
    assistant = Assistant.open(with_reading(tmp_path), embedder=HashingEmbedder())
    with serving(assistant, Allowed(fetch=True, upload=True)) as address:
        found, context = tab(chromium, address)
        yield found, assistant
        context.close()


def test_a_pdf_is_added_asked_about_and_removed(open_shelf: tuple[Tab, Assistant], tmp_path: Path) -> None:
    """From the readings view: a PDF with a title of its own is added, a question can be narrowed to it, it is removed
    again; the page stays where it is, and says what came of each."""
    found, assistant = open_shelf
    path = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    path.write_bytes(a_pdf(SENTENCE.replace("heavy ball", "<b>sledge</b>")))
    page = found.open("?view=readings").page
    page.set_input_files("#adding input[type=file]", str(path))
    page.get_by_label("Title, if it is not on the list").fill("On <i>Sledges</i>")
    page.wait_for_selector("#adding >> text=.pdf")
    page.click("#add")
    page.wait_for_selector("#progress >> text=Added; you can ask about it now.")
    page.wait_for_selector("#browse h1 >> text=On <i>Sledges</i>")
    assert "on-i-sledges-i" in assistant.catalogue.by_id
    page.evaluate("window.confirm = () => true")
    page.click("#browse >> text=Remove what is here")
    page.wait_for_selector("#progress >> text=Removed: 1 reading.")
    assert "on-i-sledges-i" not in assistant.catalogue.by_id
    assert (found.trapped, found.outside, found.errors) == ([], [], [])


def test_fetching_shows_what_came_of_it(open_shelf: tuple[Tab, Assistant], monkeypatch: pytest.MonkeyPatch) -> None:
    """A click fetches; a page opened meanwhile shows how far it is; what could not be had is told, escaped."""
    found, _ = open_shelf
    going = threading.Event()

    def fetch(settings: Any, only: str, check: Any, progress: readings.Progress) -> readings.Stage:
        progress("fetching", 1, 2)
        going.wait(60)
        return readings.Stage(
            f"1 file fetched for {only}.", over=True, problems=("<script>alert(1)</script>: refused",)
        )

    monkeypatch.setattr(readings, "fetch", fetch)
    page = found.open("?view=readings").page
    page.evaluate("underhood('fetch', {only: 'doe-2001-descent', kind: 'readings', id: ''})")
    page.wait_for_selector("#progress progress[value='1']")
    page.reload()
    page.wait_for_selector("#progress progress[value='1']")
    going.set()
    page.wait_for_selector("#progress >> text=1 file fetched for doe-2001-descent.")
    page.click("#progress summary")
    assert "<script>alert(1)</script>: refused" in page.locator("#progress").inner_text()
    assert found.trapped == []


def test_fetching_can_be_stopped(open_shelf: tuple[Tab, Assistant], monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop says at once that it stops, and ends the work at its next step; whoever watches sees it."""
    found, _ = open_shelf
    going = threading.Event()

    def fetch(settings: Any, only: str, check: Any, progress: readings.Progress) -> readings.Stage:
        progress("fetching", 1, 2)
        going.wait(60)
        progress("fetching", 2, 2)
        raise AssertionError("it was not stopped")

    monkeypatch.setattr(readings, "fetch", fetch)
    page = found.open("?view=readings").page
    page.evaluate("underhood('fetch', {only: 'doe-2001-descent', kind: 'readings', id: ''})")
    page.click("#progress >> text=Stop")
    page.wait_for_selector("#progress >> text=Stopping")
    assert page.locator("#progress [data-halt]").is_disabled()
    going.set()
    page.wait_for_selector("#progress >> text=Stopped; the index is as it was before.")


TEXT = f"""Roe (2002) writes: "{SENTENCE}" and also

> A heavy anchor remembers nothing at all and so it never crosses any valley.
> -- Roe (2002)

<img src=x onerror=alert(1)> "<script>alert(2)</script> is nothing that a book says"
"""


def test_a_text_of_ones_own_is_checked(fresh: Tab, tmp_path: Path) -> None:
    """Pasted text gets a verdict for each quotation, told aloud; a saved answer is opened from a file; what is no
    answer says so in a line; nothing in the text runs."""
    page = fresh.open("?view=verify").page
    assert page.locator("#browse h1").inner_text() == "Check a text"
    page.get_by_label("The text").fill(TEXT)
    page.click("text=Check it")
    page.wait_for_selector("#verdicts >> text=1 of 3 quotations found in our copies.")
    assert page.locator("#verdicts li.found").count() == 1
    assert page.locator("#verdicts li.failed").count() == 2
    assert "<script>alert(2)</script>" in page.locator("#verdicts").inner_text()
    assert "1 of 3 quotations" in page.locator("#status").inner_text()
    fresh.open().ask("What is momentum?")
    page.click("#t1-save summary")
    with page.expect_download() as saved:
        page.click("[data-download=json]")
    answer = tmp_path / "answer.json"
    saved.value.save_as(answer)
    page.click("summary[aria-label=More]")
    page.click(".menu >> text=Check a text")
    page.set_input_files(".examine input[type=file]", str(answer))
    page.wait_for_selector("#verdicts >> text=1 of 1 quotation found in our copies")
    page.get_by_label("The text").fill("{not json")
    page.click("text=Check it")
    page.wait_for_selector("#verdicts >> text=not JSON")
    assert (fresh.trapped, fresh.outside, fresh.errors) == ([], [], [])


def test_a_full_queue_is_told_in_our_words(chromium: Any, held: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many wait already, a calm line says so and the question stays in its box."""
    made: list[Any] = []

    def build(*args: Any, **more: Any) -> Any:
        made.append(page_of(*args, **more))
        return made[-1]

    monkeypatch.setattr("assistant.chat.serving.build", build)
    with serving(held) as address:
        found, context = tab(chromium, address)
        page = found.open().page
        made[0]._queue.max_size = 0
        page.fill("#question textarea", "What is momentum?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#notice >> text=Many people are asking just now")
        assert page.locator(".toast-body").count() == 0 or not page.locator(".toast-body").first.is_visible()
        assert page.input_value("#question textarea") == "What is momentum?"
        context.close()


def test_an_answer_is_checked_again_and_what_was_unfolded_stays(fresh: Tab) -> None:
    """Checking again says what was found, in the answer and aloud; a source that was open and "why" stay open."""
    page = fresh.open().ask("What is momentum?").page
    page.click("#t1-why summary")
    page.click("#t1 a.mark >> nth=0")
    page.wait_for_selector("#t1 .picture[open]")
    page.click("#t1 >> text=Check again")
    page.wait_for_selector("#t1-checked >> text=1 of 1 quotation found in our copies")
    assert "Checked again." in page.locator("#status").inner_text()
    for kept in ("#t1-why[open]", "#t1 .picture[open]", "#t1 .source.lit"):
        assert page.locator(kept).count() == 1
    page.reload()
    page.wait_for_selector("#t1-checked")


def test_a_hurried_person_asks_once(fresh: Tab) -> None:
    """Enter twice asks once; an empty question asks nothing; a draft survives a reload."""
    page = fresh.open().page
    page.press("#question textarea", "Enter")
    page.fill("#question textarea", "What is momentum?")
    page.press("#question textarea", "Enter")
    page.press("#question textarea", "Enter")
    page.wait_for_selector("#t1.done")
    page.fill("#question textarea", "half a questi")
    page.wait_for_timeout(300)
    assert page.locator(".turn").count() == 1
    page.reload()
    page.wait_for_function("() => document.querySelector('#question textarea')?.value === 'half a questi'")


def test_on_a_phone_a_source_comes_up_over_the_text(chromium: Any, address: str) -> None:
    """A marker brings its source into view; Escape puts it away and gives the focus back; nothing moves by itself
    where a person asked for less motion."""
    found, context = tab(chromium, address, viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    page = found.open().ask("What is momentum?").page
    page.click("#t1 a.mark >> nth=0")
    box = page.locator("#t1 .source.lit").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 741
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('a.mark')")
    assert page.locator(".source.lit").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.statement')).transitionDuration") == "0s"
    context.close()


def test_a_killed_server_is_told_and_recovered_from(chromium: Any, tmp_path: Path) -> None:
    """Killed in the middle of an answer and started again: the page says so, comes back with what was written marked
    as stopped, and the question can be asked again."""
    settings = with_reading(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "tests.assistant.chat.serve",
        str(settings.home),
        str(settings.corpus),
        str(port),
        "--slow",
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=ROOT, env=environ)

    server = start()
    try:
        found, context = tab(chromium, f"http://127.0.0.1:{port}")
        page = found.page
        _when_up(found)
        page.fill("#question textarea", "What is momentum?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#t1.writing >> text=Momentum adds")
        page.wait_for_timeout(500)
        server.kill()
        server.wait(10)
        page.wait_for_selector("#notice >> text=The server stopped in the middle of the answer")
        server = start()
        page.wait_for_selector("#t1.stopped", timeout=90_000)
        assert "Stopped before the end" in page.locator("#t1").inner_text()
        page.wait_for_function("() => window.underhood && document.querySelector('#browse .browse')")
        page.click("#t1 >> text=Ask again")
        page.wait_for_selector("#t1.done")
        context.close()
    finally:
        server.kill()


def _when_up(found: Tab) -> None:
    for _ in range(60):
        try:
            found.open()
            return
        except Exception:  # not listening yet
            found.page.wait_for_timeout(1000)
    found.open()
