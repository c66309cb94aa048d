"""The coverage map: which terms have a section of their own in which readings, and which concept of ours holds them. Pure.

A term with a section in two or more resources should have a note. ``corpus/coverage.jsonl`` keeps the map, a line a term:
``{"term", "concept": slug or null, "resources": {id: heading}, "why"?}``; made by ``underhood doctor --coverage``.
Where there is no note, ``why`` says so in words: a title that is no term, or a term left out on purpose.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.naming import Names, keyed
from ingest.documents import Document
from ingest.errors import NotesError
from ingest.index.words import STOPWORDS
from ingest.note_checks import Finding

#: A term has a section in so many resources before it must have a note.
SHARED_BY = 2
_NUMBER = re.compile(r"^(?:(?:chapter|section|lecture|part|appendix)\s+)?[\divxA-H]{0,4}(?:\.\d+)*[.:)]?\s+", re.I)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True)
class Term:
    """A term with the readings that have a section on it, and the concept whose note holds it."""

    term: str
    concept: str | None
    resources: tuple[tuple[str, str], ...]
    why: str | None = None


def terms(documents: Iterable[Document], names: Names) -> list[Term]:
    """The terms that sections of two or more resources are about, sorted."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for document in documents:
        if document.role == "text":
            for section in document.parsed.sections:
                for term in _about(section.path[-1] if section.path else "", names):
                    found[term].setdefault(document.resource, " ".join(section.path[-1].split()))
    return [
        Term(term, names.of(term), tuple(sorted(resources.items())))
        for term, resources in sorted(found.items())
        if len(resources) >= SHARED_BY
    ]


def _about(heading: str, names: Names) -> Iterator[str]:
    """What a section is about by its heading: the concepts it names, else the heading itself where it is short."""
    plain = _NUMBER.sub("", heading).strip()
    if mentions := names.mentions(plain):
        yield from dict.fromkeys(names.shown(m.concept) for m in mentions)
        return
    words = [w for w in _WORD.findall(plain.casefold()) if w not in STOPWORDS]
    if 1 <= len(words) <= 3 and all(len(w) > 2 for w in words):
        yield keyed(" ".join(words))


def merged(fresh: Sequence[Term], kept: Sequence[Term]) -> list[Term]:
    """Fresh terms with the reasons that were written before."""
    why = {t.term: t.why for t in kept}
    return [Term(t.term, t.concept, t.resources, None if t.concept else why.get(t.term)) for t in fresh]


def check(found: Sequence[Term], concepts: Collection[str], resources: Collection[str]) -> list[Finding]:
    """What is wrong with the map: a term without a note and without a reason, a concept or a resource that is not there."""
    wrong = []
    for term in found:
        where = f"coverage.jsonl, {term.term}"
        if term.concept is None and not term.why:
            wrong.append(Finding(where, f"{len(term.resources)} resources have a section on it, and no note does"))
        if term.concept is not None and term.concept not in concepts:
            wrong.append(Finding(where, f"no concept {term.concept!r}"))
        wrong += [Finding(where, f"no resource {r!r}") for r, _ in term.resources if r not in resources]
    return wrong


def read(path: Path) -> list[Term]:
    """The map that is kept; empty where there is none. Raises NotesError."""
    if not path.is_file():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [Term(r["term"], r["concept"], tuple(r["resources"].items()), r.get("why")) for r in rows]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise NotesError(f"unreadable ({error!r})", where=str(path), todo="Make it again: doctor --coverage") from error


def write(path: Path, found: Sequence[Term]) -> None:
    """Keep the map, a line a term."""
    rows = [
        {"term": t.term, "concept": t.concept, "resources": dict(t.resources), **({"why": t.why} if t.why else {})}
        for t in found
    ]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
