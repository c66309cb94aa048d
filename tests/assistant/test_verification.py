"""Checking answers again (assistant/verification.py)."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fpdf import FPDF

from assistant import grounding
from assistant.answering import Assistant
from assistant.answers import Answer, Citation, Statement
from assistant.references import to_markdown
from assistant.retrieval import PassageFound
from assistant.verification import ANY, Verdict, Verifier, difference, summary, verify_file
from ingest.errors import QuestionError
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.wording import NORMALISATION, WordIndex, digest, norms, short_digest
from tests.conftest import ROOT, HashingEmbedder
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
        "words": len(wanted), "sha256": digest(wanted), "start": short_digest(wanted), "normalisation": NORMALISATION, "decided": "2026-11-24",
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "a.json: not JSON"),
        ('{"schema_version": 99}', "a.json: schema_version 99 is not known here"),
        ('{"schema_version": 2}', "a.json: this answer is damaged.*Save one answer to a file"),
        ('[{"schema_version": 2}]', "a.json: a list, not an answer"),
    ],
)
def test_a_file_that_is_no_answer_is_refused(
    answer: tuple[Assistant, Answer], settings: Settings, tmp_path: Path, text: str, says: str
):
    """Broken JSON and unknown versions are one line."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(QuestionError, match=says):
        verify_file(settings, tmp_path / "a.json")


def test_a_wrong_page_and_a_wrong_edition_are_told_apart(answer: tuple[Assistant, Answer]):
    """What is said and what is true stand side by side; what an answer does not say is no claim."""
    assistant, given = answer
    first = given.citations[0]
    verifier = Verifier(assistant.index, assistant.catalogue)

    def told(**change: object) -> str:
        changed = replace(first, **change)  # type: ignore[arg-type]
        return verifier.answer(replace(given, statements=(), citations=(changed,)))[0].explanation

    assert "the answer says page 7, here none is known" in told(locator=replace(first.locator, page=7))
    assert "the answer says edition second" in told(edition="second")
    assert told(edition=None).startswith("Found in")


def test_an_answer_of_an_older_version_is_read(answer: tuple[Assistant, Answer]):
    """schema_version 1 had no remarks on statements; its quotes are checked like any."""
    assistant, given = answer
    raw = json.loads(json.dumps(given.to_json()))
    raw["schema_version"] = 1
    for statement in raw["statements"]:
        del statement["remarks"]
    found = Verifier(assistant.index, assistant.catalogue).answer(Answer.from_json(raw))
    assert found[0].check == "words_found"


def test_a_better_reader_breaks_no_old_answer(answer: tuple[Assistant, Answer]):
    """Where the same file now gives another text, the words are found in it, and that is said."""
    assistant, given = answer
    first = given.citations[0]
    assert first.quote is not None
    older = replace(first.quote, text_sha256="0" * 64, start=first.quote.start + 900, end=first.quote.end + 900)
    changed = replace(given, statements=(), citations=(replace(first, quote=older),))
    [verdict] = Verifier(assistant.index, assistant.catalogue).answer(changed)
    assert verdict.check == "words_found"
    assert "read by a newer reader" in verdict.explanation


def test_a_removed_file_is_not_held_though_others_have_its_words(
    answer: tuple[Assistant, Answer], settings: Settings, embedder: HashingEmbedder, tmp_path: Path
):
    """Another resource that quotes the words does not make the answer false once its own file is gone."""
    assistant, given = answer
    (tmp_path / "more" / "roe-2002-slopes").mkdir(parents=True)
    (tmp_path / "more" / "roe-2002-slopes" / "more.md").write_text(f"# More\n\nAs Doe says, {SENTENCE}\n")
    ingest(settings, readings=tmp_path / "more", forget=["doe-2001-descent"], embedder=embedder)
    assert Verifier(assistant.index, assistant.catalogue).answer(given)[0].check == "not_held"


def test_a_sentence_that_misquotes_its_own_quotation_is_altered(answer: tuple[Assistant, Answer]):
    """The words shown as the source's must be the quote; a changed number beside a true quote is caught as well."""
    assistant, given = answer
    first = replace(given.citations[0], relation="quotes")
    verifier = Verifier(assistant.index, assistant.catalogue)

    def checks(text: str, voice: str) -> list[str | None]:
        said = Statement(text, voice, (1,), "quoted" if voice == "reading" else "linked")  # type: ignore[arg-type]
        return [v.check for v in verifier.answer(replace(given, statements=(said,), citations=(first,)))]

    assert checks(f"“{SENTENCE}”", "reading") == ["words_found"]
    assert checks(f"“{SENTENCE.replace('any', 'some')}”", "reading") == ["words_found", "altered"]
    assert checks("Our rule uses at most 0.5 times the old step.", "note") == ["words_found"]
    assert checks("The rule does not use more than 0.7 times the old step.", "note") == ["words_found", "altered"]


def test_what_underhood_writes_it_can_check(answer: tuple[Assistant, Answer], settings: Settings, tmp_path: Path):
    """An answer saved as Markdown is text with quotes and names like any other."""
    _, given = answer
    (tmp_path / "a.md").write_text(to_markdown(given), "utf-8")
    found = verify_file(settings, tmp_path / "a.md")
    assert found
    assert {v.check for v in found} == {"words_found"}
    (tmp_path / "b.md").write_text(to_markdown(given).replace("0.5 times", "0.7 times"), "utf-8")
    assert "altered" in {v.check for v in verify_file(settings, tmp_path / "b.md")}


KINDS = ("word", "number", "sign", "negation", "source", "page", "edition")
EXPECTED = dict.fromkeys(KINDS[:4], "altered") | {"source": "misattributed", "page": "moved", "edition": "moved"}
SENTENCES = [
    f"The {a} method does not need more than {n}.{n} units of the {b} rule, and -{n} of {m} {a} steps are lost in the {b} part."
    for n, (a, b) in enumerate(product(["steep", "narrow", "patient", "early", "gentle", "windy", "hollow"], ["first", "old", "second", "long", "dull", "raw", "wide"]), 3)
    for m in (n + 40,)
]  # fmt: skip


@pytest.fixture
def book(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> Assistant:
    """A PDF of seven pages, seven sentences each, and another resource."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for page in range(7):
        pdf.add_page()
        pdf.multi_cell(0, 8, " ".join(SENTENCES[7 * page : 7 * page + 7]))
    for resource in ("doe-2001-descent", "roe-2002-slopes"):
        (tmp_path / "r" / resource).mkdir(parents=True)
    pdf.output(str(tmp_path / "r" / "doe-2001-descent" / "book.pdf"))
    (tmp_path / "r" / "roe-2002-slopes" / "text.md").write_text(f"# Valleys\n\n{OTHER}\n")
    ingest(settings, readings=tmp_path / "r", embedder=embedder)
    return Assistant.open(settings, embedder=embedder)


def planted(citation: Citation, kind: str, rng: random.Random, other: str) -> Citation | None:
    """The citation with one thing changed; None where it has no such thing."""
    quote, page = citation.quote, citation.locator.page
    assert quote is not None
    if kind == "source":
        return replace(citation, resource=replace(citation.resource, id=other))
    if kind == "page":
        return (
            replace(citation, locator=replace(citation.locator, page=page + rng.choice([-1, 1, 5]))) if page else None
        )
    if kind == "edition":
        return replace(citation, edition=rng.choice(["second", "v2", "2nd edition draft"]))
    pattern, change = {
        "word": (r"\b[a-z]{5,}\b", lambda w: rng.choice([w + "s", "un" + w, w[::-1], "other", f"{w} other"])),
        "number": (r"(?<![\w.])\d+", lambda n: str(int(n) + rng.choice([1, 10]))),
        "sign": (r"(?<= )-?\d+", lambda n: n[1:] if n[0] == "-" else f"-{n}"),
        "negation": (r"\bnot \b|\b(?:is|are|can|will) ", lambda w: "" if w == "not " else rng.choice([f"{w}not ", f"{w}never "])),
    }[kind]  # fmt: skip
    found = list(re.finditer(pattern, quote.text))
    if not found:
        return None
    m = rng.choice(found)
    text = quote.text[: m.start()] + change(m[0]) + quote.text[m.end() :]
    return replace(citation, quote=replace(quote, text=text)) if norms(text) != norms(quote.text) else None


def checked(assistant: Assistant, citations: Sequence[Citation]) -> list[Verdict]:
    """The verdicts on a saved answer with these citations."""
    numbered = tuple(replace(c, number=n) for n, c in enumerate(citations, 1))
    saved = json.dumps(Answer("q", "q", "answered", "", 1.0, "", "", citations=numbered).to_json())
    return Verifier(assistant.index, assistant.catalogue).answer(Answer.from_json(json.loads(saved)))


def verdicts_on_planted(
    assistant: Assistant, true: Sequence[Citation], rng: random.Random
) -> list[tuple[str, Verdict]]:
    """301 of the citations with one thing changed each, 43 a kind, and what was found of them."""
    held = sorted({d["resource"] for d in assistant.index.store.document_list()})
    wanted, changes = Counter(dict.fromkeys(KINDS, 43)), []
    while wanted.total():
        kind, citation = max(wanted, key=lambda k: wanted[k]), rng.choice(true)
        changed = planted(citation, kind, rng, rng.choice([r for r in held if r != citation.resource.id]))
        if changed:
            wanted[kind] -= 1
            changes.append((kind, changed))
    found = checked(assistant, [c for _, c in changes])
    return [(kind, v) for (kind, _), v in zip(changes, found, strict=True)]


def test_every_planted_change_has_its_verdict(book: Assistant):
    """301 citations of a book with one thing changed each, and 49 true ones: every verdict is right."""
    document = book.index.store.document("doe-2001-descent/book.pdf")
    assert document is not None
    index, resource = WordIndex(document.text), grounding.reference(book.catalogue.by_id["doe-2001-descent"])
    true = []
    for sentence in SENTENCES:
        [(start, end)] = index.find(norms(sentence))
        true.append(
            Citation(1, resource, document.edition, document.locate(start), "", "quotes", "search", quote=grounding.cut(document, start, end))
        )  # fmt: skip
    assert {c.locator.page for c in true} == set(range(1, 8))
    assert {v.check for v in checked(book, true)} == {"words_found"}
    found = verdicts_on_planted(book, true, random.Random(2))
    assert len(found) > 300
    assert [(kind, v) for kind, v in found if v.check != EXPECTED[kind]] == []
    assert [v for kind, v in found if kind == "word" and "[-" not in v.explanation and "{+" not in v.explanation] == []


@pytest.mark.long
def test_every_planted_change_in_real_readings_has_its_verdict(
    readings: Path, settings: Settings, embedder: HashingEmbedder
):
    """The same with quotes of all held readings; checking 301 of them against all takes seconds."""
    ingest(replace(settings, corpus=ROOT / "corpus"), readings=readings, embedder=embedder)
    assistant = Assistant.open(replace(settings, corpus=ROOT / "corpus"), embedder=embedder)
    rng, true = random.Random(4), []
    grounder = grounding.Grounder(assistant.index, assistant.catalogue)
    for found in rng.sample(assistant.index.store.passages(), 1500):
        sentence = rng.choice(found.passage.sentences)
        citation = grounder.of_passage(PassageFound(found, 0.0, 0.0, 0, 0.0), sentence.start, sentence.end)
        if citation.relation == "quotes" and citation.quote and 8 <= len(norms(citation.quote.text)) <= 80:
            true.append(citation)
    assert {v.check for v in checked(assistant, true)} == {"words_found"}
    started = time.perf_counter()
    planted_ones = verdicts_on_planted(assistant, true, rng)
    assert time.perf_counter() - started < 90
    assert [(kind, v) for kind, v in planted_ones if v.check != EXPECTED[kind]] == []


def test_one_sentence_says_what_came_of_it():
    """Each way is counted for itself: what is not held was not found, what stands elsewhere did not fail."""
    checks = ("words_found", "words_found", "moved", "not_held", "altered", "fabricated")
    verdicts = [Verdict(n, "some words", c, ANY if c == "fabricated" else "Doe", "") for n, c in enumerate(checks)]
    assert summary([*verdicts, Verdict(9, "", "not_held", "Roe", "")]) == (
        "2 of 6 quotations found as quoted; 1 in another place than is said; 1 from a text that is not here; 2 failed; "
        "1 citation is an address only."
    )
    assert summary([Verdict(1, "", None, "Roe", "")]) == "Nothing is quoted; 1 citation is an address only."
    assert summary([]) == "Nothing to check: no citation, no quotation."
    assert [v.label for v in verdicts[-3:]] == ["not held", "altered", "found nowhere"]


def test_the_difference_is_shown():
    """What was taken out and put in stands in brackets."""
    assert difference("the cat sat", "the dog sat") == "the [-dog-] {+cat+} sat"
