"""Anchoring claims: sentences are proposed, an author decides, the decision is recorded without the text.

A proposal and a decision have one form, a line of JSON with ``claim``, ``resource`` and ``quote`` (the sentence):
what is proposed is edited down to what is decided, and recorded as the number and the hash of its words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest import passages, readers
from ingest.documents import Document
from ingest.embedding import Embedder
from ingest.errors import NotesError, ReadingError
from ingest.index.building import claim_text
from ingest.notes import Anchor, Note
from ingest.sources import found_in
from ingest.wording import NORMALISATION, WordIndex, digest, norms, short_digest

PROPOSALS = 3
MIN_WORDS = 6


@dataclass(frozen=True)
class Proposal:
    """A sentence of a reading that a claim might rest on; ``cosine`` says how near, nothing about support."""

    claim: str
    resource: str
    quote: str
    cosine: float


def read_folder(folder: Path, resources: Iterable[str]) -> Iterator[Document | ReadingError]:
    """The documents of a folder of readings, parsed but not indexed."""
    with readers.Guard() as guard:
        for item in found_in(folder, set(resources)):
            if isinstance(item, ReadingError):
                yield item
                continue
            source, data = item
            format_ = readers.format_of(data, source.name)
            try:
                parsed = guard.read(data, source.name, format_)
            except ReadingError as error:
                yield error
                continue
            assert format_ is not None  # the guard refuses what has none
            yield Document(
                source.resource, source.name, format_, source.role, source.edition, source.sha256,
                readers.recipe(source.name), source.url, parsed,
            )  # fmt: skip


def propose(note: Note, documents: Sequence[Document], embedder: Embedder) -> Iterator[Proposal]:
    """For each claim of a note the nearest sentences of the readings it cites, best first."""
    for resource in sorted({c.resource for claim in note.claims for c in claim.citations}):
        sentences = [
            " ".join(d.text[s.start : s.end].split())
            for d in documents
            if d.resource == resource
            for p in passages.cut(d.parsed, embedder.count)
            for s in p.sentences
            if len(norms(d.text[s.start : s.end])) >= MIN_WORDS
        ]
        claims = [c for c in note.claims if any(x.resource == resource for x in c.citations)]
        if not sentences or not claims:
            continue
        scores = embedder.encode([claim_text(note.name, c) for c in claims]) @ embedder.encode(sentences).T
        for claim, row in zip(claims, scores, strict=True):
            for i in row.argsort()[::-1][:PROPOSALS]:
                yield Proposal(claim.id, resource, sentences[i], round(float(row[i]), 3))


def decide(lines: Iterable[str], note: Note, documents: Sequence[Document], today: str) -> list[Anchor]:
    """The anchors that decided lines make. Raises NotesError for a line that names no claim or whose words no reading has."""
    claims = {c.id: c for c in note.claims}
    indexes: dict[str, list[tuple[Document, WordIndex]]] = {}
    made = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            claim, resource, quote = claims[raw["claim"]], str(raw["resource"]), str(raw["quote"])
        except (ValueError, KeyError, TypeError) as error:
            raise NotesError(f"not a decision on a claim of {note.path}: {error!r}", where=f"line {number}") from error
        cited = next((c for c in claim.citations if c.resource == resource), None)
        if cited is None:
            raise NotesError(f"{claim.id} does not cite {resource}", where=f"line {number}")
        if resource not in indexes:
            indexes[resource] = [(d, WordIndex(d.text)) for d in documents if d.resource == resource]
        anchor = _anchor(claim.id, cited.locator, quote, indexes[resource], today)
        if anchor is None:
            raise NotesError(f"no reading of {resource} has these words: {quote[:60]!r}", where=f"line {number}")
        made.append(anchor)
    return made


def _anchor(
    claim: str, locator: str | None, quote: str, held: Sequence[tuple[Document, WordIndex]], today: str
) -> Anchor | None:
    wanted = norms(quote)
    for document, index in held:
        if len(wanted) >= MIN_WORDS and index.find(wanted):
            return Anchor(
                claim=claim,
                resource=document.resource,
                edition=document.edition or document.name,
                locator=locator or "",
                words=len(wanted),
                sha256=digest(wanted),
                start=short_digest(wanted),
                normalisation=NORMALISATION,
                decided=today,
            )
    return None


def write_anchors(path: Path, anchors: Sequence[Anchor]) -> None:
    """Write a note's anchors, sorted by claim, one line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unique: Mapping[tuple[str, str], Anchor] = {(a.claim, a.sha256): a for a in anchors}
    rows = [json.dumps(asdict(a), ensure_ascii=False) for _, a in sorted(unique.items())]
    path.write_text("".join(f"{r}\n" for r in rows), "utf-8")
