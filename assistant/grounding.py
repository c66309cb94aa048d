"""Statements and evidence to citations with checks.

Everything that is shown as a resource's own words is cut from its stored canonical text here, so that every
quote round-trips by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import quote as percent

from assistant.answers import Citation, Quote, ResourceRef, Statement, Support
from assistant.retrieval import PassageFound
from ingest.catalogue import Catalogue, Resource
from ingest.documents import Document, Locator
from ingest.index.reading import Index
from ingest.index.store import ResolvedAnchor
from ingest.notes import Claim, ClaimCitation


class Grounder:
    """Makes citations from one index and the catalogue."""

    def __init__(self, index: Index, catalogue: Catalogue) -> None:
        self._index, self._catalogue = index, catalogue
        self._resource_notes = {n.resource: n for n in index.notes if n.resource}
        held = index.store.document_list()
        self._held = {d["resource"] for d in held if d["role"] == "text"}

    def holds(self, resource: str) -> bool:
        """Whether a text of the resource itself is held."""
        return resource in self._held

    def of_claim(self, claim: Claim) -> list[Citation]:
        """A claim's citations, those with the source's words first; numbers are given later."""
        anchors = self._index.store.anchors(claim.id)
        made = [self._citation(claim, c, anchors) for c in claim.citations if c.resource in self._catalogue.by_id]
        return sorted(made, key=lambda c: not c.solid)

    def _citation(self, claim: Claim, cited: ClaimCitation, anchors: Sequence[ResolvedAnchor]) -> Citation:
        resource = self._catalogue.by_id[cited.resource]
        note = self._resource_notes.get(cited.resource)
        written = Locator(written=cited.locator)
        plain = Citation(
            number=0,
            resource=reference(resource),
            edition=note.edition if note else None,
            locator=written,
            url=resource.url,
            relation="paraphrases",
            link="author",
            claim=claim.id,
            basis=note.basis if note else None,
            check=None if self.holds(cited.resource) else "not_held",
        )
        found = [a for a in anchors if a.document.split("/")[0] == cited.resource]
        if not found:
            return plain
        document = self._index.store.document(found[0].document)
        if document is None:
            return plain
        locator = replace(document.locate(found[0].start), written=cited.locator)
        return replace(
            plain,
            edition=document.edition,
            locator=locator,
            url=deep_link(resource, document, locator),
            relation="paraphrases" if document.role == "text" else "related",
            quote=cut(document, found[0].start, found[0].end),
            check="words_found",
        )

    def of_passage(self, found: PassageFound, start: int, end: int) -> Citation:
        """The citation of a reading's own words."""
        document = self._index.store.document(found.passage.document)
        assert document is not None  # the passage came from the same store
        resource = self._catalogue.by_id.get(document.resource)
        locator = document.locate(start)
        return Citation(
            number=0,
            resource=reference(resource) if resource else unknown(document),
            edition=document.edition,
            locator=locator,
            url=deep_link(resource, document, locator) if resource else (document.url or ""),
            relation="quotes" if document.role == "text" else "related",
            link="search",
            basis="full text",
            quote=cut(document, start, end),
            check="words_found",
        )


def reference(resource: Resource) -> ResourceRef:
    """What a citation says of a resource."""
    return ResourceRef(
        resource.id,
        resource.title,
        resource.short,
        resource.authors,
        resource.year,
        resource.kind,
        resource.url,
        resource.identity,
    )


def unknown(document: Document) -> ResourceRef:
    """What is said of a reading whose resource has left the catalogue."""
    title = document.parsed.title or document.name
    return ResourceRef(document.resource, title, title, (), None, "reading", document.url or "", "certain")


def cut(document: Document, start: int, end: int) -> Quote:
    """A span of a document as a quote."""
    return Quote(document.text[start:end], document.text_sha256, start, end, document.source_sha256, document.key)


def deep_link(resource: Resource, document: Document, locator: Locator) -> str:
    """An address that opens at the place, where its kind of address allows that."""
    base = document.url or next((f.url for f in resource.fetch if f.edition == document.edition), resource.url)
    if locator.seconds is not None and "youtube.com" in base:
        return f"{base}&t={int(locator.seconds)}s"
    if "#" in base:
        return base
    if document.format == "pdf" and locator.page is not None and ("/pdf/" in base or base.endswith(".pdf")):
        return f"{base}#page={locator.page}"
    if document.format in ("html", "markdown") and base != resource.url and locator.fragment:
        return f"{base}#{percent(locator.fragment)}"
    return base


def numbered(
    drafts: Iterable[tuple[str, Sequence[Citation], str | None]],
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Statements with numbered citations, from (text, citations, part); equal citations share a number."""
    known: dict[Citation, int] = {}
    statements = []
    for text, citations, part in drafts:
        for citation in citations:
            known.setdefault(citation, len(known) + 1)
        quoted = any(c.relation == "quotes" for c in citations)
        statements.append(
            Statement(
                text=text,
                voice="reading" if quoted else "note",
                citations=tuple(known[c] for c in citations),
                support=_support(citations),
                part=part,
            )
        )
    return tuple(statements), tuple(replace(c, number=n) for c, n in known.items())


def _support(citations: Sequence[Citation]) -> Support:
    if any(c.relation == "quotes" and c.solid for c in citations):
        return "quoted"
    if any(c.relation == "paraphrases" and c.solid for c in citations):
        return "linked"
    return "unchecked"


def notice(statements: Sequence[Statement], citations: Sequence[Citation]) -> str:
    """The one honest line that opens an answer."""
    by_number = {c.number: c for c in citations}
    solid = sum(any(by_number[n].solid for n in s.citations) for s in statements)
    total, voices = len(statements), {s.voice for s in statements}
    whose = {
        frozenset({"note"}): "From our study notes",
        frozenset({"reading"}): "From the readings, in their own words",
        frozenset({"model"}): "Written by a language model from the evidence below",
    }.get(frozenset(voices), "From our study notes and the readings")
    sentences = "sentence" if total == 1 else "sentences"
    if voices == {"reading"}:
        return f"{whose}."
    if not solid:
        return f"{whose}; the sources' own words are not behind {'it' if total == 1 else 'them'}, so each citation is an address."
    verb = "shows" if solid == 1 else "show"
    return f"{whose}; {solid} of {total} {sentences} {verb} the source's own words."
