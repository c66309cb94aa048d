"""What programs get: frozen values whose fields are the JSON, so that OpenAPI and MCP describe the very same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.answers import Considered, Outcome, Pointer, Statement
from ingest.documents import Locator


@dataclass(frozen=True)
class ToldCitation:
    """A citation as JSON: a ``Citation`` with its explanation in words."""

    number: int
    resource: ToldResource
    edition: str | None
    locator: Locator
    url: str
    relation: str
    link: str
    claim: str | None
    basis: str | None
    quote: ToldQuote | None
    check: str | None
    explanation: str


@dataclass(frozen=True)
class ToldResource:
    """What a citation says of its resource."""

    id: str
    title: str
    short: str
    authors: tuple[str, ...]
    year: int | None
    kind: str
    url: str
    identity: str


@dataclass(frozen=True)
class ToldQuote:
    """The resource's very words and where they stand, in code points."""

    text: str
    text_sha256: str
    start: int
    end: int
    source_sha256: str | None
    document: str | None


@dataclass(frozen=True)
class ToldAnswer:
    """An answer as JSON; ``text`` is Markdown with ``[n]``."""

    schema_version: int
    question: str
    standalone_question: str
    outcome: Outcome
    reason: str
    confidence: float
    notice: str
    text: str
    statements: tuple[Statement, ...]
    citations: tuple[ToldCitation, ...]
    unanswered: tuple[str, ...]
    nearest: tuple[Pointer, ...]
    read_next: tuple[Pointer, ...]
    writer: str
    warnings: tuple[str, ...]
    considered: tuple[Considered, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundClaim:
    """A claim of our notes, with its score against the question and what it rests on."""

    claim: str
    kind: str
    text: str
    score: float
    citations: tuple[ToldCitation, ...]


@dataclass(frozen=True)
class Found:
    """The claims nearest to a question, best first."""

    question: str
    claims: tuple[FoundClaim, ...]


@dataclass(frozen=True)
class CheckedQuote:
    """What was found for one quotation."""

    number: int
    quote: str
    check: str | None
    place: str
    explanation: str
    failed: bool


@dataclass(frozen=True)
class Checked:
    """The verdicts on an answer or a text, and how many failed."""

    verdicts: tuple[CheckedQuote, ...]
    failed: int


@dataclass(frozen=True)
class HeldReading:
    """A reading of a resource that is held here."""

    name: str
    edition: str | None
    role: str
    pages: int | None


@dataclass(frozen=True)
class NotedClaim:
    """A claim of the note on a resource."""

    id: str
    kind: str
    heading: str
    text: str


@dataclass(frozen=True)
class ListedResource:
    """One of the list: what it is, how sure that is, how many claims rest on it, what is held of it."""

    id: str
    title: str
    short: str
    authors: tuple[str, ...]
    year: int | None
    kind: str
    url: str
    sections: tuple[str, ...]
    identity: str
    licence: str
    access: str
    basis: str | None
    claims: int
    held: tuple[HeldReading, ...]


@dataclass(frozen=True)
class NotedResource:
    """One of the list with our whole note on it."""

    resource: ListedResource
    note: tuple[NotedClaim, ...]


@dataclass(frozen=True)
class Step:
    """A resource of a reading path, and why it comes here."""

    id: str
    title: str
    url: str
    reason: str


@dataclass(frozen=True)
class ReadingPath:
    """What to read on a concept or a section, first to last."""

    topic: str
    kind: str
    steps: tuple[Step, ...]
