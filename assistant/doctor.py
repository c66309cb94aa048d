"""Checks of the installation, the index and the notes, for people who run or write them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import coverage
from assistant.naming import Names
from ingest.added import reading_list
from ingest.anchoring import decide, propose, read_folder, write_anchors
from ingest.catalogue import load_catalogue
from ingest.documents import Document
from ingest.embedding import SentenceTransformerEmbedder, Vectors, check_weights, packaged_model
from ingest.errors import NotesError, UnderhoodError
from ingest.index import server
from ingest.index.generation import published
from ingest.note_checks import Finding, check_notes
from ingest.notes import Anchor, Note, parse_note, read_anchors, read_notes
from ingest.pipeline import wanted_stamp
from ingest.settings import DEFAULT_EMBEDDER, Settings, writable_home
from ingest.wording import NORMALISATIONS, WordIndex, norms

#: The coverage map, in the corpus folder.
COVERAGE = "coverage.jsonl"
#: Two claims of different ids nearer than this say the same.
SAME_CLAIM = 0.97
#: A question must find its claim among the first three, its own row left out.
FIRST = 3
#: So many words in a row are borrowed, not shared.
BORROWED = 8


def check_installation(settings: Settings) -> list[Finding]:
    """Whether packages, model, home, catalogue and index are usable, one finding each."""
    found = []
    for package in ("chromadb", "sentence-transformers", "gradio", "langchain"):
        try:
            found.append(Finding(package, metadata.version(package), serious=False))
        except metadata.PackageNotFoundError:
            found.append(Finding(package, "not installed"))
    checks: dict[str, Callable[[], object]] = {
        "model": lambda: (
            check_weights(packaged_model() / "model.safetensors") if settings.embedder == DEFAULT_EMBEDDER else None
        ),
        "home": lambda: writable_home(settings),
        "catalogue": lambda: reading_list(settings),
        "index": lambda: published(
            settings.index, wanted_stamp(settings, SentenceTransformerEmbedder(settings.embedder))
        ),
    }
    if url := settings.chroma_url:
        checks["chroma server"] = lambda: server.connect(url, server.QUESTION_PATIENCE).close()
    for name, check in checks.items():
        try:
            check()
        except UnderhoodError as error:
            found.append(Finding(name, str(error)))
        else:
            found.append(Finding(name, "well", serious=False))
    return found


def check_corpus(settings: Settings, readings: Path | None = None) -> list[Finding]:
    """Everything a machine can check of the notes: form, names, anchors, sameness, questions that find their claim.

    With a folder of readings also: anchors whose words no reading has, and claims that share eight words in a
    row with a reading they cite.
    """
    catalogue = load_catalogue(settings.corpus)
    notes = read_notes(settings.corpus / "notes")
    anchors = read_anchors(settings.corpus / "anchors")
    found = [*check_notes(notes, catalogue.by_id), *_formulas(notes), *_anchors(notes, anchors)]
    found += coverage.check(
        coverage.read(settings.corpus / COVERAGE), {n.concept for n in notes if n.concept}, catalogue.by_id
    )
    if readings is not None:
        documents = [d for d in read_folder(readings, catalogue.by_id) if isinstance(d, Document)]
        found += [*_lost_anchors(anchors, documents), *_borrowed(notes, documents)]
    if any(f.serious for f in found):
        return found
    return [*found, *_by_meaning(notes, settings)]


def anchor(settings: Settings, note: Path, readings: Path | None, decided: Path | None) -> Iterator[str]:
    """Proposals for a note's claims as JSON lines, or, with decided lines, what was recorded of them."""
    if readings is None:
        raise NotesError("--anchor needs --readings DIR, the readings to anchor in", where=str(note))
    root = settings.corpus / "notes"
    path = note if note.is_file() else root / note
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        raise NotesError(f"no such note in {root}", where=str(note))
    parsed = parse_note(path.read_text("utf-8"), path.resolve().relative_to(root.resolve()).as_posix())
    cited = {c.resource for claim in parsed.claims for c in claim.citations}
    documents = [
        d
        for d in read_folder(readings, load_catalogue(settings.corpus).by_id)
        if isinstance(d, Document) and d.resource in cited
    ]
    if decided is None:
        for proposal in propose(parsed, documents, SentenceTransformerEmbedder(settings.embedder)):
            yield json.dumps(asdict(proposal), ensure_ascii=False)
        return
    made = decide(decided.read_text("utf-8").splitlines(), parsed, documents, dt.date.today().isoformat())
    target = settings.corpus / "anchors" / f"{path.stem}.jsonl"
    write_anchors(target, made)
    yield f"{len(made)} anchors recorded in {target.name}"


def cover(settings: Settings, readings: Path | None) -> list[Finding]:
    """Make the coverage map again from the headings of a folder of readings, and check it."""
    if readings is None:
        raise NotesError("--coverage needs --readings DIR, the readings whose headings it maps")
    catalogue, path = load_catalogue(settings.corpus), settings.corpus / COVERAGE
    notes = [n for n in read_notes(settings.corpus / "notes") if n.concept]
    names = Names({n.concept or "": (n.name, (n.concept or "").replace("-", " "), *n.aliases) for n in notes})
    documents = (d for d in read_folder(readings, catalogue.by_id) if isinstance(d, Document))
    found = coverage.merged(coverage.terms(documents, names), coverage.read(path))
    coverage.write(path, found)
    return coverage.check(found, {n.concept or "" for n in notes}, catalogue.by_id)


def _formulas(notes: Sequence[Note]) -> Iterator[Finding]:
    """Formulas that do not parse as LaTeX; checked where latex2mathml (a development package) is installed."""
    if find_spec("latex2mathml") is None:
        return
    from latex2mathml.converter import convert

    for note in notes:
        for claim in note.claims:
            for formula in re.findall(r"\$([^$]+)\$", claim.text):
                try:
                    convert(formula)
                except Exception as error:  # the converter raises many kinds for malformed LaTeX
                    yield Finding(
                        f"{note.path}:{claim.line}", f"{claim.id}: ${formula}$ is not LaTeX ({type(error).__name__})"
                    )


def _anchors(notes: Sequence[Note], anchors: Mapping[str, Sequence[Anchor]]) -> Iterator[Finding]:
    claims = {c.id: c for n in notes for c in n.claims}
    for claim, found in anchors.items():
        for one in found:
            if claim not in claims:
                yield Finding(f"anchors/{claim}", "anchors a claim that does not exist")
            elif one.resource not in {c.resource for c in claims[claim].citations}:
                yield Finding(f"anchors/{claim}", f"anchors to {one.resource}, which the claim does not cite")


def _lost_anchors(anchors: Mapping[str, Sequence[Anchor]], documents: Sequence[Document]) -> Iterator[Finding]:
    """Anchors into a resource that is held, whose words no text of it has. Another edition may lack them: a look."""
    held: dict[str, list[tuple[Document, dict[int, WordIndex]]]] = defaultdict(list)
    for document in documents:
        used = {a.normalisation for found in anchors.values() for a in found if a.resource == document.resource}
        held[document.resource].append((document, {n: WordIndex(document.text, n) for n in used & NORMALISATIONS}))
    sought = lost = 0
    for found in anchors.values():
        for one in found:
            if one.resource not in held or one.edition not in {d.edition or d.name for d, _ in held[one.resource]}:
                continue
            sought += 1
            indexes = [i[one.normalisation] for _, i in held[one.resource] if one.normalisation in i]
            if not any(i.find_digest(one.words, one.sha256, one.start) for i in indexes):
                lost += 1
                yield Finding(f"anchors/{one.claim}", f"its words are not in {one.resource} ({one.edition})")
    yield Finding("anchors", f"{sought - lost} of {sought} anchors into held editions found", serious=False)


def _borrowed(notes: Sequence[Note], documents: Sequence[Document]) -> Iterator[Finding]:
    """Claims that share eight words in a row with a reading they cite."""
    runs: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for document in documents:
        found = norms(document.text)
        runs[document.resource] |= {tuple(found[i : i + BORROWED]) for i in range(len(found) - BORROWED + 1)}
    for note in notes:
        for claim in note.claims:
            own = norms(claim.text)
            windows = {tuple(own[i : i + BORROWED]) for i in range(len(own) - BORROWED + 1)}
            for cited in sorted({c.resource for c in claim.citations}):
                if shared := {w for w in windows & runs.get(cited, set()) if _is_prose(w)}:
                    yield Finding(
                        f"{note.path}:{claim.line}", f"{claim.id} shares with {cited}: {' '.join(min(shared))!r}"
                    )


def _is_prose(words: Sequence[str]) -> bool:
    """Whether a run of words is language; a formula or a row of numbers belongs to nobody."""
    return sum(w.isalpha() and len(w) > 1 for w in words) > len(words) / 2


def _by_meaning(notes: Sequence[Note], settings: Settings) -> list[Finding]:
    """Claims that say the same, and questions that do not find their claim; by the real embedder, through its cache."""
    from ingest.index.building import claim_text
    from ingest.vector_cache import CachedEmbedder

    embedder = CachedEmbedder(SentenceTransformerEmbedder(settings.embedder), settings.cache)
    pairs = [(n, c) for n in notes for c in n.claims]
    claims = embedder.encode([claim_text(n.name, c) for n, c in pairs])
    questions = embedder.encode([q for _, c in pairs for q in c.questions])
    owner = np.array([i for i, (_, c) in enumerate(pairs) for _ in c.questions])
    found = []
    for first in range(0, len(pairs), 512):
        near = claims[first : first + 512] @ claims.T
        for row, column in zip(*np.where(near > SAME_CLAIM), strict=True):
            if first + row < column:
                (a, x), (_, y) = pairs[first + row], pairs[column]
                found.append(Finding(f"{a.path}:{x.line}", f"{x.id} and {y.id} say nearly the same", serious=False))
    lost = lost_questions(claims, questions, owner)
    found += [
        Finding(
            f"{pairs[owner[q]][0].path}:{pairs[owner[q]][1].line}",
            f"a question of {pairs[owner[q]][1].id} finds {rank} others first",
            False,
        )
        for q, rank in lost[:50]
    ]
    share = 1 - len(lost) / max(1, len(questions))
    found.append(
        Finding(
            "questions",
            f"{share:.1%} of {len(questions)} find their claim among the first {FIRST}, their own row left out",
            False,
        )
    )
    return found


def lost_questions(
    claims: Vectors, questions: Vectors, owner: NDArray[np.int64], step: int = 256
) -> list[tuple[int, int]]:
    """Questions whose claim is not among the first three when their own row is left out: (row, claims before it), worst first.

    ``claims`` (n, d) and ``questions`` (m, d) are unit vectors, ``owner`` (m,) the claim of each question.
    """
    lost = []
    starts = np.searchsorted(owner, np.arange(len(claims)))
    filled = np.unique(owner)
    for first in range(0, len(questions), step):
        rows = questions[first : first + step]
        to_questions = rows @ questions.T
        to_questions[np.arange(len(rows)), np.arange(first, first + len(rows))] = -1.0
        best = np.full((len(rows), len(claims)), -1.0, np.float32)
        best[:, filled] = np.maximum.reduceat(to_questions, starts[filled], axis=1)
        to_claims = rows @ claims.T
        scores = 0.3 * to_claims + 0.7 * np.where(best < -0.99, to_claims, best)
        own = scores[np.arange(len(rows)), owner[first : first + len(rows)]]
        ahead = (scores > own[:, None]).sum(1)
        lost += [(first + int(n), int(ahead[n])) for n in np.where(ahead >= FIRST)[0]]
    return sorted(lost, key=lambda x: -x[1])
