"""What there is to browse: the list by section, one resource, all concepts, one concept.

Gathers plain values from an open assistant and fills the templates; decides nothing about answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from assistant.answering import Assistant
from assistant.chat.render import fill
from assistant.listing import fetch_plan
from assistant.quotations import MIN_WORDS
from ingest.catalogue import Catalogue, Resource
from ingest.index.reading import Index
from ingest.notes import Claim, Note
from ingest.sources import MAX_BYTES


@dataclass(frozen=True)
class Known:
    """How much the assistant knows, in four numbers."""

    resources: int
    noted: int
    claims: int
    held: int


@dataclass(frozen=True)
class Allowed:
    """What this page lets people change: ``fetch`` the free readings, ``upload`` and remove readings."""

    fetch: bool = False
    upload: bool = False


NOTHING = Allowed()


@dataclass(frozen=True)
class Free:
    """What the list offers to be fetched; ``size`` is the bytes of the ``sized`` files whose size is known."""

    rows: tuple[dict[str, Any], ...]
    resources: int
    missing: int
    licences: tuple[tuple[str, int], ...]
    sized: int
    size: int


@dataclass(frozen=True)
class Row:
    """A resource as the list shows it."""

    resource: Resource
    note: Note | None
    claims: int
    held: tuple[dict[str, Any], ...]


def known(assistant: Assistant) -> Known:
    """What is known now."""
    index, catalogue = assistant.index, assistant.catalogue
    held = {d["resource"] for d in index.store.document_list() if d["role"] == "text"}
    noted = {n.resource for n in index.notes if n.resource}
    return Known(
        resources=len(catalogue),
        noted=len(noted & catalogue.by_id.keys()),
        claims=len(index.claims),
        held=len(held & catalogue.by_id.keys()),
    )


def titles(assistant: Assistant) -> dict[str, str]:
    """The title of each resource."""
    return {r.id: r.title for r in assistant.catalogue}


def start(assistant: Assistant) -> str:
    """What stands above the question box at first: what this is, in one line."""
    return fill("start.html", known=known(assistant), sending=assistant.sending)


def examples(assistant: Assistant) -> str:
    """What stands below it: what is known, and questions to begin with."""
    now = known(assistant)
    offered = None if now.held else free(assistant)
    return fill("examples.html", known=now, sections=assistant.catalogue.section, free=offered)


def free(assistant: Assistant) -> Free:
    """What of the list can be fetched freely, and what of it is not here."""
    plan = fetch_plan(assistant.settings)
    licences = Counter({r["resource"]: r["licence"] for r in plan}.values())
    sizes = [r["bytes"] for r in plan if r["bytes"]]
    titles = {r.id: r.title for r in assistant.catalogue}
    return Free(
        rows=tuple({**r, "title": titles[r["resource"]]} for r in plan),
        resources=len({r["resource"] for r in plan}),
        missing=sum(r["held"] is None for r in plan),
        licences=tuple(licences.most_common()),
        sized=len(sizes),
        size=sum(sizes),
    )


def view(assistant: Assistant, kind: str, name: str = "", allowed: Allowed = NOTHING) -> str:
    """A view: ``list``, ``resource`` and its id, ``concepts``, ``concept`` and its slug, ``readings``, ``verify``."""
    if kind == "resource" and name in assistant.catalogue.by_id:
        return _resource(assistant, assistant.catalogue.by_id[name], allowed)
    if kind == "readings":
        return _readings(assistant, allowed)
    if kind == "verify":
        return fill("verify.html", known=known(assistant), least=MIN_WORDS)
    if kind == "concept" and (note := _concepts(assistant.index).get(name)):
        return _concept(assistant, note)
    if kind == "concepts":
        return _all_concepts(assistant)
    missing = f"There is no {kind} “{name}” here." if kind in ("resource", "concept") and name else ""
    return _list(assistant, missing)


def rows(assistant: Assistant) -> dict[str, Row]:
    """Every resource with its note, how many claims rest on it and what is held of it."""
    index = assistant.index
    notes = {n.resource: n for n in index.notes if n.resource}
    held: dict[str, list[dict[str, Any]]] = {}
    for document in index.store.document_list():
        held.setdefault(document["resource"], []).append(document)
    counts: dict[str, int] = {}
    for claim in index.claims:
        for resource in {c.resource for c in claim.citations}:
            counts[resource] = counts.get(resource, 0) + 1
    return {r.id: Row(r, notes.get(r.id), counts.get(r.id, 0), tuple(held.get(r.id, ()))) for r in assistant.catalogue}


def _list(assistant: Assistant, missing: str) -> str:
    catalogue, all_rows = assistant.catalogue, rows(assistant)
    sections = [(s, [all_rows[r.id] for r in catalogue.of_section(s.id)]) for s in catalogue.section]
    return fill("list.html", sections=sections, known=known(assistant), missing=missing)


def _readings(assistant: Assistant, allowed: Allowed) -> str:
    held = [row for row in rows(assistant).values() if row.held]
    return fill(
        "readings.html",
        known=known(assistant),
        free=free(assistant),
        held=held,
        allowed=allowed,
        most=MAX_BYTES // 2**20,
    )


def _resource(assistant: Assistant, resource: Resource, allowed: Allowed) -> str:
    index, row = assistant.index, rows(assistant)[resource.id]
    resting = [
        (index.note_of[key], len(list(claims)))
        for key, claims in groupby(
            (c for c in index.claims if any(x.resource == resource.id for x in c.citations)), key=lambda c: c.note
        )
    ]
    return fill(
        "resource.html",
        row=row,
        r=resource,
        allowed=allowed,
        sections=_section_titles(assistant.catalogue, resource.sections),
        headings=_by_heading(row.note.claims if row.note else ()),
        concepts=sorted(((n, count) for n, count in resting if n.concept), key=lambda pair: (-pair[1], pair[0].name)),
    )


def _concept(assistant: Assistant, note: Note) -> str:
    index, catalogue = assistant.index, assistant.catalogue
    concepts = _concepts(index)
    near = {a for c in note.claims for a in c.also} | {
        index.note_of[c.note].concept or "" for c in index.claims if note.concept in c.also and c.note in index.note_of
    }
    return fill(
        "concept.html",
        note=note,
        section=_section_titles(catalogue, [note.section] if note.section else []),
        headings=_by_heading(note.claims),
        path=[(catalogue.by_id[r], why) for r, why in note.read_next if r in catalogue.by_id],
        shorts={r.id: r.short for r in catalogue},
        near=sorted(
            (concepts[slug] for slug in near if slug in concepts and slug != note.concept), key=lambda n: n.name
        ),
    )


def _all_concepts(assistant: Assistant) -> str:
    notes = _concepts(assistant.index).values()
    groups = [(s, [n for n in notes if n.section == s.id]) for s in assistant.catalogue.section]
    known_sections = {s.id for s in assistant.catalogue.section}
    return fill(
        "concepts.html",
        groups=[(s.title, _by_name(found)) for s, found in groups if found],
        others=_by_name(n for n in notes if n.section not in known_sections),
        count=len(notes),
    )


def _by_name(notes: Iterable[Note]) -> list[Note]:
    return sorted(notes, key=lambda n: n.name.casefold())


def _concepts(index: Index) -> dict[str, Note]:
    return {n.concept: n for n in index.notes if n.concept}


def _by_heading(claims: Iterable[Claim]) -> list[tuple[str, list[Claim]]]:
    return [(heading, list(found)) for heading, found in groupby(claims, key=lambda c: c.heading)]


def _section_titles(catalogue: Catalogue, ids: Iterable[str]) -> list[str]:
    names = {s.id: s.title for s in catalogue.section}
    return [names[i] for i in ids if i in names]
