"""The page in a real browser: the main flow, what survives, what never runs, keyboard, phone.

Pictures of what was seen are kept under artefacts/.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from assistant.answers import SCHEMA_VERSION
from assistant.chat import render
from assistant.chat.sessions import Turn, dumped
from tests.assistant.chat.conftest import SENTENCE, Tab, full_answer, tab
from tests.conftest import ROOT, SHARED

pytestmark = pytest.mark.xdist_group("chromium")
PICTURES = ROOT / "artefacts"
PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<details open ontoggle=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\htmlData{x=<img src=x onerror=alert(1)>}{y}$",
    "`<img src=x onerror=alert(1)>`",
    "**<video><source onerror=alert(1)>**",
    "${alert(1)} {{constructor.constructor('alert(1)')()}}",
    "<style>@import 'https://evil.example/x.css'</style><link rel=stylesheet href=//evil.example>",
    "<input autofocus onfocus=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]


def keep(page: Any, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def test_from_the_first_click_to_the_highlighted_page(fresh: Tab) -> None:
    """An example is clicked; the answer has a filled marker, whose card shows the source's words and its page lit;
    a follow-up is understood; and nothing outside this machine was asked for."""
    page = fresh.open().page
    keep(page, "start")
    page.click("text=What is momentum?")
    page.wait_for_selector("#t1.done")
    assert page.locator("#t1 .notice").inner_text().startswith("Answered")
    mark = page.locator("#t1 a.mark.solid").first
    mark.click()
    card = page.locator("#t1 .source.solid").first
    assert SENTENCE.rstrip(".") in card.locator("blockquote").inner_text()
    assert card.evaluate("c => c === document.activeElement")
    assert "Our words." in card.inner_text()
    page.wait_for_function("() => document.querySelector('.sheet img')?.naturalWidth > 500")
    assert card.locator(".sheet .lit").count() >= 1
    keep(page, "answer")
    fresh.ask("and why is it used?")
    assert "momentum" in page.locator("#t2 .understood").inner_text()
    assert page.locator("#status [role=status]").inner_text().startswith("Answered.")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert (fresh.outside, fresh.errors, fresh.trapped) == ([], [], [])


def test_a_conversation_survives_a_reload_and_tabs_do_not_mix(fresh: Tab) -> None:
    """After a reload the conversation stands as it was and goes on; another tab starts empty; a new one is empty."""
    page = fresh.open().ask("What is momentum?").page
    other = page.context.new_page()
    other.goto(fresh.address)
    other.wait_for_selector(".start h1")
    assert other.locator(".turn").count() == 0
    other.close()
    page.reload()
    page.wait_for_selector("#t1.done")
    fresh.ask("why is it used?")
    assert page.locator(".turn").count() == 2
    page.click("text=New conversation")
    page.wait_for_selector(".start h1")
    page.reload()
    page.wait_for_selector(".start h1")
    assert page.locator(".turn").count() == 0


def test_asking_again_editing_and_bad_questions(fresh: Tab) -> None:
    """The last question can be asked again and edited in its place; an empty one gets a calm line."""
    page = fresh.open().ask("What is momentum?").page
    page.click("#t1 >> text=Ask again")
    page.wait_for_selector("#t1.done")
    page.click("#t1 [data-edit]")
    page.wait_for_function("() => document.querySelector('#question textarea').value !== ''")
    page.fill("#question textarea", "Why use momentum?")
    page.press("#question textarea", "Enter")
    page.wait_for_function("() => document.querySelector('#t1-q').textContent === 'Why use momentum?'")
    page.wait_for_selector("#t1.done")
    assert page.locator(".turn").count() == 1
    fresh.ask("???")
    assert "The question is empty" in page.locator("#t2").inner_text()


def test_an_answer_can_be_stopped(fresh: Tab, held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop ends an answer where it is: what was written stays, marked so, and the page is ready for another."""

    def slowly(*_: Any, **__: Any) -> Iterator[str]:
        for n in range(100):
            yield f"word{n} [{n}] "
            time.sleep(0.1)

    with monkeypatch.context() as patch:
        patch.setattr(held, "stream", slowly)
        page = fresh.open().page
        page.fill("#question textarea", "What is momentum?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#t1.writing >> text=word3")
        assert page.locator("#t1 .mark.pending").count() >= 3
        keep(page, "writing")
        page.click("#stop")
        page.wait_for_selector("#t1.stopped")
    assert "word3" in page.locator("#t1").inner_text()
    assert "Stopped before the end" in page.locator("#t1").inner_text()
    page.wait_for_selector("#ask", state="visible")
    page.click("#t1 >> text=Ask again")
    page.wait_for_selector("#t1.done")


def test_what_is_said_of_an_answer_is_kept_and_deleted(fresh: Tab, held: Any) -> None:
    """A remark goes to feedback.jsonl under the home folder; "delete my data" takes it and the conversation away."""
    page = fresh.open().ask("What is momentum?").page
    page.click("text=Something is wrong")
    page.fill("#t1-down textarea", "too short")
    page.click("#t1-down >> text=Keep it")
    page.wait_for_selector("[data-report=t1-down][aria-pressed=true]")
    assert page.evaluate("document.activeElement.dataset.report") == "t1-down"
    kept = held.settings.home / "feedback.jsonl"
    assert json.loads(kept.read_text("utf-8").splitlines()[-1])["reason"] == "too short"
    page.click("summary[aria-label=More]")
    with page.expect_download() as saved:
        page.click("text=Save my remarks")
    assert json.loads(Path(saved.value.path()).read_text("utf-8"))["reason"] == "too short"
    page.evaluate("window.confirm = () => true")
    page.click("summary[aria-label=More]")
    page.click("text=Delete my data")
    page.wait_for_selector(".start h1")
    assert "too short" not in kept.read_text("utf-8")
    page.wait_for_function("() => !(sessionStorage.getItem('underhood-conversation') || '').includes('momentum')")


def test_answers_can_be_taken_away(fresh: Tab) -> None:
    """The JSON that is saved is the answer with its schema_version; the Markdown has the question and footnotes."""
    page = fresh.open().ask("What is momentum?").page
    page.click("#t1-save summary")
    with page.expect_download() as saved:
        page.click("[data-download=json]")
    assert json.loads(Path(saved.value.path()).read_text("utf-8"))["schema_version"] == SCHEMA_VERSION
    page.click("#t1-save summary")
    with page.expect_download() as saved:
        page.click("[data-download=md]")
    assert "[^1]:" in Path(saved.value.path()).read_text("utf-8")
    page.click("#t1-save summary")
    with page.expect_download() as saved:
        page.click("[data-download=bib]")
    assert "Slopes and Valleys" in Path(saved.value.path()).read_text("utf-8")


def test_every_view_has_an_address(fresh: Tab) -> None:
    """Resources, concepts and questions open by their addresses; going back goes back; asking about one narrows."""
    page = fresh.open("?resource=doe-2001-descent").page
    assert page.locator("#browse h1").inner_text() == "Walking Downhill"
    page.click("nav >> text=Concepts")
    page.wait_for_selector("#browse >> text=gradient descent")
    page.get_by_label("Find in the concepts").fill("desc")
    page.wait_for_selector("#browse >> text=momentum", state="hidden")
    page.click("#browse >> text=gradient descent")
    page.wait_for_function("() => location.search === '?concept=gradient-descent'")
    page.wait_for_selector("text=Reading path")
    keep(page, "concept")
    page.go_back()
    page.wait_for_function("() => document.querySelector('#browse h1').textContent === 'Concepts'")
    page.click("nav >> text=The list")
    page.click("#browse >> text=Slopes and Valleys")
    page.click("text=Ask about this")
    page.wait_for_selector("#ask-view", state="visible")
    fresh.ask("What is momentum?")
    assert "Asked of Slopes and Valleys only" in page.locator("#t1").inner_text()
    fresh.open("?q=What%20is%20momentum%3F")
    page.wait_for_selector(".turn.done >> text=gathers speed")


def test_the_whole_flow_by_keyboard(fresh: Tab) -> None:
    """Without a mouse: ask, walk to a marker, open its card, come on to the link; focus is always somewhere visible."""
    page = fresh.open().page
    page.focus("#question textarea")
    page.keyboard.type("What is momentum?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#t1.done")
    page.focus("#t1-q")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a.mark')")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('.source')")
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 15)"))
        assert page.evaluate("document.activeElement !== document.body")
    assert any(s.startswith("Open the source") for s in seen)


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (360, "dark"), (640, "light"), (768, "light"), (1280, "dark")]
)
def test_no_width_scrolls_sideways(chromium: Any, address: str, width: int, scheme: str) -> None:
    """On a phone, a tablet, a desk and a desk at 200 % (640), light and dark, nothing is cut off; long words and
    right-to-left text included."""
    found, context = tab(
        chromium,
        address,
        viewport={"width": width, "height": 430 if width == 640 else 780},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    found.open()
    keep(found.page, f"start-{width}-{scheme}")
    found.ask("What is momentum?").ask("Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3).ask("ما هو الزخم؟")
    for turn in ("#t1", "#t3"):
        found.page.locator(turn).scroll_into_view_if_needed()
        keep(found.page, f"answer-{width}-{scheme}-{turn[1:]}")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    assert found.page.locator("#t3-q").evaluate("q => getComputedStyle(q).direction") == "rtl"
    found.page.click("nav >> text=The list")
    found.page.wait_for_selector("#browse h1", state="visible")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    assert (found.outside, found.errors) == ([], [])
    context.close()


def _everywhere(payloads: list[str]) -> list[Turn]:
    """A conversation with the payloads in every place a stranger's text can stand."""
    size = -(-len(payloads) // 30)
    turns = []
    for at in range(0, len(payloads), size):
        group = payloads[at : at + size]
        answer = full_answer(group[0])
        citations = tuple(
            dataclasses.replace(full_answer(p).citations[0], number=n, url=p if n % 2 else "https://example.org/")
            for n, p in enumerate(group, 1)
        )
        statements = tuple(
            dataclasses.replace(answer.statements[n % 3], text=p, citations=(n,)) for n, p in enumerate(group, 1)
        )
        answer = dataclasses.replace(answer, citations=citations, statements=statements, notice="\n".join(group))
        turns.append(Turn("\n".join(group), "done", answer))
    return turns


@pytest.fixture
def bare(chromium: Any, address: str) -> Iterator[Tab]:
    """A tab whose browser ignores the Content-Security-Policy, so that escaping alone is on trial."""
    found, context = tab(chromium, address, bypass_csp=True)
    yield found
    context.close()


def _show(found: Tab, turns: list[Turn]) -> None:
    found.open()
    found.page.evaluate("t => sessionStorage.setItem('underhood-conversation', JSON.stringify(t))", dumped(turns))
    found.page.reload()
    found.page.wait_for_selector(f"#t{len(turns)}", timeout=60_000, state="attached")
    found.page.wait_for_timeout(700)
    for element in ("summary", ".mark", "h2"):
        found.page.evaluate(
            "s => document.querySelectorAll(s).forEach((e) => { e.dispatchEvent(new Event('mouseover', {bubbles: true})); e.click(); })",
            element,
        )
    found.page.wait_for_timeout(300)


def known_payloads() -> list[str]:
    """The lines of script injection that lie beside the checkout, where they do."""
    found = SHARED / "robustness" / "xss" / "payloads.txt"
    known = found.read_text("utf-8", "replace").splitlines() if found.is_file() else []
    return [p for p in known if p.strip()]


@pytest.mark.long
def test_none_of_the_known_payloads_runs(bare: Tab) -> None:
    """All 1,654 known lines of script injection, in every place of an answer, execute nothing and reach nothing."""
    known = known_payloads()
    if not known:
        pytest.skip("the shared payloads are not here")
    _show(bare, _everywhere(known))
    assert (bare.trapped, bare.outside) == ([], [])


def test_nothing_that_a_stranger_wrote_runs(bare: Tab) -> None:
    """Payloads as question, title, note, quote, address and error execute nothing and ask for nothing outside."""
    _show(bare, _everywhere(PAYLOADS + known_payloads()[::25]))
    assert (bare.trapped, bare.outside) == ([], [])
    for payload in PAYLOADS[:3]:
        bare.page.click("[data-new]")
        bare.page.wait_for_selector(".start h1")
        bare.ask(f"What is {payload} momentum?")
    assert (bare.trapped, bare.outside) == ([], [])


def test_the_trap_catches_a_hole(bare: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were our words not escaped, the test above would see it."""
    monkeypatch.setitem(render._environment().filters, "prose", Markup)
    render._environment().cache.clear()
    try:
        _show(bare, _everywhere(PAYLOADS))
        assert bare.trapped
    finally:
        monkeypatch.undo()
        render._environment().cache.clear()


def test_the_policy_stops_a_hole(fresh: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with a hole in the escaping, the Content-Security-Policy runs nothing and fetches nothing."""
    monkeypatch.setitem(render._environment().filters, "prose", Markup)
    render._environment().cache.clear()
    try:
        _show(fresh, _everywhere(PAYLOADS))
        assert fresh.trapped == []
    finally:
        monkeypatch.undo()
        render._environment().cache.clear()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which a package for Python carries."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_aa(chromium: Any, address: str, axe: str, scheme: str) -> None:
    """On every view, light and dark, axe-core finds no violation of WCAG 2.2 A and AA."""
    found, context = tab(chromium, address, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page = found.open().page
    page.evaluate(axe)

    def violations(view: str) -> list[str]:
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        result = page.evaluate("rules => axe.run(document, { runOnly: rules })", rules)
        return [f"{view}: {v['id']} {n['target']}" for v in result["violations"] for n in v["nodes"]]

    seen = violations("start")
    found.ask("What is momentum?").ask("Who won the world cup?").ask("???")
    page.click("#t1 >> text=Something is wrong")
    page.click("#t1 >> text=Why this answer")
    page.click("#t1 >> text=Check again")
    page.wait_for_selector("#t1-checked")
    page.click("#t1 a.mark >> nth=0")
    seen += violations("answers")
    for link in ("The list", "Readings", "Concepts"):
        page.click(f"nav >> text={link}")
        page.wait_for_function("t => document.querySelector('#browse h1').textContent === t", arg=link)
        seen += violations(link)
    page.click("#browse >> text=momentum")
    page.wait_for_selector("text=Reading path")
    seen += violations("concept")
    page.goto(f"{address}/?view=verify")
    page.wait_for_function("() => window.underhood && document.querySelector('.examine')")
    page.evaluate(axe)
    page.fill(".examine textarea", f'Roe (2002): "{SENTENCE}" and "no book has ever said these words"')
    page.click("text=Check it")
    page.wait_for_selector("#verdicts .checked")
    seen += violations("verify")
    page.goto(f"{address}/?resource=roe-2002-slopes")
    page.wait_for_selector("#browse h1")
    page.evaluate(axe)
    seen += violations("resource")
    assert seen == []
    context.close()
