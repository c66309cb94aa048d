"""Texts, places, boxes, claims and passages of one generation, in one SQLite file.

The store keeps what vectors and words only have ids for. It is written by one builder and then read by any
number of threads; every span in it refers to the canonical text of its document.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.documents import Box, Document, Mark, Parsed, Place, Section
from ingest.notes import Claim, ClaimCitation, Note
from ingest.passages import Passage, Sentence

SCHEMA = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    key TEXT PRIMARY KEY, hash TEXT, resource TEXT, name TEXT, format TEXT, role TEXT, edition TEXT,
    source_sha256 TEXT, reader_recipe TEXT, url TEXT, text_sha256 TEXT, title TEXT, pages INTEGER,
    text TEXT, sections TEXT, places TEXT, marks TEXT, warnings TEXT);
CREATE INDEX IF NOT EXISTS documents_text ON documents (text_sha256);
CREATE TABLE IF NOT EXISTS boxes (document TEXT, page INTEGER, rows TEXT);
CREATE INDEX IF NOT EXISTS boxes_page ON boxes (document, page);
CREATE TABLE IF NOT EXISTS notes (
    key TEXT PRIMARY KEY, hash TEXT, path TEXT, name TEXT, concept TEXT, resource TEXT, section TEXT, aliases TEXT,
    edition TEXT, basis TEXT, read TEXT, read_next TEXT);
CREATE TABLE IF NOT EXISTS claims (
    id TEXT PRIMARY KEY, note TEXT, line INTEGER, kind TEXT, heading TEXT, text TEXT, questions TEXT,
    citations TEXT, also TEXT);
CREATE TABLE IF NOT EXISTS passages (
    id TEXT PRIMARY KEY, document TEXT, start INTEGER, stop INTEGER, heading TEXT, sentences TEXT);
CREATE INDEX IF NOT EXISTS passages_document ON passages (document);
CREATE TABLE IF NOT EXISTS anchors (claim TEXT, document TEXT, start INTEGER, stop INTEGER, locator TEXT);
CREATE INDEX IF NOT EXISTS anchors_claim ON anchors (claim);
"""


@dataclass(frozen=True)
class StoredPassage:
    """A passage with the document it belongs to."""

    id: str
    document: str
    passage: Passage


@dataclass(frozen=True)
class ResolvedAnchor:
    """An anchor found in a held reading: a span of that document's canonical text."""

    claim: str
    document: str
    start: int
    end: int
    locator: str


class Store:
    """One generation's texts. ``writable`` opens (and makes) the file for a builder, else it is read only."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        if writable:
            self._db = sqlite3.connect(path)
            self._db.executescript(_TABLES)
        else:
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)

    # Documents

    def put_document(self, document: Document, hash_: str, passages: Sequence[tuple[str, Passage]]) -> None:
        """Add or replace a reading with its boxes and passages."""
        self.drop_document(document.key)
        p = document.parsed
        self._db.execute(
            f"INSERT INTO documents VALUES ({','.join('?' * 18)})",
            (
                document.key, hash_, document.resource, document.name, document.format, document.role, document.edition,
                document.source_sha256, document.reader_recipe, document.url, document.text_sha256, p.title, p.pages,
                p.text, _dump(map(_astuple, p.sections)), _dump(map(_astuple, p.places)), _dump(map(_astuple, p.marks)),
                _dump(p.warnings),
            ),
        )  # fmt: skip
        pages: dict[int, list[tuple[float, ...]]] = {}
        for box in p.boxes:
            pages.setdefault(box.page, []).append((box.start, box.end, *_rounded(box)))
        self._db.executemany(
            "INSERT INTO boxes VALUES (?, ?, ?)", ((document.key, page, _dump(rows)) for page, rows in pages.items())
        )
        self._db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    i,
                    document.key,
                    q.start,
                    q.end,
                    _dump(q.heading),
                    _dump([s.start, s.end, int(s.alone)] for s in q.sentences),
                )
                for i, q in passages
            ),
        )

    def drop_document(self, key: str) -> None:
        """Remove a reading and all that belongs to it."""
        self._db.execute("DELETE FROM documents WHERE key = ?", (key,))
        for table in ("boxes", "passages", "anchors"):
            self._db.execute(f"DELETE FROM {table} WHERE document = ?", (key,))

    def document_hashes(self) -> dict[str, str]:
        """The hash that each reading was stored under."""
        return dict(self._db.execute("SELECT key, hash FROM documents"))

    def document(self, key: str, *, boxes: bool = False) -> Document | None:
        """A reading; with its boxes only when asked, since there are many."""
        row = self._db.execute(
            "SELECT resource, name, format, role, edition, source_sha256, reader_recipe, url, title, pages, text,"
            " sections, places, marks, warnings FROM documents WHERE key = ?",
            (key,),
        ).fetchone()
        if row is None:
            return None
        (
            resource,
            name,
            format_,
            role,
            edition,
            source,
            recipe,
            url,
            title,
            pages,
            text,
            sections,
            places,
            marks,
            warns,
        ) = row
        parsed = Parsed(
            text=text,
            title=title,
            sections=tuple(Section(s, e, tuple(p), f) for s, e, p, f in json.loads(sections)),
            places=tuple(Place(*p) for p in json.loads(places)),
            marks=tuple(Mark(*m) for m in json.loads(marks)),
            boxes=tuple(self.boxes(key)) if boxes else (),
            pages=pages,
            warnings=tuple(json.loads(warns)),
        )
        return Document(resource, name, format_, role, edition, source, recipe, url, parsed)

    def document_list(self) -> list[dict[str, Any]]:
        """What is held, without texts: one mapping a reading."""
        columns = "key, resource, name, format, role, edition, source_sha256, reader_recipe, url, text_sha256, title, pages, warnings"
        rows = self._db.execute(f"SELECT {columns} FROM documents ORDER BY key")
        names = columns.split(", ")
        return [dict(zip(names, r, strict=True)) for r in rows]

    def document_keys(self, *, text_sha256: str | None = None, resource: str | None = None) -> list[str]:
        """Keys of the readings with this canonical text, or of this resource."""
        column, value = ("text_sha256", text_sha256) if text_sha256 else ("resource", resource)
        return [r[0] for r in self._db.execute(f"SELECT key FROM documents WHERE {column} = ? ORDER BY key", (value,))]

    def boxes(self, key: str, page: int | None = None) -> list[Box]:
        """The boxes of a reading, or of one of its pages, in reading order."""
        where, values = ("AND page = ?", (key, page)) if page is not None else ("", (key,))
        found = []
        for number, rows in self._db.execute(
            f"SELECT page, rows FROM boxes WHERE document = ? {where} ORDER BY page", values
        ):
            found += [Box(r[0], r[1], number, *r[2:]) for r in json.loads(rows)]
        return found

    # Notes and claims

    def put_note(self, note: Note, hash_: str) -> None:
        """Add or replace a note with its claims."""
        self.drop_note(note.key)
        self._db.execute(
            f"INSERT INTO notes VALUES ({','.join('?' * 12)})",
            (
                note.key, hash_, note.path, note.name, note.concept, note.resource, note.section, _dump(note.aliases),
                note.edition, note.basis, note.read, _dump(note.read_next),
            ),
        )  # fmt: skip
        self._db.executemany(
            "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    c.id, c.note, c.line, c.kind, c.heading, c.text, _dump(c.questions),
                    _dump((x.resource, x.locator) for x in c.citations), _dump(c.also),
                )
                for c in note.claims
            ),
        )  # fmt: skip

    def drop_note(self, key: str) -> None:
        """Remove a note and its claims."""
        self._db.execute("DELETE FROM notes WHERE key = ?", (key,))
        self._db.execute("DELETE FROM claims WHERE note = ?", (key,))

    def note_hashes(self) -> dict[str, str]:
        """The hash that each note was stored under."""
        return dict(self._db.execute("SELECT key, hash FROM notes"))

    def notes(self) -> list[Note]:
        """All notes with their claims, by key."""
        claims: dict[str, list[Claim]] = {}
        for i, note, line, kind, heading, text, questions, citations, also in self._db.execute(
            "SELECT id, note, line, kind, heading, text, questions, citations, also FROM claims ORDER BY note, line"
        ):
            claims.setdefault(note, []).append(
                Claim(
                    i, text, kind, tuple(json.loads(questions)), tuple(ClaimCitation(*c) for c in json.loads(citations)),
                    note, heading, line, tuple(json.loads(also)),
                )
            )  # fmt: skip
        return [
            Note(
                key, path, name, concept, resource, section, tuple(json.loads(aliases)), edition, basis, read,
                tuple((r, why) for r, why in json.loads(read_next)), tuple(claims.get(key, ())),
            )
            for key, path, name, concept, resource, section, aliases, edition, basis, read, read_next in self._db.execute(
                "SELECT key, path, name, concept, resource, section, aliases, edition, basis, read, read_next"
                " FROM notes ORDER BY key"
            )
        ]  # fmt: skip

    # Passages and anchors

    def passages(self, ids: Sequence[str] | None = None) -> list[StoredPassage]:
        """Passages by id, in the order asked (unknown ids are left out), or all of them by document and place."""
        columns = "SELECT id, document, start, stop, heading, sentences FROM passages"
        if ids is None:
            return [_passage(r) for r in self._db.execute(f"{columns} ORDER BY document, start")]
        rows = self._db.execute(f"{columns} WHERE id IN ({','.join('?' * len(ids))})", list(ids))
        found = {r[0]: _passage(r) for r in rows}
        return [found[i] for i in ids if i in found]

    def passage_ids(self, document: str) -> list[str]:
        """The ids of a reading's passages."""
        return [r[0] for r in self._db.execute("SELECT id FROM passages WHERE document = ?", (document,))]

    def replace_anchors(self, document: str, anchors: Iterable[ResolvedAnchor]) -> None:
        """The anchors that were found in a reading, in place of those before."""
        self._db.execute("DELETE FROM anchors WHERE document = ?", (document,))
        self._db.executemany(
            "INSERT INTO anchors VALUES (?, ?, ?, ?, ?)",
            ((a.claim, a.document, a.start, a.end, a.locator) for a in anchors),
        )

    def anchors(self, claim: str) -> list[ResolvedAnchor]:
        """Where a claim rests, in the readings that are held."""
        rows = self._db.execute("SELECT claim, document, start, stop, locator FROM anchors WHERE claim = ?", (claim,))
        return [ResolvedAnchor(*r) for r in rows]

    def anchored_claims(self) -> set[str]:
        """The ids of all claims with an anchor in a held reading."""
        return {r[0] for r in self._db.execute("SELECT DISTINCT claim FROM anchors")}

    def text(self, document: str, start: int = 0, end: int = 2**31 - 1) -> str:
        """A span of a canonical text, or all of it. SQLite counts code points, as Python does."""
        row = self._db.execute(
            "SELECT substr(text, ?, ?) FROM documents WHERE key = ?", (start + 1, end - start, document)
        ).fetchone()
        return str(row[0]) if row else ""

    def check(self) -> str:
        """``ok``, or what SQLite finds wrong with the file."""
        return str(self._db.execute("PRAGMA quick_check").fetchone()[0])

    def commit(self) -> None:
        """Make what was put and dropped last."""
        self._db.commit()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _passage(row: tuple[Any, ...]) -> StoredPassage:
    i, document, start, stop, heading, sentences = row
    found = tuple(Sentence(s, e, bool(alone)) for s, e, alone in json.loads(sentences))
    return StoredPassage(i, document, Passage(start, stop, tuple(json.loads(heading)), found))


def _rounded(box: Box) -> tuple[float, ...]:
    return tuple(round(v, 4) for v in (box.left, box.top, box.right, box.bottom))


def _astuple(item: Any) -> list[Any]:
    return list(asdict(item).values())


def _dump(value: Any) -> str:
    return json.dumps(list(value), ensure_ascii=False, separators=(",", ":"))
