"""Bringing a generation up to date: what changed is embedded and written, the rest is kept.

The builder works on an unpublished copy (generation.py) and ends with a check of every part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest import passages as cutting
from ingest.documents import Document
from ingest.embedding import Embedder, Vectors
from ingest.errors import IndexBroken
from ingest.index import words
from ingest.index.store import ResolvedAnchor, Store
from ingest.index.vectors import Collection, VectorIndex
from ingest.index.words import WordSearch
from ingest.notes import Anchor, Claim, Note
from ingest.parts import Span
from ingest.wording import NORMALISATION, NORMALISATIONS, WordIndex

Progress = Callable[[str, int, int], None]
#: For each reading a hash of the anchors that were sought in it.
_ANCHORED = "anchored.json"
#: ``parts``: how the vectors of sentences are made (parts.py).
RECIPES = f"{cutting.RECIPE} parts-1 {words.RECIPE} wording-{NORMALISATION}"


def content_hash(*parts: object) -> str:
    """A hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode("utf-8", "replace")).hexdigest()


class Builder:
    """One build in one unpublished folder. ``finish`` must be called before it is published."""

    def __init__(
        self, folder: Path, embedder: Embedder, progress: Progress, url: str | None = None, base: str | None = None
    ) -> None:
        """``url``: the Chroma server, if the vectors go to one; ``base``: the generation whose copy the folder is."""
        self.folder, self._embedder, self._progress = folder, embedder, progress
        self._vectors = VectorIndex(folder, url)
        self.store = Store(folder / "store.sqlite", writable=True)
        self.rows_added = 0
        self._replaced: set[str] = set()
        anchored = folder / _ANCHORED
        self._anchored: dict[str, str] = json.loads(anchored.read_text("utf-8")) if anchored.is_file() else {}
        if url is not None and base is not None:  # else they were copied with the folder
            self._vectors.copy_from(base)

    # Notes

    def put_notes(self, notes: Sequence[Note]) -> bool:
        """Make the stored notes equal to ``notes``; True if anything changed."""
        wanted = {n.key: content_hash(n, n.claims) for n in notes}  # the one leaves out the other
        stored = self.store.note_hashes()
        changed = [n for n in notes if stored.get(n.key) != wanted[n.key]]
        gone = set(stored) - set(wanted)
        for key in gone:
            self.store.drop_note(key)
        for note in changed:
            self.store.put_note(note, wanted[note.key])
        return bool(changed or gone)

    def embed_notes(self) -> None:
        """Vectors and words of all claims and their questions (from the cache, where they are known)."""
        notes = self.store.notes()
        claims = [c for n in notes for c in n.claims]
        names = {n.key: n.name for n in notes}
        aliases = {n.key: " ".join(n.aliases) for n in notes}
        texts = [claim_text(names[c.note], c) for c in claims]
        questions = [q for c in claims for q in c.questions]
        vectors = self._encode("notes", [*texts, *questions])
        np.save(self.folder / "claims.npy", vectors[: len(texts)])
        np.save(self.folder / "questions.npy", vectors[len(texts) :])
        ids = [
            *(f"c:{c.id}:{_short(t)}" for c, t in zip(claims, texts, strict=True)),
            *(f"q:{c.id}:{_short(q)}{n}" for c in claims for n, q in enumerate(c.questions)),
        ]
        self._sync("claims", ids, vectors)
        bodies = [" ".join([names[c.note], aliases[c.note], c.text, *c.questions]) for c in claims]
        WordSearch.build([c.id for c in claims], bodies).save(self._fresh("words-claims"))

    # Readings

    def drop_documents(self, keys: Iterable[str]) -> None:
        """Remove readings."""
        for key in keys:
            self._drop_passages(key)
            self.store.drop_document(key)

    def put_document(self, document: Document, hash_: str, anchors: Mapping[str, Sequence[Anchor]]) -> int:
        """Add or replace a reading: passages, vectors, anchors. Returns the number of passages."""
        self._drop_passages(document.key)
        cut = cutting.cut(document.parsed, self._embedder.count)
        prefix = hashlib.sha256(f"{document.key} {document.text_sha256}".encode()).hexdigest()[:12]
        rows = [(f"p:{prefix}:{n}", p) for n, p in enumerate(cut)]
        vectors, _ = self._encode_passages(document.key, [p.embedded(document.text) for p in cut])
        self.store.put_document(document, hash_, rows)
        self.rows_added += len(rows)
        self._vectors.put("passages", [i for i, _ in rows], vectors)
        self.resolve_anchors(document.key, anchors)
        return len(rows)

    def resolve_anchors(self, key: str, anchors: Mapping[str, Sequence[Anchor]]) -> None:
        """Find the anchors that point to a reading's resource in its canonical text; nothing where both are as they were."""
        resource = key.split("/")[0]
        wanted = [a for found in anchors.values() for a in found if a.resource == resource]
        hash_ = content_hash(*wanted)
        if self._anchored.get(key) == hash_:
            return
        text = self.store.text(key) if wanted else ""
        indexes = {n: WordIndex(text, n) for n in {a.normalisation for a in wanted} & NORMALISATIONS}
        found = []
        for anchor in wanted:
            index = indexes.get(anchor.normalisation)
            if index and (span := index.find_digest(anchor.words, anchor.sha256, anchor.start)):
                found.append(ResolvedAnchor(anchor.claim, key, *span, anchor.locator))
        self.store.replace_anchors(key, found)
        self._anchored[key] = hash_

    def embed_sentences(self) -> None:
        """Write sentence vectors and words of all passages, in one fixed order; the vectors of those that stayed are kept."""
        stored = self.store.passages()
        held, texts = self._held_sentences(), {p.document: self.store.text(p.document) for p in stored}
        new = [p for p in stored if p.id not in held]
        _, vectors = self._encode_passages("sentences", [p.passage.embedded(texts[p.document]) for p in new])
        ends = np.cumsum([len(p.passage.sentences) for p in new])
        held |= zip((p.id for p in new), np.split(vectors.astype(np.float16), ends)[: len(new)], strict=True)
        none = np.zeros((0, vectors.shape[1]), np.float16)
        np.save(self.folder / "sentences.npy", np.concatenate([none, *(held[p.id] for p in stored)]))
        counts = [0, *(len(p.passage.sentences) for p in stored)]
        np.save(self.folder / "sentence-offsets.npy", np.cumsum(counts, dtype=np.int64))
        bodies = (p.passage.embedded(texts[p.document])[0] for p in stored)
        WordSearch.build([p.id for p in stored], bodies).save(self._fresh("words-passages"))

    def _held_sentences(self) -> dict[str, NDArray[np.float16]]:
        """The sentence vectors of passages as the generation had them that this one is a copy of, by passage."""
        if not (self.folder / "sentences.npy").is_file():
            return {}
        vectors, offsets = np.load(self.folder / "sentences.npy"), np.load(self.folder / "sentence-offsets.npy")
        ids = WordSearch.load(self.folder / "words-passages").ids
        held = dict(zip(ids, np.split(vectors, offsets[1:])[: len(ids)], strict=True))
        return {i: rows for i, rows in held.items() if i not in self._replaced}

    # The end

    def finish(self) -> dict[str, int]:
        """Write everything down, check it, close it. Returns counts. Raises IndexBroken."""
        self.store.commit()
        (self.folder / _ANCHORED).write_text(json.dumps(self._anchored), "utf-8")
        notes = self.store.notes()
        claims = sum(len(n.claims) for n in notes)
        questions = sum(len(c.questions) for n in notes for c in n.claims)
        passages = len(self.store.passages())
        self._vectors.check("claims", claims + questions)
        self._vectors.check("passages", passages)
        if (state := self.store.check()) != "ok":
            raise IndexBroken(f"the store does not pass SQLite's check: {state}", where=str(self.folder))
        counts = {
            "notes": len(notes),
            "claims": claims,
            "questions": questions,
            "documents": len(self.store.document_hashes()),
            "passages": passages,
            "anchored_claims": len(self.store.anchored_claims()),
        }
        self.close()
        return counts

    def close(self) -> None:
        """Free the files."""
        self._vectors.close()
        self.store.close()

    def _encode(self, stage: str, texts: Sequence[str]) -> Vectors:
        return self._embedder.encode(texts, lambda done: self._progress(stage, done, len(texts)))

    def _encode_passages(self, stage: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> tuple[Vectors, Vectors]:
        """The vectors of passages and of their sentences."""
        texts, spans = [t for t, _ in passages], [s for _, s in passages]
        return self._embedder.encode_parts(texts, spans, lambda done: self._progress(stage, done, len(texts)))

    def _sync(self, collection: Collection, ids: Sequence[str], vectors: Vectors) -> None:
        """Make a collection hold exactly these rows; an id holds a hash of its text, so a known id is up to date."""
        stored, wanted = self._vectors.ids(collection), set(ids)
        self._vectors.drop(collection, sorted(stored - wanted))
        fresh = [n for n, i in enumerate(ids) if i not in stored]
        self.rows_added += len(fresh)
        self._vectors.put(
            collection,
            [ids[n] for n in fresh],
            vectors[fresh],
            lambda done: self._progress("vectors", done, len(fresh)),
        )

    def _drop_passages(self, key: str) -> None:
        ids = self.store.passage_ids(key)
        self._vectors.drop("passages", ids)
        self._replaced |= set(ids)
        self._anchored.pop(key, None)

    def _fresh(self, name: str) -> Path:
        folder = self.folder / name
        for path in folder.glob("*"):
            path.unlink()
        return folder


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def claim_text(name: str, claim: Claim) -> str:
    """What the model sees of a claim: its note's name and its words."""
    return f"{name}: {claim.text}"
