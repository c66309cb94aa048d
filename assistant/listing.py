"""The reading list as a table: what is noted, what is read, how to get the rest; what is free to fetch."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ingest.added import reading_list
from ingest.bringing import Record, read_records, wanted
from ingest.catalogue import Resource
from ingest.errors import ReadingError
from ingest.index.generation import current
from ingest.index.store import Store
from ingest.notes import read_notes
from ingest.report import Report
from ingest.settings import Settings
from ingest.sources import SourceShelf

#: A fetched copy older than this many days may no longer be what its address shows.
STALE_DAYS = 365


def listing(settings: Settings, today: dt.date | None = None) -> list[dict[str, Any]]:
    """One mapping a resource, in the order of the list's sections."""
    catalogue = reading_list(settings)
    today = today or dt.date.today()
    claims: dict[str, int] = {}
    bases = {}
    for note in read_notes(settings.corpus / "notes"):
        if note.resource:
            bases[note.resource] = note.basis
        for claim in note.claims:
            for resource in {c.resource for c in claim.citations}:
                claims[resource] = claims.get(resource, 0) + 1
    held: dict[str, list[dict[str, Any]]] = {}
    if (folder := current(settings.index)) is not None:
        store = Store(folder / "store.sqlite")
        for document in store.document_list():
            held.setdefault(document["resource"], []).append(document)
        store.close()
    records = {(r.resource, r.name): r for r in read_records(settings.sources).values()}
    order = {s.id: n for n, s in enumerate(catalogue.section)}
    return [
        {
            "id": r.id,
            "title": r.title,
            "short": r.short,
            "sections": list(r.sections),
            "identity": r.identity,
            "basis": bases.get(r.id),
            "claims": claims.get(r.id, 0),
            "held": [_held_row(r, d, records, today) for d in held.get(r.id, [])],
            "access": r.access,
            "url": r.url,
            "licence": r.licence,
        }
        for r in sorted(catalogue, key=lambda r: (order[r.sections[0]], r.id))
    ]


def _held_row(
    resource: Resource, document: Mapping[str, Any], records: Mapping[tuple[str, str], Record], today: dt.date
) -> dict[str, Any]:
    record = records.get((resource.id, document["name"]))
    if record is not None and record.sha256 != document["source_sha256"]:
        record = None
    return {
        "name": document["name"],
        "edition": document["edition"],
        "role": document["role"],
        "pages": document["pages"],
        "fetched": record.on if record else None,
        "stale": _stale(resource, record, today) if record else None,
    }


def _stale(resource: Resource, record: Record, today: dt.date) -> str | None:
    """Why a fetched copy should be fetched again; a file brought by hand is its owner's to judge."""
    if record.url not in {f.url for f in resource.fetch}:
        return "the list names another address now"
    days = (today - dt.date.fromisoformat(record.on)).days
    return f"fetched {days} days ago" if days > STALE_DAYS else None


def print_listing(rows: Sequence[dict[str, Any]]) -> None:
    """The table, to the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(rows)} resources; {sum(bool(r['held']) for r in rows)} with their text here")
    for column in ("resource", "identity", "our note", "claims citing it", "held here", "how to get it"):
        table.add_column(column, overflow="fold")
    for row in rows:
        held = "; ".join(dict.fromkeys(_held(d) for d in row["held"])) or "–"
        access = {"fetch": "underhood ingest --fetch", "by hand": "by hand", "watch only": "watch only"}[row["access"]]
        way = f"{access}: {row['url']}" if row["url"] else "added by you"
        cells = (row["id"], row["identity"], row["basis"] or "–", str(row["claims"]), held, way)
        table.add_row(*map(Text, cells))  # as plain text: a title in square brackets is no style
    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width, and programs look for whole ids
        console = Console(width=200)
    console.print(table)
    stale = sorted({row["id"] for row in rows for d in row["held"] if d["stale"]})
    if stale:
        print(f"Stale: {', '.join(stale)}. Look for a newer copy: underhood ingest --fetch --only ID")


def _held(document: Mapping[str, Any]) -> str:
    pages = f", {document['pages']} pages" if document["pages"] else ""
    related = "related: " if document["role"] == "related" else ""
    fetched = f", fetched {document['fetched']}" if document["fetched"] else ""
    stale = f", STALE ({document['stale']})" if document["stale"] else ""
    return f"{related}{document['edition'] or document['name']}{pages}{fetched}{stale}"


def fetch_plan(
    settings: Settings, only: Sequence[str] = (), size: Callable[[str], int | None] = lambda url: None
) -> list[dict[str, Any]]:
    """What ``underhood ingest --fetch`` would ask the web for, one mapping a file; nothing is fetched.

    ``size`` gives the bytes that an address holds, where they can be learned; else those of the catalogue are told.
    """
    catalogue = reading_list(settings)
    if unknown := [r for r in only if r not in catalogue.by_id]:
        raise ReadingError("no such resource", where=f"--only {unknown[0]}", todo="See: underhood readings")
    records = read_records(settings.sources)
    plan = []
    for one in sorted(wanted(catalogue, SourceShelf(settings.sources), only), key=lambda w: w.resource.id):
        record = records.get((one.resource.id, one.file.url)) if one.held else None
        by_hand = ", ".join(s.name for s in one.by_hand) or None
        plan.append(
            {
                "resource": one.resource.id,
                "url": one.file.url,
                "edition": one.file.edition,
                "role": one.file.role,
                "licence": one.resource.licence,
                "bytes": size(one.file.url) or one.file.bytes,
                "held": one.held.name if one.held else by_hand,
                "fetched": record.on if record else None,
                "would": "nothing: brought by hand" if by_hand else "ask whether it changed" if record else "fetch",
            }
        )
    return plan


def print_plan(plan: Sequence[Mapping[str, Any]]) -> None:
    """What would be fetched, to the terminal."""
    for one in plan:
        related = ", related" if one["role"] == "related" else ""
        of = f", of {one['fetched']}" if one["fetched"] else ""
        held = f"held: {one['held']}{of}" if one["held"] else "not here"
        print(f"{one['resource']}: {one['edition']}{related}")
        large = f"{one['bytes'] / 1e6:.1f} MB; " if one["bytes"] else ""
        print(f"  {one['url']}\n  {large}{one['licence']}; {held} → {one['would']}")
    new = sum(o["would"] == "fetch" for o in plan)
    print(f"{len(plan)} files, {new} of them not here yet; {sizes(o['bytes'] for o in plan)}. Nothing was fetched.")


def sizes(known: Iterable[int | None]) -> str:
    """How large files are, in words, as far as that is known."""
    known = list(known)
    total, unknown = sum(n or 0 for n in known) / 1e6, sum(not n for n in known)
    if unknown == len(known):
        return "how large is not known here"
    return (
        f"{total:.1f} MB"
        if not unknown
        else f"{len(known) - unknown} of them {total:.1f} MB, the others of unknown size"
    )


def offer(settings: Settings) -> str:
    """The free readings in a few lines: how many, under which licences, the one command; empty where there are none."""
    catalogue = reading_list(settings)
    resources = [r for r in catalogue if r.fetch]
    if not resources:
        return ""
    files = [f for r in resources for f in r.fetch]
    common = Counter(r.licence for r in resources).most_common(4)
    rest = len(resources) - sum(n for _, n in common)
    licences = [f"  {n:3} × {licence}" for licence, n in common] + ([f"  {rest:3} × others"] if rest else [])
    lines = [
        f"{len(resources)} of the {len(catalogue)} resources can be read freely on the web ({len(files)} files), as the list has it:",
        *licences,
        f"Size: {sizes(f.bytes for f in files)}; --sizes with --dry-run asks the servers.",
        "Fetch them for your own use: underhood ingest --fetch   (what exactly: add --dry-run)",
    ]
    return "\n".join(lines)


def print_report(report: Report, settings: Settings) -> None:
    """What an ingest did, in a terminal."""
    c = report.counts
    print("The index is up to date; nothing was written." if not report.published else "The index is published.")
    print(
        f"{report.resources} resources, {c.get('notes', 0)} notes, {c.get('claims', 0)} claims, {c.get('documents', 0)} readings, "
        f"{c.get('passages', 0)} passages; {c.get('anchored_claims', 0)} claims show a source's own words. {report.seconds:.1f} s"
    )
    if report.taken or report.unchanged or report.removed:
        print(f"Readings: {len(report.taken)} taken, {report.unchanged} unchanged, {len(report.removed)} removed.")
    if report.fetched or report.not_modified:
        print(f"Fetched: {len(report.fetched)} new or changed, {report.not_modified} as before.")
    for file in report.files:
        pages = f"{file.pages} pages, " if file.pages else ""
        print(f"  taken {file.name}: {pages}{file.passages} passages, {file.seconds:.1f} s")
    for skipped in report.skipped:
        print(f"  skipped {skipped.name}: {skipped.reason}")
    for warning in report.warnings:
        print(f"  note on {warning.name}: {warning.reason}")
    if not c.get("documents"):
        print("No reading is here yet, so citations are addresses. Bring your own: underhood ingest --readings DIR")
        if free := offer(settings):
            print(free)
