"""The page behind a reverse proxy, in a real browser: everything works under a path, and nothing is asked for beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.answering import Assistant
from tests.assistant.chat.conftest import running, serving, tab
from tests.assistant.chat.proxy import proxy

pytestmark = pytest.mark.xdist_group("chromium")


@pytest.mark.parametrize(
    ("root_path", "strips", "passes_host"),
    [
        ("/underhood", True, False),
        ("/underhood", False, False),
        ("http://localhost/underhood", True, True),
        ("http://localhost/underhood", False, True),
        (None, True, False),
    ],
)
def test_everything_works_under_a_path(
    chromium: Any, held: Assistant, root_path: str | None, strips: bool, passes_host: bool
) -> None:
    """Asking, sources, page pictures, saving, views and shared addresses, whether or not the proxy takes the path away,
    passes its own name on, or is known to the server at all."""
    with (
        serving(held, root_path=root_path) as upstream,
        running(proxy(upstream, "/underhood", strips=strips, passes_host=passes_host)) as outside,
    ):
        shown = f"{outside.replace('127.0.0.1', 'localhost')}/underhood"
        found, context = tab(chromium, shown)
        page = found.open("?q=What%20is%20momentum%3F").page
        page.wait_for_selector("#t1.done")
        page.click("#t1 a.mark.solid")
        page.wait_for_function("() => document.querySelector('.sheet img')?.naturalWidth > 500")
        assert page.locator("#t1 .katex, #t1 .statement").count()
        page.click("#t1-save summary")
        with page.expect_download() as saved:
            page.click("[data-download=json]")
        assert "momentum" in Path(saved.value.path()).read_text("utf-8")
        page.click("#t1 >> text=Check again")
        page.wait_for_selector("#t1-checked")
        page.click("nav >> text=The list")
        page.click("#browse >> text=Slopes and Valleys")
        page.wait_for_function("() => location.pathname + location.search === '/underhood/?resource=roe-2002-slopes'")
        page.go_back()
        page.wait_for_function("() => document.querySelector('#browse h1').textContent === 'The list'")
        found.open("?concept=momentum")
        assert page.locator("#browse h1").inner_text() == "Momentum"
        page.goto(shown if root_path else f"{shown}/")  # an address without the last slash needs a server that knows
        page.wait_for_selector("#t1.done")
        page.click(".menu summary[aria-label=More]")
        page.click("text=Save my remarks")
        page.wait_for_selector("#notice >> text=You have not said anything")
        assert (found.outside, found.errors, found.trapped) == ([], [], [])
        context.close()
