"""What other programs can ask for, once for every wire: ask, search, verify, resources, reading paths.

Takes what a stranger sent, checks it, and returns the values of ``shapes.py``. Every refusal is an UnderhoodError, so that
each wire says the same line. Knows no wire.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.answering import Assistant
from assistant.answers import Answer, Citation
from assistant.programs.shapes import (
    Checked,
    CheckedQuote,
    Found,
    FoundClaim,
    HeldReading,
    ListedResource,
    NotedClaim,
    NotedResource,
    ReadingPath,
    Step,
    ToldCitation,
    ToldQuote,
    ToldResource,
)
from assistant.questions import clean
from assistant.verification import Verifier
from ingest.catalogue import Resource
from ingest.errors import QuestionError
from ingest.index.reading import Index

#: Claims that one search may return.
MOST_FOUND = 15


@dataclass(frozen=True)
class Asked:
    """A question with its conversation, narrowed to some resources or not."""

    question: str
    history: tuple[Any, ...] = ()
    resources: tuple[str, ...] | None = None


class Service:
    """An open assistant, as programs use it. Safe to share between threads."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._verifier: tuple[Index, Verifier] | None = None

    def ask(self, asked: Asked) -> Answer:
        """The answer. Raises QuestionError."""
        return self._assistant.ask(asked.question, asked.history, resources=asked.resources)

    def stream(self, asked: Asked) -> AsyncGenerator[str | Answer, None]:
        """Pieces of the answer's text, and last the answer. Raises QuestionError."""
        return self._assistant.astream(asked.question, asked.history, resources=asked.resources)

    def search(self, question: Any, count: Any = 5, resources: Any = None) -> Found:
        """The claims nearest to a question, without composing an answer. Raises QuestionError."""
        asked = read_asked({"question": question, "resources": resources})
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_FOUND:
            raise QuestionError(f'"count" is a number from 1 to {MOST_FOUND}, not {count!r}')
        found = self._assistant.search(asked.question, count, resources=asked.resources)
        claims = tuple(
            FoundClaim(f.claim.id, f.claim.kind, f.claim.text, round(f.score, 4), tuple(map(told_citation, citations)))
            for f, citations in found
        )
        return Found(clean(asked.question), claims)

    def verify(self, raw: Any) -> Checked:
        """The verdicts on a saved answer (a mapping), or on the quotations of a text. Raises QuestionError."""
        if isinstance(raw, Mapping) and isinstance(raw.get("text"), str) and "schema_version" not in raw:
            raw = raw["text"]
        verifier = self._verifying()
        verdicts = verifier.text(raw) if isinstance(raw, str) else verifier.answer(Answer.from_json(raw))
        rows = tuple(CheckedQuote(**asdict(v), failed=v.failed) for v in verdicts)
        return Checked(rows, sum(r.failed for r in rows))

    def resources(self) -> list[ListedResource]:
        """The whole list, in the order of its sections."""
        order = {s.id: n for n, s in enumerate(self._assistant.catalogue.section)}
        ordered = sorted(self._assistant.catalogue, key=lambda r: (order[r.sections[0]], r.id))
        index = self._assistant.index
        counts = _resting(index)
        held = index.store.document_list()
        return [_listed(r, index, counts.get(r.id, 0), held) for r in ordered]

    def resource(self, id_: Any) -> NotedResource:
        """One of the list with our note on it. Raises QuestionError."""
        resource = self._assistant.catalogue.by_id.get(id_) if isinstance(id_, str) else None
        if resource is None:
            raise QuestionError(f"no resource {id_!r} in the list", todo="See: underhood readings")
        index = self._assistant.index
        claims = [c for n in index.notes if n.resource == resource.id for c in n.claims]
        row = _listed(resource, index, _resting(index).get(resource.id, 0), index.store.document_list())
        return NotedResource(row, tuple(NotedClaim(c.id, c.kind, c.heading, c.text) for c in claims))

    def reading_path(self, topic: Any) -> ReadingPath:
        """What to read on a concept (by a name or alias) or a section of the list, first to last. Raises QuestionError."""
        text = clean(topic)
        catalogue, names = self._assistant.catalogue, self._assistant.names
        for section in catalogue.section:
            if text.casefold() in (section.id, section.title.casefold()):
                return ReadingPath(section.title, "section", self._steps(section.path))
        concept = names.of(text) or next((m.concept for m in names.mentions(text)), None)
        notes = [n for n in self._assistant.index.notes if n.concept and n.concept == concept]
        if not notes:
            sections = ", ".join(s.id for s in catalogue.section)
            raise QuestionError(
                f"no concept or section is called {text!r}", todo=f"Name a concept of the notes, or one of: {sections}"
            )
        return ReadingPath(notes[0].name, "concept", self._steps(notes[0].read_next))

    def _steps(self, path: Iterable[tuple[str, str]]) -> tuple[Step, ...]:
        known = self._assistant.catalogue.by_id
        return tuple(Step(r, known[r].title, known[r].url, why) for r, why in path if r in known)

    def _verifying(self) -> Verifier:
        """The verifier of the open generation, made once for it."""
        index = self._assistant.index
        if self._verifier is None or self._verifier[0] is not index:
            self._verifier = (index, Verifier(index, self._assistant.catalogue))
        return self._verifier[1]


def read_asked(raw: Any) -> Asked:
    """The question in what a program sent. Raises QuestionError naming the field."""
    if not isinstance(raw, Mapping):
        raise QuestionError(f'a question comes as {{"question": …}}, not as {type(raw).__name__}')
    history, resources = raw.get("history") or (), raw.get("resources")
    if not _is_list(history) or not all(isinstance(h, str | Mapping) for h in history):
        raise QuestionError('"history" is a list of earlier questions, or of messages with "role" and "content"')
    if resources is not None and not (_is_list(resources) and all(isinstance(r, str) for r in resources)):
        raise QuestionError('"resources" is a list of ids', todo="See: underhood readings")
    question = raw.get("question")
    clean(question)  # refuses what is no question before anything is begun
    return Asked(str(question), tuple(history), tuple(resources) if resources else None)


def told_citation(citation: Citation) -> ToldCitation:
    """A citation as a value of the shape that ``to_json`` writes."""
    kept = {k: v for k, v in vars(citation).items() if k not in ("resource", "quote")}
    quote = ToldQuote(**vars(citation.quote)) if citation.quote else None
    return ToldCitation(
        **kept, resource=ToldResource(**vars(citation.resource)), quote=quote, explanation=citation.explanation
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _resting(index: Index) -> dict[str, int]:
    """How many claims rest on each resource."""
    counts: dict[str, int] = {}
    for claim in index.claims:
        for resource in {c.resource for c in claim.citations}:
            counts[resource] = counts.get(resource, 0) + 1
    return counts


def _listed(resource: Resource, index: Index, claims: int, held: Collection[Mapping[str, Any]]) -> ListedResource:
    note = next((n for n in index.notes if n.resource == resource.id), None)
    names = ("id", "title", "short", "authors", "year", "kind", "url", "sections", "identity", "licence", "access")
    return ListedResource(
        **{n: getattr(resource, n) for n in names},
        basis=note.basis if note else None,
        claims=claims,
        held=tuple(
            HeldReading(d["name"], d["edition"], d["role"], d["pages"]) for d in held if d["resource"] == resource.id
        ),
    )
