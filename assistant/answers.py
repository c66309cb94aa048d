"""What an answer is: statements, the citations they rest on, and how far each was checked.

Frozen values and their JSON (``schema_version`` 2; 1 is read as well); no logic but the words in which each case
is told to a person. The vocabulary is that of the design: a statement in our voice is ``linked`` at most, only a
resource's own words are ``quoted``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from ingest.documents import Locator
from ingest.errors import QuestionError

SCHEMA_VERSION = 2
#: What can be read. Version 1 had no ``remarks`` on a statement; all else is as it was.
READABLE = (1, 2)

Voice = Literal["note", "reading", "model"]
Support = Literal["quoted", "linked", "unchecked", "contradicted"]
Relation = Literal["quotes", "paraphrases", "related"]
LinkedBy = Literal["author", "model", "search"]
Check = Literal["words_found", "moved", "altered", "misattributed", "fabricated", "not_held"]
Outcome = Literal["answered", "partly", "declined"]
CHECKS: tuple[str, ...] = get_args(Check)


@dataclass(frozen=True)
class ResourceRef:
    """What a citation says of its resource."""

    id: str
    title: str
    short: str
    authors: tuple[str, ...]
    year: int | None
    kind: str
    url: str
    identity: Literal["certain", "likely", "guess"]


@dataclass(frozen=True)
class Quote:
    """The resource's very words: ``canonical_text(text_sha256)[start:end] == text``, in code points."""

    text: str
    text_sha256: str
    start: int
    end: int
    source_sha256: str | None = None
    document: str | None = None


@dataclass(frozen=True)
class Citation:
    """What a statement rests on, and what was checked of it.

    ``check`` is None where the text is held but our claim has no sentence of it to point to.
    """

    number: int
    resource: ResourceRef
    edition: str | None
    locator: Locator
    url: str
    relation: Relation
    link: LinkedBy
    claim: str | None = None
    basis: str | None = None
    quote: Quote | None = None
    check: Check | None = None

    @property
    def found(self) -> bool:
        """Whether the quoted words stand in a text that is held, be it the resource's or a related one's."""
        return self.quote is not None and self.check in ("words_found", "moved")

    @property
    def solid(self) -> bool:
        """Whether the resource's own words stand behind the number; a related text's words do not count."""
        return self.found and self.relation != "related"

    @property
    def place(self) -> str:
        """Resource and locator as a person writes them: Ruder (2016), “Momentum”, p. 4."""
        where = str(self.locator)
        return f"{self.resource.short}, {where}" if where else self.resource.short

    @property
    def explanation(self) -> str:
        """What was checked, in words for a person, without the quote itself."""
        return explain(self)


@dataclass(frozen=True)
class Statement:
    """One sentence or two of an answer, the numbers of its citations, and how far it is supported.

    ``remarks`` say, each in a sentence, where its content and its quote part: see assistant/agreement.py.
    """

    text: str
    voice: Voice
    citations: tuple[int, ...]
    support: Support
    part: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def marked(self) -> str:
        """The statement as it stands in an answer's text: with ``[n]`` for each citation."""
        return f"{self.text} {''.join(f'[{n}]' for n in self.citations)}".rstrip()


@dataclass(frozen=True)
class Pointer:
    """A resource to look at, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Considered:
    """A claim that was weighed for the answer."""

    claim: str
    score: float
    text: str


@dataclass(frozen=True)
class Answer:
    """A question's answer, whole. ``text`` is Markdown with ``[n]`` markers."""

    question: str
    standalone_question: str
    outcome: Outcome
    reason: str
    confidence: float
    notice: str
    text: str
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    unanswered: tuple[str, ...] = ()
    nearest: tuple[Pointer, ...] = ()
    read_next: tuple[Pointer, ...] = ()
    writer: str = "extractive"
    warnings: tuple[str, ...] = ()
    considered: tuple[Considered, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def spans(self) -> list[tuple[Statement, int, int]]:
        """Each statement with the span of ``text`` (code points) that it fills together with its markers."""
        found, at = [], 0
        for statement in self.statements:
            start = self.text.find(statement.marked, at)
            if start >= 0:
                at = start + len(statement.marked)
                found.append((statement, start, at))
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain values; ``from_json`` reads it back."""
        raw = asdict(self)
        for citation, row in zip(self.citations, raw["citations"], strict=True):
            row["explanation"] = citation.explanation
        return {"schema_version": raw.pop("schema_version"), **raw}

    @classmethod
    def from_json(cls, raw: Any) -> Answer:
        """The answer in ``raw``. Raises QuestionError where it is none, or of a schema that is not known here."""
        if not isinstance(raw, dict) or "schema_version" not in raw:
            raise QuestionError("this is not an answer of Underhood (no schema_version)")
        if raw["schema_version"] not in READABLE:
            raise QuestionError(
                f"schema_version {raw['schema_version']!r} is not known here (known: {', '.join(map(str, READABLE))})",
                todo="Use the version of Underhood that wrote it, or a newer one",
            )
        try:
            return cls(
                **{
                    **_only(cls, raw),
                    "statements": tuple(_statement(s) for s in raw["statements"]),
                    "citations": tuple(_citation(c) for c in raw["citations"]),
                    "unanswered": tuple(raw.get("unanswered", ())),
                    "nearest": tuple(Pointer(**p) for p in raw.get("nearest", ())),
                    "read_next": tuple(Pointer(**p) for p in raw.get("read_next", ())),
                    "warnings": tuple(raw.get("warnings", ())),
                    "considered": tuple(Considered(**c) for c in raw.get("considered", ())),
                    "schema_version": SCHEMA_VERSION,
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise QuestionError(f"this answer is damaged ({type(error).__name__}: {error})") from error


def _only(cls: type, raw: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(cls)}
    return {k: v for k, v in raw.items() if k in names}


def _statement(raw: Mapping[str, Any]) -> Statement:
    return Statement(
        **{**_only(Statement, raw), "citations": tuple(raw["citations"]), "remarks": tuple(raw.get("remarks", ()))}
    )


def _citation(raw: Mapping[str, Any]) -> Citation:
    resource, locator, quote = raw["resource"], raw["locator"], raw.get("quote")
    return Citation(
        **{
            **_only(Citation, raw),
            "resource": ResourceRef(**{**_only(ResourceRef, resource), "authors": tuple(resource["authors"])}),
            "locator": Locator(**{**_only(Locator, locator), "heading": tuple(locator["heading"])}),
            "quote": Quote(**_only(Quote, quote)) if quote else None,
        }
    )


def explain(citation: Citation) -> str:
    """What was checked of a citation, in words for a person (the design's table, case by case)."""
    return f"{_told(citation)}{_IDENTITY.get(citation.resource.identity, '')}"


def _told(citation: Citation) -> str:
    place = citation.place
    if citation.check in _FAILED:
        return f"{_FAILED[citation.check]} ({place})."
    if citation.relation == "related":
        return f"Related passage, from {place}, which is not the resource itself; not checked to support the sentence."
    moved = " They stand elsewhere than the answer said." if citation.check == "moved" else ""
    if citation.link == "model":
        return _pointed_to(citation, place)
    if citation.relation == "quotes" and citation.found:
        return f"{place}, word for word. Found in our copy.{moved}"
    if citation.relation == "quotes":
        return f"Quoted from {place}. The text is not here, so the words were not checked."
    if citation.quote is not None and citation.found:
        return (
            f"Our words. Our note rests them on {place}, quoted here. The words are there; that they mean the same is our "
            f"author's judgement.{moved}"
        )
    if citation.basis == "record":
        return f"Our words, from the abstract or record of {place}; the full text was not read."
    if citation.check == "not_held":
        return f"Our words. Our note points to {place}. The text is not here, so nothing was checked."
    return f"Our words. Our note points to {place}, which is held here, but to no single sentence of it."


def _pointed_to(citation: Citation, place: str) -> str:
    """What is told of evidence that a language model points to: its sentence is not our claim."""
    told = "The language model's words. It points to our note"
    if citation.found:
        return f"{told}, which rests on {place}, quoted here. The words are there; that they carry its sentence was not checked."
    here = "which is held here" if citation.check != "not_held" else "whose text is not here"
    return f"{told}, which points to {place}, {here}. That it carries the sentence was not checked."


_FAILED: dict[str | None, str] = {
    "altered": "The words were changed: the source says something else",
    "misattributed": "The words are in another resource, not in this one",
    "fabricated": "No held resource has these words",
}
_IDENTITY = {
    "likely": " That this is the resource the list means is likely, not certain.",
    "guess": " That this is the resource the list means is a guess.",
}
