"""The reading list as a table: what is noted, what is read, how to get the rest."""

from __future__ import annotations

from typing import Any

from ingest.catalogue import load_catalogue
from ingest.index.generation import current
from ingest.index.store import Store
from ingest.notes import read_notes
from ingest.settings import Settings


def listing(settings: Settings) -> list[dict[str, Any]]:
    """One mapping a resource, in the order of the list's sections."""
    catalogue = load_catalogue(settings.corpus)
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
            "held": [
                {"name": d["name"], "edition": d["edition"], "role": d["role"], "pages": d["pages"]}
                for d in held.get(r.id, [])
            ],
            "access": r.access,
            "url": r.url,
            "licence": r.licence,
        }
        for r in sorted(catalogue, key=lambda r: (order[r.sections[0]], r.id))
    ]


def print_listing(rows: list[dict[str, Any]]) -> None:
    """The table, to the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{len(rows)} resources; {sum(bool(r['held']) for r in rows)} with their text here")
    for column in ("resource", "identity", "our note", "claims citing it", "held here", "how to get it"):
        table.add_column(column, overflow="fold")
    for row in rows:
        held = "; ".join(dict.fromkeys(_held(d) for d in row["held"])) or "–"
        access = {"fetch": "freely readable", "by hand": "by hand", "watch only": "watch only"}[row["access"]]
        table.add_row(
            row["id"], row["identity"], row["basis"] or "–", str(row["claims"]), held, f"{access}: {row['url']}"
        )
    Console().print(table)


def _held(document: dict[str, Any]) -> str:
    pages = f", {document['pages']} pages" if document["pages"] else ""
    related = "related: " if document["role"] == "related" else ""
    return f"{related}{document['edition'] or document['name']}{pages}"
