"""Checks for people who write notes (assistant/doctor.py, ingest/anchoring.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.doctor import anchor, check_corpus, lost_questions
from ingest.anchoring import decide
from ingest.errors import NotesError
from ingest.notes import parse_note, read_anchors
from ingest.settings import Settings
from tests.conftest import NOTES
from tests.ingest.test_pipeline import PAGE, SENTENCE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "readings/roe-2002-slopes").mkdir(parents=True)
    (tmp_path / "readings/roe-2002-slopes/book.md").write_text(PAGE)
    return tmp_path / "readings"


def test_sentences_are_proposed_and_decisions_recorded(settings: Settings, folder: Path, tmp_path: Path):
    """The nearest sentences are proposed for each claim; what is decided is stored without its text, and found again."""
    note = Path("concepts/momentum.md")
    proposed = [json.loads(line) for line in anchor(settings, note, folder, None)]
    assert {p["claim"] for p in proposed} == {"momentum-what", "momentum-why", "momentum-versus-descent"}
    assert "Its speed carries it over the flat parts." in [p["quote"] for p in proposed if p["claim"] == "momentum-why"]
    decided = tmp_path / "decided.jsonl"
    decided.write_text(json.dumps({"claim": "momentum-why", "resource": "roe-2002-slopes", "quote": SENTENCE}) + "\n")
    assert list(anchor(settings, note, folder, decided)) == ["1 anchors recorded in momentum.jsonl"]
    stored = (settings.corpus / "anchors/momentum.jsonl").read_text()
    assert "heavy ball" not in stored
    assert read_anchors(settings.corpus / "anchors")["momentum-why"][0].words == 11


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"claim": "nobody", "resource": "roe-2002-slopes", "quote": "x"}', "not a decision"),
        ('{"claim": "momentum-why", "resource": "doe-2001-descent", "quote": "x"}', "does not cite"),
        (
            '{"claim": "momentum-why", "resource": "roe-2002-slopes", "quote": "words that nobody ever wrote down anywhere"}',
            "no reading",
        ),
        ("{", "not a decision"),
    ],
)
def test_a_wrong_decision_is_refused(line: str, says: str):
    """An anchor is recorded only where a reading has its words and the claim cites it."""
    with pytest.raises(NotesError, match=says):
        decide([line], parse_note(NOTES["concepts/momentum.md"], "concepts/momentum.md"), [], "2026-11-24")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "Momentum is used to cross long flat valleys quickly",
            "A heavy ball keeps rolling through small dents of the ground",
            "shares with roe-2002-slopes",
        ),
        ("long flat valleys", r"long $\\left( x$ valleys", "is not LaTeX"),
    ],
)
def test_borrowed_words_and_broken_formulas_are_found(settings: Settings, folder: Path, old: str, new: str, says: str):
    """Eight words in a row of a cited reading, or a formula that does not parse, fail the check."""
    note = settings.corpus / "notes/concepts/momentum.md"
    note.write_text(note.read_text().replace(old, new.replace("\\\\", "\\")))
    found = check_corpus(settings, folder)
    assert any(says in f.what and f.serious for f in found), [str(f) for f in found]


def test_an_anchor_of_nothing_is_found(settings: Settings, folder: Path):
    """An anchor whose words the held edition does not have fails the check."""
    row = {
        "claim": "momentum-why", "resource": "roe-2002-slopes", "edition": "book.md", "locator": "", "words": 7,
        "sha256": "0" * 64, "start": "0" * 12, "normalisation": 1, "decided": "2026-11-24",
    }  # fmt: skip
    (settings.corpus / "anchors/momentum.jsonl").write_text(json.dumps(row) + "\n")
    assert any("its words are not in" in f.what and f.serious for f in check_corpus(settings, folder))


def test_a_question_that_finds_others_first_is_lost():
    """With its own row left out, a question whose claim stands behind three others is reported; a good one is not."""
    eye = np.eye(6, dtype=np.float32)
    claims = eye[[0, 1, 2, 3, 4]]
    questions = np.stack([eye[0], eye[0], eye[1], eye[2], eye[3], (eye[0] + eye[1] + eye[2] + eye[3]) / 2])
    owner = np.array([0, 0, 1, 2, 3, 4])
    assert lost_questions(claims, questions, owner) == [(5, 4)]
