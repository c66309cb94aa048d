"""A folder in the form of BEIR (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/test.tsv.

A line that cannot be read is left out and named by its number; the others are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import RunError

QRELS = "qrels/test.tsv"


@dataclass(frozen=True)
class Text:
    """A document or a query; ``title`` is empty where there is none."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text, as BEIR's own models see them."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True)
class Collection:
    """Documents, the queries that have judgements, and for each query the grade of each judged document."""

    name: str
    documents: tuple[Text, ...]
    queries: tuple[Text, ...]
    qrels: Mapping[str, Mapping[str, int]]
    problems: tuple[str, ...]


def read_collection(folder: Path) -> Collection:
    """The collection in a folder. Raises RunError where a file is missing, or nothing in it can be used."""
    problems: list[str] = []
    documents = _unique(folder / "corpus.jsonl", _text, problems)
    queries = _unique(folder / "queries.jsonl", _text, problems)
    qrels = _qrels(folder / QRELS, {d.id for d in documents}, {q.id for q in queries}, problems)
    judged = tuple(q for q in queries if q.id in qrels)
    for found, file in ((documents, "corpus.jsonl"), (queries, "queries.jsonl"), (judged, QRELS)):
        if not found:
            raise RunError(
                "nothing in it can be used", where=str(folder / file), todo=problems[0] if problems else "It is empty"
            )
    return Collection(folder.resolve().name, documents, judged, qrels, tuple(problems))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RunError(
            f"cannot be read ({error.strerror})",
            where=str(path),
            todo=f"A BEIR folder holds corpus.jsonl, queries.jsonl and {QRELS}",
        ) from error
    return ((number, line) for number, line in enumerate(raw.splitlines(), 1) if line.strip())


def _unique(path: Path, parse: Callable[[bytes], Text], problems: list[str]) -> tuple[Text, ...]:
    found: dict[str, Text] = {}
    for number, line in _lines(path):
        try:
            text = parse(line)
            if text.id in found:
                raise ValueError(f"the id {text.id!r} is taken")
            found[text.id] = text
        except (ValueError, TypeError, RecursionError) as error:
            problems.append(f"{path.name}:{number}: {error}; skipped")
    return tuple(found.values())


def _text(line: bytes) -> Text:
    raw: Any = json.loads(line)
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str) or raw.get("_id") in (None, ""):
        raise ValueError('needs an object with "_id" and "text"')
    found = Text(str(raw["_id"]), str(raw.get("title") or "").strip(), raw["text"].strip())
    found.whole.encode()  # half of a surrogate pair is no text
    return found


def _qrels(path: Path, documents: set[str], queries: set[str], problems: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        if number == 1 and line.startswith(b"query-id"):
            continue
        try:
            query, document, grade = _judgement(line.decode().split("\t"), documents, queries)
            found.setdefault(query, {})[document] = grade
        except ValueError as error:
            problems.append(f"{path.parent.name}/{path.name}:{number}: {error}; skipped")
    return found


def _judgement(fields: Sequence[str], documents: set[str], queries: set[str]) -> tuple[str, str, int]:
    if len(fields) != 3:
        raise ValueError("needs query-id, corpus-id and score, set apart by tabs")
    query, document, grade = (f.strip() for f in fields)
    if query not in queries:
        raise ValueError(f"no query {query!r}")
    if document not in documents:
        raise ValueError(f"no document {document!r}")
    try:
        return query, document, int(grade)
    except ValueError:
        raise ValueError(f"the score {grade!r} is no whole number") from None
