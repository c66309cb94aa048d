"""The list as a table, what is free to fetch (assistant/listing.py), and the verbs that change it (assistant/cli.py)."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.answering import Assistant
from assistant.cli import app
from assistant.listing import fetch_plan, listing, offer, print_listing, print_plan, sizes
from assistant.references import to_markdown, to_terminal
from ingest.bringing import Addition
from ingest.catalogue import load_catalogue
from ingest.errors import ReadingError, SettingsError
from ingest.pipeline import ingest
from ingest.settings import Settings
from tests.conftest import ROOT, HashingEmbedder
from tests.ingest.test_bringing import TEA, offering, web  # noqa: F401 (fixtures)
from tests.ingest.web import PAGE, Web, fetcher


def test_the_plan_says_what_would_be_fetched_and_what_is_held(
    offering: Settings,  # noqa: F811 (a fixture)
    web: Web,  # noqa: F811 (a fixture)
    embedder: HashingEmbedder,
):
    """Address, edition, licence and what is held are told without one request."""
    plan = fetch_plan(offering)
    assert [(p["edition"], p["licence"], p["held"], p["would"]) for p in plan] == [
        ("web", "CC BY 4.0", None, "fetch"),
        ("slides", "CC BY 4.0", None, "fetch"),
    ]
    assert web.asked == []
    ingest(offering, fetch=True, fetcher=fetcher(), embedder=embedder)
    assert [p["would"] for p in fetch_plan(offering)] == ["ask whether it changed", "fetch"]
    with pytest.raises(ReadingError, match="no such resource"):
        fetch_plan(offering, ["nobody"])


def test_a_fetched_copy_grows_stale(
    offering: Settings,  # noqa: F811 (a fixture)
    web: Web,  # noqa: F811 (a fixture)
    embedder: HashingEmbedder,
    capsys: pytest.CaptureFixture[str],
):
    """A copy older than a year is stale, and so is one whose address has left the list; a fresh one is not."""
    ingest(offering, fetch=True, fetcher=fetcher(), embedder=embedder)

    def stale(today: dt.date | None = None) -> str | None:
        return next(r for r in listing(offering, today) if r["held"])["held"][0]["stale"]

    assert stale() is None
    assert stale(dt.date.today() + dt.timedelta(days=400)) == "fetched 400 days ago"
    catalogue = offering.corpus / "catalogue.toml"
    catalogue.write_text(catalogue.read_text().replace(f"{web.root}/descent", f"{web.root}/other"))
    assert stale() == "the list names another address now"
    print_listing(listing(offering))
    assert "Stale: doe-2001-descent" in capsys.readouterr().out


def test_the_offer_and_the_readme_count_what_is_free(settings: Settings):
    """The offer counts resources, files and licences; the README gives the same two numbers; no offer without any."""
    real = Settings(home=settings.home, corpus=ROOT / "corpus")
    free = [r for r in load_catalogue(real.corpus) if r.fetch]
    files = sum(len(r.fetch) for r in free)
    text = offer(real)
    assert f"{len(free)} of the 47 resources" in text
    assert f"({files} files)" in text
    assert "underhood ingest --fetch" in text
    counted = sum(int(n) for n in re.findall(r"^ +(\d+) ×", text, re.M))
    assert counted == len(free)
    assert f"{len(free)} of the 47 can be read freely on the web, in {files} files" in (ROOT / "README.md").read_text(
        "utf-8"
    )
    assert offer(settings) == ""


def test_sizes_are_told_as_far_as_they_are_known():
    """Known sizes are added up, and what is not known is said to be so."""
    assert sizes([1_200_000, 300_000]) == "1.5 MB"
    assert sizes([1_200_000, None, None]) == "1 of them 1.2 MB, the others of unknown size"
    assert sizes([None]) == "how large is not known here"


def test_the_plan_can_ask_for_sizes(offering: Settings, web: Web, capsys: pytest.CaptureFixture[str]):  # noqa: F811
    """With a way to ask, each file's size stands in the plan; a server that does not tell leaves it open."""
    with fetcher() as asking:
        plan = fetch_plan(offering, size=asking.size)
    assert [p["bytes"] for p in plan] == [len(PAGE), None]
    print_plan(plan)
    assert "1 of them 0.0 MB, the others of unknown size. Nothing was fetched." in capsys.readouterr().out


def test_a_list_without_an_end_names_none(settings: Settings, embedder: HashingEmbedder):
    """Where a question is declined, only a list that says until when it reaches is said to end."""
    ingest(settings, embedder=embedder)
    assert "ends" not in Assistant.open(settings, embedder=embedder).ask("Who won the world cup?").text
    catalogue = settings.corpus / "catalogue.toml"
    catalogue.write_text('ends = "1999"\n' + catalogue.read_text())
    ingest(settings, embedder=embedder)
    assert "; the list ends in 1999." in Assistant.open(settings, embedder=embedder).ask("Who won the world cup?").text


def test_an_added_resource_is_cited_without_authors_year_or_address(
    settings: Settings, embedder: HashingEmbedder, tmp_path: Path
):
    """An assistant knows what a person added: it is listed, found, and cited by its title alone."""
    (tmp_path / "tea.md").write_text(TEA)
    ingest(settings, addition=Addition(tmp_path / "tea.md", "tea-brewing"), embedder=embedder)
    assistant = Assistant.open(settings, embedder=embedder)
    evidence = assistant.evidence("Why is green tea steeped?", resources=["tea-brewing"])
    found = assistant._state.search.passages(evidence)[0]
    span = found.passage.passage.sentences[found.best]
    citation = assistant._state.grounder.of_passage(found, span.start, span.end)
    assert (citation.resource.title, citation.resource.authors, citation.resource.year) == ("Brewing Tea", (), None)
    assert citation.place == "Brewing Tea, “Steeping”"
    answer = assistant.ask("What is momentum?")
    cited = replace(answer, citations=(replace(citation, number=1),))
    assert to_terminal(cited).count("Brewing Tea. Brewing Tea, “Steeping”, word for word.") == 1
    assert "<>" not in to_markdown(cited)
    (row,) = [r for r in listing(settings) if r["id"] == "tea-brewing"]
    assert (row["sections"], [h["name"] for h in row["held"]]) == (["added"], ["tea.md"])


def test_the_same_sentence_of_two_editions_is_found_once(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A work held as page and as Markdown gives its sentence once; another resource with the words gives it again."""
    page = f"<!doctype html><html><body><article><h1>Brewing Tea</h1><h2>Steeping</h2><p>{TEA.splitlines()[-1]}</p></article></body></html>"
    for resource, name, text in (
        ("doe-2001-descent", "a.md", TEA),
        ("doe-2001-descent", "b.html", page),
        ("roe-2002-slopes", "c.md", TEA),
    ):
        (tmp_path / "readings" / resource).mkdir(parents=True, exist_ok=True)
        (tmp_path / "readings" / resource / name).write_text(text)
    report = ingest(settings, readings=tmp_path / "readings", embedder=embedder)
    assert report.counts["passages"] == 3
    assistant = Assistant.open(settings, embedder=embedder)
    found = assistant._state.search.passages(assistant.evidence("Why is green tea steeped at eighty degrees?"))
    assert sorted(p.passage.document.split("/")[0] for p in found) == ["doe-2001-descent", "roe-2002-slopes"]


def verb(home: Path, corpus: Path, *args: str):
    return CliRunner().invoke(app, list(args), env={"UNDERHOOD_HOME": str(home), "UNDERHOOD_CORPUS": str(corpus)})


def test_a_dry_run_prints_and_fetches_nothing(offering: Settings, web: Web):  # noqa: F811 (fixtures)
    """``ingest --fetch --dry-run`` prints address, edition and licence, also as JSON, and makes no home."""
    done = verb(offering.home, offering.corpus, "ingest", "--fetch", "--dry-run", "--only", "doe-2001-descent")
    assert done.exit_code == 0
    assert f"{web.root}/descent" in done.stdout
    assert "CC BY 4.0; not here → fetch" in done.stdout
    done = verb(offering.home, offering.corpus, "ingest", "--fetch", "--dry-run", "--json")
    assert [p["edition"] for p in json.loads(done.stdout)] == ["web", "slides"]
    assert web.asked == []
    assert not offering.home.exists()


@pytest.mark.parametrize(
    "args",
    [["--dry-run"], ["--add", "x.md"], ["--as", "x"], ["--title", "T"], ["--author", "A"], ["--year", "1999"]],
)
def test_options_that_need_another_say_so(settings: Settings, args: list[str]):
    """Half of a pair of options is refused before anything is done."""
    done = verb(settings.home, settings.corpus, "ingest", *args)
    assert isinstance(done.exception, SettingsError)
    assert not settings.home.exists()


def test_adding_forgetting_and_starting_from_a_shell(tmp_path: Path):
    """``new-list``, ``ingest --add``, ``readings`` and ``ingest --forget`` work together, with the real model."""
    home, mine = tmp_path / "home", tmp_path / "mine"
    assert verb(home, mine, "new-list", str(mine)).exit_code == 0
    (tmp_path / "tea.md").write_text(TEA)
    done = verb(home, mine, "ingest", "--add", str(tmp_path / "tea.md"), "--as", "tea", "--author", "Ann Lee", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["taken"] == ["tea/tea.md"]
    rows = {r["id"]: r for r in json.loads(verb(home, mine, "readings", "--json").stdout)}
    assert (rows["tea"]["short"], len(rows["tea"]["held"])) == ("Lee", 1)
    done = verb(home, mine, "ask", "what is the forgetting curve?")
    assert "falls steeply at first" in done.stdout
    done = verb(home, mine, "ingest", "--forget", "tea")
    assert "1 removed" in done.stdout
    assert "No reading is here yet" in done.stdout
