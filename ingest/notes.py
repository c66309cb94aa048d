"""Our note format: claims, the questions they answer, citations, anchors.

A note is Markdown with front matter (see corpus/README.md). This module turns the text of a note into
frozen values and says, with file and line, what is wrong with it. It knows nothing of embeddings, of the
index or of readings; the checks that need more than one note are in note_checks.py.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from ingest.errors import NotesError

Kind = Literal[
    "definition", "purpose", "mechanism", "formula", "parts", "cause", "effect",
    "remedy", "comparison", "application", "choice", "example", "limit", "history",
]  # fmt: skip
Basis = Literal["full text", "part", "record"]
KINDS: tuple[str, ...] = get_args(Kind)
BASES: tuple[str, ...] = get_args(Basis)

_CLAIM_END = re.compile(r"\s*\[(?P<cites>@[^\[\]]+)\]\s*\{#(?P<id>[a-z0-9-]+)(?P<attrs>[^{}]*)\}\s*$")
_CITE = re.compile(r"^@(?P<resource>[a-z0-9-]+)\s*(?:,\s*(?P<locator>.+))?$", re.S)
_ATTR = re.compile(r"(kind|also)=([a-z0-9,-]+)")
_SPLIT_CITES = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
#: The same safe loader in C, where PyYAML was built with it: ten times faster over all notes.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)


@dataclass(frozen=True)
class ClaimCitation:
    """Where a claim points: a resource id and a locator as its author wrote it (``sec. 6.5``)."""

    resource: str
    locator: str | None = None


@dataclass(frozen=True)
class Anchor:
    """The place in a reading that a claim rests on, as its author judged it.

    No text is copied: ``words`` is the number of normalised words, ``sha256`` the hash of them joined by
    spaces, ``start`` a short hash of the first three, so that the place is found by a sliding window
    (ingest/wording.py). ``normalisation`` is the version of that normalisation.
    """

    claim: str
    resource: str
    edition: str
    locator: str
    words: int
    sha256: str
    start: str
    normalisation: int
    decided: str


@dataclass(frozen=True)
class Claim:
    """One fact in our own words, with the questions it answers."""

    id: str
    text: str
    kind: Kind
    questions: tuple[str, ...]
    citations: tuple[ClaimCitation, ...]
    note: str
    heading: str
    line: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """One note: about a concept, or about a resource of the list."""

    key: str
    path: str
    name: str
    concept: str | None
    resource: str | None
    section: str | None
    aliases: tuple[str, ...]
    edition: str | None
    basis: Basis | None
    read: str | None
    read_next: tuple[tuple[str, str], ...]
    claims: tuple[Claim, ...] = field(repr=False)


def read_notes(folder: Path) -> list[Note]:
    """All notes under ``folder`` (``*.md`` and ``concepts/*.md``), sorted by key.

    Raises NotesError at the first note that breaks the format.
    """
    return [parse_note(p.read_text("utf-8"), p.relative_to(folder).as_posix()) for p in note_paths(folder)]


def note_paths(folder: Path) -> list[Path]:
    """The note files of a folder, in the order of their names."""
    return sorted([*folder.glob("*.md"), *folder.glob("concepts/*.md")])


def parse_note(text: str, path: str) -> Note:
    """The note written in ``text``. ``path`` (``concepts/momentum.md``) gives its key and the place of errors."""
    text = text.replace("\r\n", "\n")
    front, body, first_line = _front_matter(text, path)
    key = path.removesuffix(".md")
    stem = key.rsplit("/", 1)[-1]
    concept, resource = front.get("concept"), front.get("resource")
    if (concept is None) == (resource is None):
        raise NotesError("the front matter needs either `concept:` or `resource:`", where=path)
    if resource is not None and resource != stem:
        raise NotesError(f"`resource: {resource}` does not match the file's name", where=path)
    basis = front.get("basis")
    if resource is not None and basis not in BASES:
        raise NotesError(f"`basis:` must be one of {', '.join(BASES)}, not {basis!r}", where=path)
    return Note(
        key=key,
        path=path,
        name=str(concept).replace("-", " ") if concept == stem else str(concept or resource),
        concept=stem if concept is not None else None,
        resource=resource,
        section=front.get("section"),
        aliases=tuple(str(a) for a in _list(front, "aliases", path)),
        edition=front.get("edition"),
        basis=basis,
        read=_date(front.get("read"), path),
        read_next=tuple(_pair(p, path) for p in _list(front, "read_next", path)),
        claims=tuple(_claims(body, path, key, first_line)),
    )


def _front_matter(text: str, path: str) -> tuple[dict[str, Any], str, int]:
    match = _FRONT.match(text)
    if not match:
        raise NotesError("a note opens with front matter between two lines of ---", where=path)
    try:
        front = yaml.load(match[1], Loader=_Loader)
    except yaml.YAMLError as error:
        raise NotesError(f"the front matter is not YAML: {' '.join(str(error).split())}", where=path) from error
    if not isinstance(front, dict):
        raise NotesError("the front matter must be `name: value` lines", where=path)
    known = {"concept", "resource", "section", "aliases", "edition", "basis", "read", "read_next"}
    if unknown := set(front) - known:
        raise NotesError(f"unknown field {sorted(map(str, unknown))[0]!r} in the front matter", where=path)
    return front, text[match.end() :], match[0].count("\n") + 1


def _list(front: dict[str, Any], name: str, path: str) -> list[Any]:
    value = front.get(name) or []
    if not isinstance(value, list):
        raise NotesError(f"`{name}:` must be a list in square brackets", where=path)
    return value


def _pair(value: Any, path: str) -> tuple[str, str]:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)):
        raise NotesError(f'`read_next:` holds pairs [resource-id, "reason"], not {value!r}', where=path)
    return value[0], value[1]


def _date(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, dt.date):
        return value.isoformat() if value else None
    raise NotesError(f"`read:` must be a date like 2026-11-24, not {value!r}", where=path)


def _claims(body: str, path: str, key: str, first_line: int) -> Iterable[Claim]:
    heading, pending, start, questions = "", "", 0, list[str]()

    def finish() -> Iterable[Claim]:
        if pending:
            yield _claim(pending, tuple(questions), f"{path}:{start}", key, heading, start)

    for number, line in enumerate(body.split("\n"), first_line):
        if line.startswith("- "):
            yield from finish()
            pending, start, questions = line[2:].strip(), number, []
        elif line.lstrip().startswith("? ") and line[0] in " \t":
            if not pending:
                raise NotesError("a question without a claim above it", where=f"{path}:{number}")
            questions.append(line.lstrip()[2:].strip())
        elif line.startswith("#"):
            yield from finish()
            heading, pending = line.lstrip("#").strip(), ""
        elif line.strip() and line[0] in " \t" and pending and not questions:
            pending += " " + line.strip()
        elif line.strip():
            raise NotesError(
                "a note holds only headings, claims (- …) and their questions (  ? …)",
                where=f"{path}:{number}",
            )
    yield from finish()


def _claim(raw: str, questions: tuple[str, ...], where: str, key: str, heading: str, line: int) -> Claim:
    end = _CLAIM_END.search(raw)
    if not end:
        raise NotesError(
            "a claim ends with its citation and id: [@resource, sec. 1] {#id kind=definition}", where=where
        )
    attrs = dict(_ATTR.findall(end["attrs"]))
    if left := _ATTR.sub("", end["attrs"]).strip():
        raise NotesError(f"unknown mark {left!r} after the id of the claim", where=where)
    if attrs.get("kind") not in KINDS:
        raise NotesError(f"kind={attrs.get('kind')} is not one of {', '.join(KINDS)}", where=where)
    return Claim(
        id=end["id"],
        text=raw[: end.start()].strip(),
        kind=attrs["kind"],
        questions=questions,
        citations=tuple(_citation(c, where) for c in _SPLIT_CITES.split(end["cites"])),
        note=key,
        heading=heading,
        line=line,
        also=tuple(a for a in attrs.get("also", "").split(",") if a),
    )


def _citation(raw: str, where: str) -> ClaimCitation:
    match = _CITE.match(raw.strip())
    if not match:
        raise NotesError(f"{raw.strip()!r} is not a citation like @resource-id, sec. 2", where=where)
    locator = match["locator"]
    return ClaimCitation(match["resource"], " ".join(locator.split()) if locator else None)


def read_anchors(folder: Path) -> dict[str, tuple[Anchor, ...]]:
    """Anchors by claim id, from ``folder/*.jsonl``. Raises NotesError with file and line."""
    found: dict[str, list[Anchor]] = {}
    for path in sorted(folder.glob("**/*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                anchor = Anchor(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise NotesError(f"not an anchor: {error}", where=f"{path.name}:{number}") from error
            found.setdefault(anchor.claim, []).append(anchor)
    return {claim: tuple(anchors) for claim, anchors in found.items()}
