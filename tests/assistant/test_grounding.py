"""Citations and what stands behind them (assistant/grounding.py), over small texts and over hundreds of answers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pypdfium2
import pytest

from assistant.answering import Assistant
from assistant.answers import Answer, Citation, Quote, ResourceRef
from assistant.grounding import notice, numbered, support_of
from ingest.documents import Document, Locator, text_sha256
from ingest.embedding import Embedder
from ingest.pipeline import ingest
from ingest.settings import Settings
from ingest.wording import NORMALISATION, digest, norms, short_digest
from tests.conftest import ROOT, HashingEmbedder

SENTENCE = "Momentum keeps a share of 0.9 of the old step, so that a steady direction gathers speed."
DOE = ResourceRef(
    "doe-2001-descent", "Walking Downhill", "Doe (2001)", ("Jane Doe",), 2001, "paper", "https://example.org", "certain"
)


def paraphrase(words: str | None, relation: str = "paraphrases") -> Citation:
    quote = Quote(words, "0" * 64, 0, len(words)) if words else None
    check = "words_found" if words else "not_held"
    return Citation(0, DOE, None, Locator(), "", relation, "author", "c", "full text", quote, check)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words", "relation", "support"),
    [
        ("Momentum keeps 0.9 of the old step.", SENTENCE, "paraphrases", "linked"),
        ("Momentum keeps a share of 0.5 of the old step.", SENTENCE, "paraphrases", "contradicted"),
        ("Momentum helps in 3 of 4 cases.", SENTENCE, "paraphrases", "unchecked"),
        ("Momentum keeps a share of 0.5 of the old step.", SENTENCE, "related", "unchecked"),
        ("Momentum helps.", None, "paraphrases", "unchecked"),
        (f"“{SENTENCE}”", SENTENCE, "quotes", "quoted"),
    ],
)
def test_support_is_never_more_than_was_proved(text: str, words: str | None, relation: str, support: str):
    """Linked where the words are here and agree; contradicted or unchecked where they say other or nothing of a number."""
    found, remarks = support_of(text, [paraphrase(words, relation)])
    assert found == support
    assert bool(remarks) is (words is not None and relation == "paraphrases" and support != "linked")


@pytest.mark.parametrize(
    ("drafts", "line"),
    [
        ([("A.", None, "paraphrases")], "From our study notes; the sources' own words are not behind it, so each citation is an address."),
        ([("A.", SENTENCE, "paraphrases"), ("B.", None, "paraphrases")], "From our study notes; 1 of 2 sentences shows the source's own words."),
        ([("A.", SENTENCE, "related")], "From our study notes; the sources' own words are not behind it, so each citation is an address."),
        ([("“W.”", SENTENCE, "quotes")], "From the readings, in their own words."),
        ([("Momentum keeps a share of 0.5 of the old step.", SENTENCE, "paraphrases")], "From our study notes; 1 of 1 sentence shows the source's own words, and 1 may say other than its source."),
    ],
)  # fmt: skip
def test_one_honest_line_opens_the_answer(drafts: list[tuple[str, str | None, str]], line: str):
    """It counts the sentences with a resource's own words behind them; a related text's do not count."""
    assert notice(*numbered([(t, [paraphrase(w, r)], None) for t, w, r in drafts])) == line


def test_a_related_text_is_cited_as_itself(settings: Settings, embedder: HashingEmbedder, tmp_path: Path):
    """A claim that is anchored in somebody's summary keeps its own address, and the summary stands under its own title."""
    folder = tmp_path / "r" / "roe-2002-slopes"
    folder.mkdir(parents=True)
    (folder / "sheet.md").write_text(f"# A cheat sheet\n\n## Speed\n\n{SENTENCE}\n")
    rows = [
        {"resource": "roe-2002-slopes", "file": "roe-2002-slopes/sheet.md", "role": "related", "edition": "a summary"}
    ]
    (tmp_path / "r" / "manifest.json").write_text(json.dumps(rows))
    words = norms(SENTENCE)
    anchor = {
        "claim": "momentum-what", "resource": "roe-2002-slopes", "edition": "a summary", "locator": "", "words": len(words),
        "sha256": digest(words), "start": short_digest(words), "normalisation": NORMALISATION, "decided": "2026-11-24",
    }  # fmt: skip
    (settings.corpus / "anchors" / "momentum.jsonl").write_text(json.dumps(anchor) + "\n")
    ingest(settings, readings=tmp_path / "r", embedder=embedder)
    answer = Assistant.open(settings, embedder=embedder).ask("What is momentum?")
    own, related = answer.citations[:2]
    assert (own.relation, own.quote, own.check, own.resource.title) == (
        "paraphrases",
        None,
        "not_held",
        "Slopes and Valleys",
    )
    assert (related.relation, related.resource.title, related.resource.authors) == ("related", "A cheat sheet", ())
    assert related.quote is not None
    assert related.quote.text.startswith("Momentum keeps")
    assert not related.solid
    assert answer.statements[0].support == "unchecked"
    assert "which is not the resource itself" in related.explanation


def bank(count: int) -> list[str]:
    """Questions of our bank, spread over the whole of it."""
    lines = (ROOT / "corpus" / "questions" / "bank-list.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:: max(1, len(lines) // count)]][:count]


def proved(assistant: Assistant, answer: Answer) -> Iterator[str]:
    """What is wrong with an answer's quotes, pages, voices; nothing, it is hoped."""
    cited = {c.number: c for c in answer.citations}
    for citation in answer.citations:
        if citation.quote is not None:
            yield from _quote_faults(assistant, citation)
        elif citation.check == "words_found":
            yield f"[{citation.number}] is found without words"
    for s in answer.statements:
        quoting = [cited[n] for n in s.citations if cited[n].relation == "quotes"]
        if s.voice != "reading" and (quoting or s.support == "quoted"):
            yield f"our words as a resource's: {s.text}"
        if s.voice == "reading" and all(norms(c.quote.text) != norms(s.text) for c in quoting if c.quote):
            yield f"not the quoted words: {s.text}"


def _quote_faults(assistant: Assistant, citation: Citation) -> Iterator[str]:
    quote, store = citation.quote, assistant.index.store
    assert quote is not None
    documents = [d for k in store.document_keys(text_sha256=quote.text_sha256) if (d := store.document(k))]
    if not any(
        text_sha256(d.text) == quote.text_sha256 and d.text[quote.start : quote.end] == quote.text for d in documents
    ):
        yield f"[{citation.number}] is not at its span"
    document = next((d for d in documents if d.resource == citation.resource.id), None)
    if document is None or (document.role == "related") != (citation.relation == "related"):
        yield f"[{citation.number}] {citation.relation} a text of another role or resource"
    elif (
        citation.relation == "related"
        and citation.resource.title == assistant.catalogue.by_id[citation.resource.id].title
    ):
        yield f"[{citation.number}] shows a related text as the resource"
    elif citation.locator.page is not None and not _on_page(assistant, document, citation.locator.page, quote.text):
        yield f"[{citation.number}] is not on page {citation.locator.page} of {document.key}"


def _on_page(assistant: Assistant, document: Document, page: int, text: str) -> bool:
    """Whether the file itself has the first words of a quote on that page, asked of pdfium without our reader."""
    first = [w for w in norms(text)[:12] if w.isalpha() and len(w) > 2]
    pages = _pages(assistant.settings.sources / document.source_sha256)
    there = set(norms(pages[page - 1])) if page <= len(pages) else set()
    return sum(w in there for w in first) >= 0.7 * len(first)


@cache
def _pages(path: Path) -> list[str]:
    pdf = pypdfium2.PdfDocument(path)
    return [pdf[n].get_textpage().get_text_range() for n in range(len(pdf))]


def faults(assistant: Assistant, questions: list[str]) -> tuple[int, list[str]]:
    """How many quotes the answers to these questions show, and all that is wrong with them."""
    answers = [assistant.ask(q) for q in questions]
    assert sum(a.outcome != "declined" for a in answers) > len(answers) / 2
    quotes = sum(c.quote is not None for a in answers for c in a.citations)
    return quotes, [f"{a.question}: {f}" for a in answers for f in proved(assistant, a)]


def with_readings(settings: Settings, readings: Path, embedder: Embedder) -> Assistant:
    """Notes of ours with readings; what is proved of a quote does not depend on what finds it."""
    ingest(settings, readings=readings, embedder=embedder)
    return Assistant.open(settings, embedder=embedder)


def test_a_sample_of_answers_from_notes_is_proved(real: Assistant):
    """Without readings no answer has a quote, a solid mark or a page."""
    assert faults(real, bank(30)) == (0, [])
    assert all(c.check == "not_held" and c.locator.page is None for q in bank(30) for c in real.ask(q).citations)


def test_a_sample_of_answers_with_readings_is_proved(
    settings: Settings, readings: Path, embedder: HashingEmbedder, tmp_path: Path
):
    """Every quote is byte-exact, every page right, with a dozen notes, a paper and its page on the web."""
    corpus, few = tmp_path / "part", tmp_path / "few"
    (corpus / "notes" / "concepts").mkdir(parents=True)
    (corpus / "anchors").mkdir()
    shutil.copytree(readings / "ruder-2016-gradient-descent", few / "ruder-2016-gradient-descent")
    shutil.copy(readings / "manifest.json", few)
    (corpus / "catalogue.toml").write_text((ROOT / "corpus" / "catalogue.toml").read_text("utf-8"), "utf-8")
    for name in ("momentum", "adagrad", "adam", "adadelta", "rmsprop", "nesterov-momentum", "batch-gradient-descent"):
        for path in (f"notes/concepts/{name}.md", f"anchors/{name}.jsonl"):
            text = (ROOT / "corpus" / path).read_text("utf-8")
            (corpus / path).write_text(re.sub(r" also=[\w,-]+", "", text), "utf-8")  # to notes that are not here
    assistant = with_readings(replace(settings, corpus=corpus), few, embedder)
    asked = [c.questions[0] for c in assistant.index.claims]
    quotes, wrong = faults(assistant, asked[:: len(asked) // 40])
    assert quotes > 5
    assert wrong == []


@pytest.mark.long
def test_two_hundred_answers_from_notes_are_proved(real: Assistant):
    """200 answers as they are shipped."""
    assert faults(real, bank(200)) == (0, [])


@pytest.mark.long
def test_two_hundred_answers_with_readings_are_proved(settings: Settings, readings: Path, minilm: Embedder):
    """200 answers with all readings: every quote byte-exact, every page the file's or absent, no words of ours a resource's."""
    ours = replace(settings, corpus=ROOT / "corpus")
    quotes, wrong = faults(with_readings(ours, readings, minilm), bank(200))
    assert quotes > 60
    assert wrong == []
