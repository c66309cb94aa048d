"""Checking answers again (assistant/verification.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.answers import Answer, Citation
from assistant.verification import Verifier, difference, verify_file
from ingest.errors import QuestionError
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.wording import digest, norms, short_digest
from tests.conftest import HashingEmbedder
from tests.ingest.test_pipeline import PAGE

SENTENCE = "The rule does not use more than 0.5 times the old step in any of its moves."
OTHER = "Valleys are narrow places between two slopes where water gathers after rain."


@pytest.fixture
def answer(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> tuple[Assistant, Answer]:
    for resource, text in (
        ("doe-2001-descent", PAGE + "\n" + SENTENCE + "\n"),
        ("roe-2002-slopes", f"# Valleys\n\n{OTHER}\n"),
    ):
        (tmp_path / "r" / resource).mkdir(parents=True)
        (tmp_path / "r" / resource / "text.md").write_text(text)
    wanted = norms(SENTENCE)
    anchor = {
        "claim": "momentum-versus-descent", "resource": "doe-2001-descent", "edition": "first", "locator": "sec. 3",
        "words": len(wanted), "sha256": digest(wanted), "start": short_digest(wanted), "normalisation": 1, "decided": "2026-11-24",
    }  # fmt: skip
    (settings.corpus / "anchors" / "momentum.jsonl").write_text(json.dumps(anchor) + "\n")
    ingest(settings, readings=tmp_path / "r", embedder=embedder)
    assistant = Assistant.open(settings, embedder=embedder)
    return assistant, assistant.ask("momentum vs gradient descent")


def verdicts(assistant: Assistant, answer: Answer, **change: object) -> list[str | None]:
    first = answer.citations[0]
    quote = first.quote
    assert quote is not None
    if "text" in change:
        change["quote"] = replace(quote, text=change.pop("text"))
    changed: Citation = replace(first, **change)  # type: ignore[arg-type]
    saved = Answer.from_json(json.loads(json.dumps(replace(answer, citations=(changed,)).to_json())))
    return [v.check for v in Verifier(assistant.index, assistant.catalogue).answer(saved)]


def test_a_true_answer_passes(answer: tuple[Assistant, Answer]):
    """An answer that was not touched is found word for word, its other citations are addresses."""
    assistant, given = answer
    found = Verifier(assistant.index, assistant.catalogue).answer(given)
    assert found[0].check == "words_found"
    assert not any(v.failed for v in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("does not use", "does use"), ("0.5", "0.6"), ("0.5", "-0.5"), ("more than", "less than"), ("old step", "new step"),
        ("in any of its moves", "in its moves"), ("The rule", "The good rule"),
    ],
)  # fmt: skip
def test_one_changed_word_number_sign_or_negation_is_altered(answer: tuple[Assistant, Answer], old: str, new: str):
    """Any single change of what is said is caught and named."""
    assistant, given = answer
    assert old in SENTENCE
    assert verdicts(assistant, given, text=SENTENCE.rstrip(".").replace(old, new)) == ["altered"]


def test_other_ways_to_be_wrong_are_named(answer: tuple[Assistant, Answer]):
    """Another resource's words, invented words, another page and another edition each have their verdict."""
    assistant, given = answer
    first = given.citations[0]
    assert verdicts(assistant, given, text=OTHER) == ["misattributed"]
    assert verdicts(
        assistant, given, text="Nobody ever wrote this sentence about kittens and their many small blankets."
    ) == ["fabricated"]
    assert verdicts(assistant, given, locator=replace(first.locator, page=7)) == ["moved"]
    assert verdicts(assistant, given, edition="second") == ["moved"]
    assert verdicts(assistant, given, resource=replace(first.resource, id="roe-2002-slopes")) == ["misattributed"]


def test_typesetting_is_no_change(answer: tuple[Assistant, Answer]):
    """A quote in other case and spacing has the same words."""
    assistant, given = answer
    assert verdicts(assistant, given, text=SENTENCE.upper().replace(" ", "  ")) == ["words_found"]


def test_a_removed_reading_is_not_held(answer: tuple[Assistant, Answer], settings: Settings, embedder: HashingEmbedder):
    """After a reading was taken away its quotes are not held, and nothing fails."""
    assistant, given = answer
    ingest(settings, forget=["doe-2001-descent"], embedder=embedder)
    found = Verifier(assistant.index, assistant.catalogue).answer(given)
    assert found[0].check == "not_held"
    assert not any(v.failed for v in found)


def test_anybodys_text_can_be_checked(answer: tuple[Assistant, Answer], settings: Settings, tmp_path: Path):
    """Quotations in any text are looked up; one that names the wrong resource, or nobody's words, fails."""
    text = f'Doe (2001) writes “{SENTENCE}”\n\nRoe (2002) says: "{SENTENCE}"\n\nSomebody said “words that stand in no book at all”. A “short one”.'
    path = tmp_path / "note.md"
    path.write_text(text)
    assert [v.check for v in verify_file(settings, path)] == ["words_found", "misattributed", "fabricated"]


@pytest.mark.parametrize(("text", "says"), [("{", "not JSON"), ('{"schema_version": 99}', "not known here")])
def test_a_file_that_is_no_answer_is_refused(
    answer: tuple[Assistant, Answer], settings: Settings, tmp_path: Path, text: str, says: str
):
    """Broken JSON and unknown versions are one line."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(QuestionError, match=says):
        verify_file(settings, tmp_path / "a.json")


def test_the_difference_is_shown():
    """What was taken out and put in stands in brackets."""
    assert difference("the cat sat", "the dog sat") == "the [-dog-] {+cat+} sat"
