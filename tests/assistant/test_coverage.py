"""The coverage map (assistant/coverage.py): terms of headings, the concepts that hold them, reasons where none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.coverage import Term, check, merged, read, terms, write
from assistant.naming import Names
from ingest.documents import Document, Parsed, Section
from ingest.errors import NotesError

NAMES = Names({"momentum": ("momentum", "heavy ball"), "dropout": ("dropout",)})


def document(resource: str, *headings: str, role: str = "text") -> Document:
    sections = tuple(Section(0, 1, (h,)) for h in headings)
    return Document(resource, "a.pdf", "pdf", role, None, "0" * 64, "pdf-1", None, Parsed(text="x", sections=sections))


def test_terms_are_what_sections_of_two_resources_are_about():
    """Names and aliases count as their concept, other short headings as themselves; one resource alone does not."""
    found = terms(
        [
            document("a", "4.1 Momentum", "2 Slopes", "Dropout"),
            document("b", "Heavy ball methods", "III. Slope", "What we shall see in the chapters that follow"),
            document("c", "Dropout", role="related"),
        ],
        NAMES,
    )
    assert found == [
        Term("momentum", "momentum", (("a", "4.1 Momentum"), ("b", "Heavy ball methods"))),
        Term("slope", None, (("a", "2 Slopes"), ("b", "III. Slope"))),
    ]


def test_a_term_needs_a_note_or_a_reason(tmp_path: Path):
    """The check names what is missing; a reason that was written stays when the map is made again."""
    fresh = [Term("slope", None, (("a", "Slopes"), ("b", "Slope"))), Term("x", "gone", (("nobody", "X"), ("a", "X")))]
    said = [str(f) for f in check(fresh, {"momentum"}, {"a", "b"})]
    assert len(said) == 3
    assert "2 resources have a section on it, and no note does" in said[0]
    assert "no concept 'gone'" in said[1]
    assert "no resource 'nobody'" in said[2]
    kept = [Term("slope", None, (), "everyday word")]
    assert check(merged(fresh[:1], kept), set(), {"a", "b"}) == []
    write(tmp_path / "map.jsonl", merged(fresh, kept))
    assert read(tmp_path / "map.jsonl") == merged(fresh, kept)
    (tmp_path / "map.jsonl").write_text("{")
    with pytest.raises(NotesError, match="doctor --coverage"):
        read(tmp_path / "map.jsonl")


def test_the_map_of_our_corpus_is_whole(readings: Path):
    """Made again from the readings' headings, every term has a note of ours or a reason."""
    from assistant.doctor import COVERAGE
    from ingest.anchoring import read_folder
    from ingest.catalogue import load_catalogue
    from ingest.notes import read_notes
    from tests.conftest import ROOT

    corpus = ROOT / "corpus"
    notes = [n for n in read_notes(corpus / "notes") if n.concept]
    names = Names({n.concept or "": (n.name, (n.concept or "").replace("-", " "), *n.aliases) for n in notes})
    catalogue = load_catalogue(corpus)
    documents = [d for d in read_folder(readings, catalogue.by_id) if isinstance(d, Document)]
    kept = read(corpus / COVERAGE)
    assert check(merged(terms(documents, names), kept), {n.concept or "" for n in notes}, catalogue.by_id) == []
    assert {t.term for t in terms(documents, names)} == {t.term for t in kept}
