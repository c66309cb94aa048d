"""What is brought from the web and by a person (ingest/bringing.py, added.py, starting.py), through ingest as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.added import AddedResource, load_added, merged, reading_list, save_added
from ingest.bringing import Addition, read_records
from ingest.catalogue import load_catalogue
from ingest.errors import CatalogueError, ReadingError
from ingest.index.reading import Index
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.sources import SourceShelf
from ingest.starting import new_list
from tests.conftest import CATALOGUE, HashingEmbedder, write_corpus
from tests.ingest.web import PAGE, Web, fetcher, serving

TEA = "# Brewing Tea\n\n## Steeping\n\nGreen tea is steeped at eighty degrees because hotter water draws bitter tannins.\n"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        web.files["/descent"] = ("text/html", PAGE)
        yield web


@pytest.fixture
def offering(settings: Settings, web: Web) -> Settings:
    """A corpus whose first resource is free on the test's server: a page, and one file that is not there."""
    free = CATALOGUE.replace('access = "by hand"', 'access = "fetch"', 1)
    free = free.replace(
        '\n\n[[resource]]\nid = "roe',
        f'\n[[resource.fetch]]\nurl = "{web.root}/descent"\nedition = "web"\n'
        f'[[resource.fetch]]\nurl = "{web.root}/gone"\nedition = "slides"\n\n[[resource]]\nid = "roe',
    )
    write_corpus(settings.corpus, catalogue=free)
    return settings


def fetched(settings: Settings, embedder: HashingEmbedder, **more):
    return ingest(settings, fetch=True, fetcher=fetcher(), embedder=embedder, **more)


def held(settings: Settings) -> dict[str, str]:
    """The texts that the published index holds, by key."""
    index = Index.open(settings.index)
    found = {k: index.store.document(k).text for k in index.store.document_hashes()}
    index.close()
    return found


def test_what_is_free_is_fetched_once(offering: Settings, embedder: HashingEmbedder, web: Web):
    """A page is fetched, kept and indexed as the edition it is; what is not there is skipped; again nothing is written."""
    report = fetched(offering, embedder)
    key = "doe-2001-descent/site.test-descent.html"
    assert (report.fetched, report.taken) == ([key], [key])
    assert [(s.name, "404" in s.reason) for s in report.skipped] == [(f"doe-2001-descent {web.root}/gone", True)]
    source = SourceShelf(offering.sources).sources[key]
    assert (source.edition, source.licence, source.how, source.url) == (
        "web",
        "CC BY 4.0",
        "fetch",
        f"{web.root}/descent",
    )
    again = fetched(offering, embedder)
    assert (again.published, again.taken) == (False, [])
    assert not ingest(offering, embedder=embedder).published


def test_an_unchanged_file_is_asked_about_and_not_sent(offering: Settings, embedder: HashingEmbedder, web: Web):
    """What the server said of a copy is remembered; a copy that is gone is fetched whole."""
    catalogue = offering.corpus / "catalogue.toml"
    catalogue.write_text(
        catalogue.read_text().replace('/descent"', '/paper.pdf"').replace("org/paper.pdf", "org/descent")
    )
    ingest(offering, fetch=True, fetcher=fetcher(), embedder=embedder)  # this PDF has no text: it is refused, and kept
    report = fetched(offering, embedder)
    assert (report.fetched, report.not_modified) == ([], 1)
    (record,) = [r for r in read_records(offering.sources).values() if r.url.endswith("paper.pdf")]
    assert record.etag == '"one"'
    (offering.sources / record.sha256).unlink()
    assert fetched(offering, embedder).not_modified == 0


def test_only_narrows_a_fetch(offering: Settings, embedder: HashingEmbedder):
    """``only`` fetches one resource; an id that is none, or not free, is said."""
    with pytest.raises(ReadingError, match="no such resource"):
        fetched(offering, embedder, only=["nobody"])
    with pytest.raises(ReadingError, match="not free to fetch"):
        fetched(offering, embedder, only=["roe-2002-slopes"])
    assert fetched(offering, embedder, only=["doe-2001-descent"]).fetched


def test_an_edition_brought_by_hand_is_not_fetched(
    offering: Settings, embedder: HashingEmbedder, web: Web, tmp_path: Path
):
    """The same edition, or the very same file, is not taken in twice."""
    folder = tmp_path / "readings" / "doe-2001-descent"
    folder.mkdir(parents=True)
    (folder / "paper.html").write_bytes(PAGE)
    ingest(offering, readings=folder.parent, embedder=embedder)
    report = fetched(offering, embedder)
    assert not report.fetched
    assert "the same file is here already as paper.html" in [s.reason for s in report.skipped]
    manifest = [{"file": "doe-2001-descent/paper.html", "edition": "web"}]
    (folder.parent / "manifest.json").write_text(json.dumps(manifest))
    ingest(offering, readings=folder.parent, embedder=embedder)
    web.asked.clear()
    assert "brought by hand" in " ".join(s.reason for s in fetched(offering, embedder).skipped)
    assert "/descent" not in web.paths()


def test_a_broken_newer_file_leaves_the_older_one(
    offering: Settings, embedder: HashingEmbedder, tmp_path: Path, web: Web
):
    """A file that cannot be read is skipped, and the good one of the same name is still held, now and later."""
    folder = tmp_path / "readings"
    (folder / "roe-2002-slopes").mkdir(parents=True)
    paper = folder / "roe-2002-slopes" / "paper.md"
    paper.write_text(TEA)
    ingest(offering, readings=folder, embedder=embedder)
    before = held(offering)
    paper.write_bytes(b"%PDF-1.4 nothing more")
    for published in (True, False):
        report = ingest(offering, readings=folder, embedder=embedder)
        assert (report.published, len(report.skipped)) == (published, 1)
        assert "the older copy stays" in report.skipped[0].reason
        assert held(offering) == before
    assert not ingest(offering, embedder=embedder).published
    paper.write_text(TEA.replace("eighty", "seventy"))
    assert ingest(offering, readings=folder, embedder=embedder).taken == ["roe-2002-slopes/paper.md"]
    assert "seventy" in held(offering)["roe-2002-slopes/paper.md"]
    assert len([p for p in offering.sources.iterdir() if len(p.name) == 64]) == 1


def test_a_broken_file_without_an_older_one_is_told_once(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A file that was never good is skipped at every run with one line."""
    folder = tmp_path / "readings"
    (folder / "roe-2002-slopes").mkdir(parents=True)
    (folder / "roe-2002-slopes" / "paper.pdf").write_bytes(b"%PDF-1.4 nothing more")
    for published in (True, False):
        report = ingest(settings, readings=folder, embedder=embedder)
        assert (report.published, len(report.skipped)) == (published, 1)
        assert "older" not in report.skipped[0].reason


def test_a_file_of_ones_own_becomes_a_resource(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """Its title is its own, authors and year stay empty; it is in the list, under home alone, until it is forgotten."""
    (tmp_path / "tea.md").write_text(TEA)
    report = ingest(settings, addition=Addition(tmp_path / "tea.md", "tea-brewing"), embedder=embedder)
    assert (report.taken, report.resources) == (["tea-brewing/tea.md"], 3)
    tea = reading_list(settings).by_id["tea-brewing"]
    assert (tea.title, tea.authors, tea.year, tea.short) == ("Brewing Tea", (), None, "Brewing Tea")
    assert (tea.identity, tea.sections, tea.url) == ("certain", ("added",), "")
    assert "tea" not in (settings.corpus / "catalogue.toml").read_text()
    (tmp_path / "tea.md").unlink()
    assert ingest(settings, embedder=embedder).unchanged == 1
    gone = ingest(settings, forget=["tea-brewing"], embedder=embedder)
    assert gone.removed == ["tea-brewing/tea.md"]
    assert "tea-brewing" not in reading_list(settings).by_id


def test_what_a_person_says_of_their_file_is_kept(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """Title, authors and year come from the person; a second file adds to the resource and takes nothing away."""
    (tmp_path / "tea.md").write_text(TEA)
    (tmp_path / "more.md").write_text(TEA.replace("eighty", "seventy"))
    said = Addition(tmp_path / "tea.md", "tea", "On Tea", ("Ann Lee", "Roe, Bob"), 1999)
    ingest(settings, addition=said, embedder=embedder)
    ingest(settings, addition=Addition(tmp_path / "more.md", "tea"), embedder=embedder)
    tea = reading_list(settings).by_id["tea"]
    assert (tea.title, tea.short, tea.year) == ("On Tea", "Lee and Roe (1999)", 1999)
    assert set(held(settings)) == {"tea/tea.md", "tea/more.md"}


def test_a_file_can_be_added_to_a_resource_of_the_list(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """The list says what the resource is; another title for it is refused."""
    (tmp_path / "tea.md").write_text(TEA)
    addition = Addition(tmp_path / "tea.md", "doe-2001-descent")
    assert ingest(settings, addition=addition, embedder=embedder).taken == ["doe-2001-descent/tea.md"]
    assert load_added(settings.home) == {}
    with pytest.raises(ReadingError, match="in the list already"):
        ingest(settings, addition=replace(addition, title="Other"), embedder=embedder)


@pytest.mark.parametrize(
    ("name", "data", "id_", "says"),
    [
        ("tea.md", TEA.encode(), "Not An Id", "cannot be an id"),
        ("tea.md", TEA.encode(), "../tea", "cannot be an id"),
        ("tea.xlsx", b"PK", "tea", "not a format known"),
        ("tea.pdf", b"%PDF-1.4 nothing more", "tea", "."),
        ("tea.md", b"  ", "tea", "empty"),
        ("", b"", "tea", "not a regular file"),
        ("nowhere.md", None, "tea", "no such file"),
    ],
)
def test_a_bad_addition_changes_nothing(
    settings: Settings, embedder: HashingEmbedder, tmp_path: Path, name: str, data: bytes | None, id_: str, says: str
):
    """A file that cannot be read, or an id that cannot be one, is an error of one line, and nothing is kept."""
    if name and data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ReadingError, match=says):
        ingest(settings, addition=Addition(tmp_path / name, id_), embedder=embedder)
    assert load_added(settings.home) == {}
    assert SourceShelf(settings.sources).sources == {}


def test_the_lists_own_entry_wins(settings: Settings):
    """An id that the catalogue has is the catalogue's, and without additions the list is the catalogue itself."""
    catalogue = load_catalogue(settings.corpus)
    assert merged(catalogue, []) is catalogue
    assert merged(catalogue, [AddedResource("doe-2001-descent", "Mine")]) is catalogue
    more = merged(catalogue, [AddedResource("b", "B", ("A B", "C D", "E F")), AddedResource("a", "A")])
    assert [s.id for s in more.section] == ["maths", "added"]
    assert [r.id for r in more] == sorted(r.id for r in more)
    assert more.by_id["b"].short == "B et al."


def test_a_damaged_list_of_additions_is_said(settings: Settings):
    """A file that somebody broke is named, not silently dropped."""
    settings.home.mkdir()
    save_added(settings.home, [AddedResource("a", "A")])
    assert load_added(settings.home) == {"a": AddedResource("a", "A")}
    for text in ("{", '[{"id": "NO", "title": "x"}]', "{}", '[{"id": "a"}]'):
        (settings.home / "added.json").write_text(text)
        with pytest.raises(CatalogueError, match=r"added\.json"):
            reading_list(settings)


def test_a_new_list_is_valid_and_can_be_ingested(tmp_path: Path, embedder: HashingEmbedder):
    """What ``new-list`` writes passes every check; a folder with something in it is left alone."""
    folder = tmp_path / "deep" / "mine"
    assert {p.relative_to(folder).as_posix() for p in new_list(folder)} == {
        "catalogue.toml", "notes/concepts/forgetting-curve.md", "notes/ebbinghaus-1885-memory.md",
    }  # fmt: skip
    report = ingest(Settings(home=tmp_path / "home", corpus=folder), embedder=embedder)
    assert (report.resources, report.counts["notes"], report.counts["claims"]) == (1, 2, 4)
    for taken in (folder, folder / "catalogue.toml"):
        with pytest.raises(CatalogueError, match="not an empty folder"):
            new_list(taken)
