"""The note format (ingest/notes.py) and its checks (ingest/note_checks.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import NotesError
from ingest.note_checks import check_notes
from ingest.notes import Note, parse_note, read_notes
from tests.conftest import NOTES, ROOT

RESOURCES = {"doe-2001-descent", "roe-2002-slopes"}
MOMENTUM = NOTES["concepts/momentum.md"]


def parse(text: str = MOMENTUM, path: str = "concepts/momentum.md") -> Note:
    return parse_note(text, path)


def test_a_claim_has_all_its_parts():
    """Text, kind, questions, citations with locators, id, concepts and line are read as written."""
    claim = parse().claims[2]
    assert claim.id == "momentum-versus-descent"
    assert claim.text.startswith("Momentum and plain gradient descent are not the same")
    assert claim.kind == "comparison"
    assert claim.also == ("gradient-descent",)
    assert [(c.resource, c.locator) for c in claim.citations] == [
        ("roe-2002-slopes", '"Momentum"'),
        ("doe-2001-descent", "sec. 3"),
    ]
    assert claim.questions == ("Are momentum and gradient descent the same thing?", "momentum vs gradient descent")
    assert MOMENTUM.splitlines()[claim.line - 1].startswith("- Momentum and plain")


def test_a_claim_may_run_over_lines():
    """Indented lines go on with the claim above them."""
    text = MOMENTUM.replace("so that a steady", "so that\n  a steady")
    assert parse(text).claims[0].text == parse().claims[0].text


def test_a_semicolon_in_a_quoted_heading_does_not_split_citations():
    """Only semicolons outside quotation marks part citations."""
    text = MOMENTUM.replace('"Momentum"] {#momentum-what', '"Speed; and more", p. 4] {#momentum-what')
    assert [c.locator for c in parse(text).claims[0].citations] == ['"Speed; and more", p. 4']


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("---\nconcept", "concept", "front matter"),
        ("concept: momentum", "concept: momentum\nresource: x", "either"),
        ("concept: momentum", "colour: red\nconcept: momentum", "unknown field 'colour'"),
        ("aliases: [heavy ball]", "aliases: heavy ball", "must be a list"),
        ("aliases: [heavy ball]", "aliases: [a: b: c]", "not YAML"),
        ("kind=definition", "kind=wonder", "kind=wonder"),
        (" {#momentum-what kind=definition also=gradient-descent}", "", "ends with its citation and id"),
        ('[@roe-2002-slopes, "Momentum"] {#momentum-what', "[@roe 2002] {#momentum-what", "not a citation"),
        ("kind=purpose}", "kind=purpose mood=glad}", "unknown mark"),
        ("## What it is\n", "## What it is\nSome prose.\n", "only headings, claims"),
        ("## What it is\n", "## What it is\n  ? A question first?\n", "without a claim"),
        ('[[roe-2002-slopes, "the only full account"]]', "[roe-2002-slopes]", "pairs"),
    ],
)
def test_a_broken_note_is_named_with_file_and_reason(old: str, new: str, says: str):
    """Each break of the format is one line that says where and what."""
    assert old in MOMENTUM
    with pytest.raises(NotesError, match=r"concepts/momentum\.md") as caught:
        parse(MOMENTUM.replace(old, new, 1))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def notes_with(old: str = "", new: str = "", name: str = "concepts/momentum.md") -> list[Note]:
    texts = {k: v.replace(old, new, 1) if k == name and old else v for k, v in NOTES.items()}
    return [parse_note(text, path) for path, text in texts.items()]


def test_good_notes_have_no_findings():
    """The notes of the fixtures pass every check."""
    assert check_notes(notes_with(), RESOURCES) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{#momentum-why", "{#momentum-what", "is taken"),
        ("[heavy ball]", "[steepest descent]", "one name, one concept"),
        ('@roe-2002-slopes, "Momentum"] {#momentum-why', "@poe-1845, sec. 1] {#momentum-why", "'poe-1845'"),
        ("Momentum is used to cross long", "It is used to cross long", "name the subject"),
        (
            "Momentum is used to cross long flat valleys quickly and to damp the zigzags of plain gradient descent.",
            "Momentum helps.",
            "words",
        ),
        ("  ? why does momentum help\n", "", "1 questions"),
        ("? why does momentum help", "? Why use momentum?", "same question twice"),
        ("also=gradient-descent} ", "also=zen} ", "not a concept"),
        ("kind=definition", "kind=effect", "kind=definition"),
        ("long flat valleys", "long $x flat valleys", "without its partner"),
        ("? Why use momentum?", "? What is gradient descent?", "ask the same"),
        ('[[roe-2002-slopes, "the only full account"]]', "[]", "no read_next"),
        ('"Momentum"] {#momentum-what', "somewhere] {#momentum-what", "locator"),
    ],
)
def test_each_planted_fault_is_found(old: str, new: str, says: str):
    """A planted fault of each kind fails the check, and is named."""
    text = MOMENTUM.replace("also=gradient-descent}\n", "also=gradient-descent} \n")
    assert old in text
    changed = {**NOTES, "concepts/momentum.md": text.replace(old, new, 1)}
    found = check_notes([parse_note(t, p) for p, t in changed.items()], RESOURCES)
    assert any(says in f.what for f in found), [str(f) for f in found]


def test_notes_are_read_from_a_folder(corpus: Path):
    """Notes on resources and on concepts are found, sorted by name."""
    assert [n.key for n in read_notes(corpus / "notes")] == [
        "concepts/gradient-descent",
        "concepts/momentum",
        "doe-2001-descent",
    ]


def test_our_own_notes_pass():
    """Every note in the repository keeps the format and passes the checks a machine can make without vectors."""
    from ingest.catalogue import load_catalogue

    catalogue = load_catalogue(ROOT / "corpus")
    notes = read_notes(ROOT / "corpus" / "notes")
    assert [str(f) for f in check_notes(notes, catalogue.by_id) if f.serious] == []
    assert {n.resource for n in notes if n.resource} == set(catalogue.by_id)
