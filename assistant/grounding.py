"""Statements and evidence to citations with checks.

Everything that is shown as a resource's own words is cut from its stored canonical text here, so that every
quote round-trips by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote as percent

from assistant.agreement import agreement
from assistant.answers import Citation, Quote, ResourceRef, Statement, Support
from assistant.retrieval import PassageFound
from ingest.catalogue import Catalogue, Resource
from ingest.documents import Document, Locator
from ingest.index.reading import Index
from ingest.index.store import ResolvedAnchor
from ingest.notes import Claim, ClaimCitation

#: So many readings are kept read between questions.
_AT_HAND = 16


class Grounder:
    """Makes citations from one index and the catalogue."""

    def __init__(self, index: Index, catalogue: Catalogue) -> None:
        self._index, self._catalogue = index, catalogue
        self._document = lru_cache(maxsize=_AT_HAND)(index.store.document)
        self._resource_notes = {n.resource: n for n in index.notes if n.resource}
        held = index.store.document_list()
        self._held = {d["resource"] for d in held if d["role"] == "text"}

    def holds(self, resource: str) -> bool:
        """Whether a text of the resource itself is held."""
        return resource in self._held

    def of_claim(self, claim: Claim) -> list[Citation]:
        """A claim's citations, those with the source's words first; numbers are given later."""
        anchors = self._index.store.anchors(claim.id)
        made = [
            m
            for c in claim.citations
            if c.resource in self._catalogue.by_id
            for m in self._citations(claim, c, anchors)
        ]
        return sorted(made, key=lambda c: (not c.solid, c.relation == "related"))

    def _citations(self, claim: Claim, cited: ClaimCitation, anchors: Sequence[ResolvedAnchor]) -> list[Citation]:
        """What a claim says of one resource: its words where they are held, else its address, and any related text's words."""
        plain = self._address(claim, cited)
        documents = [
            (a, d) for a in anchors if a.document.split("/")[0] == cited.resource and (d := self._document(a.document))
        ]
        own = next((self._quoted(plain, a, d) for a, d in documents if d.role == "text"), plain)
        related = next((self._quoted(plain, a, d) for a, d in documents if d.role == "related"), None)
        return [own] if own is not plain or related is None else [plain, related]

    def _address(self, claim: Claim, cited: ClaimCitation) -> Citation:
        resource = self._catalogue.by_id[cited.resource]
        note = self._resource_notes.get(cited.resource)
        return Citation(
            number=0,
            resource=reference(resource),
            edition=note.edition if note else None,
            locator=Locator(written=cited.locator),
            url=resource.url,
            relation="paraphrases",
            link="author",
            claim=claim.id,
            basis=note.basis if note else None,
            check=None if self.holds(cited.resource) else "not_held",
        )

    def _quoted(self, plain: Citation, anchor: ResolvedAnchor, document: Document) -> Citation:
        """The citation with the words that the anchor found; a related text is cited as itself, at its own places."""
        resource = self._catalogue.by_id[plain.resource.id]
        own = document.role == "text"
        locator = document.locate(anchor.start)
        return replace(
            plain,
            resource=plain.resource if own else beside(document),
            edition=document.edition,
            locator=replace(locator, written=plain.locator.written) if own else locator,
            url=deep_link(resource, document, locator) if own else (document.url or ""),
            relation="paraphrases" if own else "related",
            quote=cut(document, anchor.start, anchor.end),
            check="words_found",
        )

    def of_passage(self, found: PassageFound, start: int, end: int) -> Citation:
        """The citation of a reading's own words."""
        document = self._document(found.passage.document)
        assert document is not None  # the passage came from the same store
        resource = self._catalogue.by_id.get(document.resource) if document.role == "text" else None
        locator = document.locate(start)
        return Citation(
            number=0,
            resource=reference(resource) if resource else beside(document),
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


def beside(document: Document) -> ResourceRef:
    """What is said of a text that is not the resource it is filed under, or whose resource has left the catalogue."""
    title = document.parsed.title or document.edition or document.name
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
        quoted = any(c.relation == "quotes" or (c.relation == "related" and c.link == "search") for c in citations)
        support, remarks = support_of(text, citations)
        statements.append(
            Statement(
                text=text,
                voice="reading" if quoted else "note",
                citations=tuple(known[c] for c in citations),
                support=support,
                part=part,
                remarks=remarks,
            )
        )
    return tuple(statements), tuple(replace(c, number=n) for c, n in known.items())


def support_of(text: str, citations: Sequence[Citation]) -> tuple[Support, tuple[str, ...]]:
    """How far a statement is supported by its citations, and remarks on where its content and their words part.

    A resource's own words are ``quoted``. Ours are ``linked`` where the words they rest on are here and speak of every
    number in them, ``contradicted`` where those say another thing, else ``unchecked``.
    """
    if any(c.relation == "quotes" and c.solid for c in citations):
        return "quoted", ()
    quotes = [c.quote.text for c in citations if c.quote is not None and c.solid]
    if not quotes:
        return "unchecked", ()
    compared = agreement(text, *quotes)
    if compared.contradicted:
        return "contradicted", compared.remarks
    return "unchecked" if compared.unspoken else "linked", compared.remarks


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
        related = all(c.relation == "related" for c in citations)
        return "From a text beside the list, in its own words." if related else f"{whose}."
    if not solid:
        return f"{whose}; the sources' own words are not behind {'it' if total == 1 else 'them'}, so each citation is an address."
    if voices == {"model"}:
        return f"{whose}; the sources' own words are behind {solid} of {total} {sentences}, that they mean the same was not checked."
    verb = "shows" if solid == 1 else "show"
    return f"{whose}; {solid} of {total} {sentences} {verb} the source's own words{_doubt(statements)}."


def _doubt(statements: Sequence[Statement]) -> str:
    doubted = sum(s.support == "contradicted" for s in statements)
    return f", and {doubted} may say other than its source" if doubted else ""
