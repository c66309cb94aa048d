"""Checks of the installation, the index and the notes, for people who run or write them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import load_catalogue
from ingest.embedding import SentenceTransformerEmbedder, Vectors, check_weights, packaged_model
from ingest.errors import UnderhoodError
from ingest.index.generation import published
from ingest.note_checks import Finding, check_notes
from ingest.notes import Note, read_anchors, read_notes
from ingest.pipeline import wanted_stamp
from ingest.settings import DEFAULT_EMBEDDER, Settings, writable_home

#: Two claims of different ids nearer than this say the same.
SAME_CLAIM = 0.97
#: A question must find its claim among the first three, its own row left out.
FIRST = 3


def check_installation(settings: Settings) -> list[Finding]:
    """Whether packages, model, home, catalogue and index are usable, one finding each."""
    found = []
    for package in ("chromadb", "sentence-transformers", "gradio", "langchain"):
        try:
            found.append(Finding(package, metadata.version(package), serious=False))
        except metadata.PackageNotFoundError:
            found.append(Finding(package, "not installed"))
    checks = {
        "model": lambda: (
            check_weights(packaged_model() / "model.safetensors") if settings.embedder == DEFAULT_EMBEDDER else None
        ),
        "home": lambda: writable_home(settings),
        "catalogue": lambda: load_catalogue(settings.corpus),
        "index": lambda: published(
            settings.index, wanted_stamp(settings, SentenceTransformerEmbedder(settings.embedder))
        ),
    }
    for name, check in checks.items():
        try:
            check()
        except UnderhoodError as error:
            found.append(Finding(name, str(error)))
        else:
            found.append(Finding(name, "well", serious=False))
    return found


def check_corpus(settings: Settings) -> list[Finding]:
    """Everything a machine can check of the notes: form, names, anchors, sameness, questions that find their claim."""
    catalogue = load_catalogue(settings.corpus)
    notes = read_notes(settings.corpus / "notes")
    found = check_notes(notes, catalogue.by_id)
    claims = {c.id: c for n in notes for c in n.claims}
    for anchors in read_anchors(settings.corpus / "anchors").values():
        for anchor in anchors:
            if anchor.claim not in claims:
                found.append(Finding(f"anchors/{anchor.claim}", "anchors a claim that does not exist"))
            elif anchor.resource not in {c.resource for c in claims[anchor.claim].citations}:
                found.append(
                    Finding(f"anchors/{anchor.claim}", f"anchors to {anchor.resource}, which the claim does not cite")
                )
    if any(f.serious for f in found):
        return found
    return [*found, *_by_meaning(notes, settings)]


def _by_meaning(notes: Sequence[Note], settings: Settings) -> list[Finding]:
    """Claims that say the same, and questions that do not find their claim; by the real embedder, through its cache."""
    from ingest.embedding import CachedEmbedder
    from ingest.index.building import claim_text

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
        scores = 0.3 * (rows @ claims.T) + 0.7 * best
        own = scores[np.arange(len(rows)), owner[first : first + len(rows)]]
        ahead = (scores > own[:, None]).sum(1)
        lost += [(first + int(n), int(ahead[n])) for n in np.where(ahead >= FIRST)[0]]
    return sorted(lost, key=lambda x: -x[1])
