"""The reading list (ingest/catalogue.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.catalogue import load_catalogue
from ingest.errors import CatalogueError
from tests.conftest import CATALOGUE, ROOT, write_corpus


def test_all_47_resources_are_there():
    """The list is whole: 47 resources in eleven sections, each with an address, a licence and a way to have it."""
    catalogue = load_catalogue(ROOT / "corpus")
    assert len(catalogue) == 47
    assert len(catalogue.section) == 11
    assert all(catalogue.of_section(s.id) for s in catalogue.section)
    assert [r.id for r in catalogue] == sorted(r.id for r in catalogue)
    assert {r.id for r in catalogue if r.identity == "guess"} == {"stanford-cs221", "rl-review", "rl-tutorial"}
    assert all(r.identity_note for r in catalogue if r.identity != "certain")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('identity = "guess"', 'identity = "maybe"', "resource roe-2002-slopes, field identity"),
        ("year = 2001", 'year = "long ago"', "resource doe-2001-descent, field year"),
        ('kind = "book"', 'kind = "book"\ncolour = "red"', "field colour"),
        ('title = "Slopes and Valleys"\n', "", "field title"),
        ('id = "roe-2002-slopes"', 'id = "doe-2001-descent"', "two resources"),
        ('sections = ["maths"]', 'sections = ["music"]', "no section 'music'"),
        ('access = "by hand"', 'access = "fetch"', "needs a [[resource.fetch]]"),
        ('url = "https://example.org/descent"', 'url = "file:///etc/passwd"', "field url"),
        ("year = 2001", "year = ", "TOML"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, says: str):
    """A wrong field is one line that names the file, the entry and the field."""
    assert old in CATALOGUE
    folder = write_corpus(tmp_path, catalogue=CATALOGUE.replace(old, new, 1))
    with pytest.raises(CatalogueError, match=r"catalogue\.toml") as caught:
        load_catalogue(folder)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_catalogue_says_what_to_do(tmp_path: Path):
    """A folder without a catalogue is refused with the way to make one."""
    with pytest.raises(CatalogueError, match="new-list"):
        load_catalogue(tmp_path)
