"""Makes the README's pictures again: ``python -m tests.pictures [FOLDER]`` (default docs/pictures).

Takes the page over the index that UNDERHOOD_HOME names (``underhood ingest`` first, without readings: no resource's
page may stand in this repository), and for the picture of a highlighted page the tests' small corpus with a PDF of
our own. Needs Chromium, like the tests.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from assistant.answering import Assistant
from assistant.chat.serving import warm
from tests.assistant.chat.conftest import Tab, launched, serving, tab, with_reading
from tests.conftest import ROOT, HashingEmbedder

QUESTION = "are gradient descent and backprop the same thing?"


def main() -> None:
    """Take them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as small:
        browser = launched(playwright)
        real = Assistant.open()
        warm(real)
        with serving(real) as address:
            _start(browser, address, folder / "start.png")
            _answer(browser, address, folder / "answer.png")
            _phone(browser, address, folder / "phone.png")
        with serving(Assistant.open(with_reading(Path(small)), embedder=HashingEmbedder())) as address:
            _source(browser, address, folder / "source.png")
        browser.close()


def _start(browser: Any, address: str, path: Path) -> None:
    found, context = tab(browser, address, viewport={"width": 1200, "height": 760})
    _keep(found.open(), path)
    context.close()


def _answer(browser: Any, address: str, path: Path) -> None:
    found, context = tab(browser, address, viewport={"width": 1200, "height": 760})
    found.open().ask(QUESTION)
    found.page.click("#t1 a.mark >> nth=0")
    _keep(found, path)
    context.close()


def _phone(browser: Any, address: str, path: Path) -> None:
    found, context = tab(browser, address, viewport={"width": 360, "height": 640}, color_scheme="dark")
    found.open().ask(QUESTION)
    _keep(found, path)
    context.close()


def _source(browser: Any, address: str, path: Path) -> None:
    found, context = tab(browser, address, viewport={"width": 1200, "height": 760})
    found.open().ask("What is momentum?")
    found.page.click("#t1 a.mark.solid")
    found.page.wait_for_function("() => document.querySelector('.sheet img')?.naturalWidth > 500")
    _keep(found, path)
    context.close()


def _keep(found: Tab, path: Path) -> None:
    found.page.wait_for_timeout(1200)  # fonts and transitions
    found.page.screenshot(path=str(path))
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
