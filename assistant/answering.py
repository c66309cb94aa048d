"""The Python API: ``Assistant.open().ask("...")``.

An assistant holds one generation of the index open and moves on when another is published. It is safe to ask
from many threads.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from assistant import conversation, grounding
from assistant.answers import Answer, Citation, Considered, Outcome, Pointer
from assistant.confidence import Calibration, Signals, calibration
from assistant.conversation import Turn
from assistant.grounding import Grounder
from assistant.models import ChatModel, LangChainModel
from assistant.questions import Names, Part, Question, analyse, clean
from assistant.retrieval import ClaimFound, Evidence, PartEvidence, Search
from assistant.writers import model as model_writer
from assistant.writers.extractive import Chosen, Draft, compose, window
from assistant.writers.model import ModelAnswer
from ingest.catalogue import Catalogue, load_catalogue
from ingest.embedding import Embedder, SentenceTransformerEmbedder
from ingest.errors import ModelError, QuestionError
from ingest.index.generation import current
from ingest.index.reading import Index
from ingest.notes import Claim
from ingest.pipeline import wanted_stamp
from ingest.settings import Settings


@dataclass(frozen=True)
class _State:
    """One open generation with all that is built on it."""

    index: Index
    catalogue: Catalogue
    search: Search
    grounder: Grounder


class Assistant:
    """Answers questions from the published index.

    Open one with ``Assistant.open()``; it may be shared between threads.
    """

    def __init__(
        self, settings: Settings, embedder: Embedder, *, calibration: Calibration, model: ChatModel | None = None
    ) -> None:
        self.settings, self._embedder, self._calibration, self._given_model = settings, embedder, calibration, model
        self._lock = threading.Lock()
        self._stamp = wanted_stamp(settings, embedder)
        self._state = self._open()

    @classmethod
    def open(
        cls, settings: Settings | None = None, *, embedder: Embedder | None = None, model: ChatModel | None = None
    ) -> Assistant:
        """An assistant over the published index; ``model`` is a chat model to use where the settings name none.

        Raises IndexMissing, IndexOutdated or IndexBroken (run ``underhood ingest``), EmbedderError, CatalogueError.
        """
        settings = settings or Settings.from_environment()
        embedder = embedder or SentenceTransformerEmbedder(settings.embedder)
        return cls(settings, embedder, calibration=calibration(), model=model)

    # Asking

    def ask(
        self,
        question: str,
        history: Sequence[Any] = (),
        *,
        resources: Sequence[str] | None = None,
    ) -> Answer:
        """The answer to a question.

        ``history``: earlier turns, oldest first: Answers, strings (the person's questions), or mappings with
        ``role`` and ``content``. ``resources`` narrows the search to these ids. Raises QuestionError.
        """
        *_, answer = self.stream(question, history, resources=resources)
        assert isinstance(answer, Answer)
        return answer

    async def aask(
        self, question: str, history: Sequence[Any] = (), *, resources: Sequence[str] | None = None
    ) -> Answer:
        """``ask``, without blocking the event loop."""
        return await asyncio.to_thread(self.ask, question, history, resources=resources)

    def batch(self, questions: Sequence[str], *, workers: int = 2) -> list[Answer]:
        """The answers to many independent questions, in their order."""
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self.ask, questions))

    def stream(
        self, question: str, history: Sequence[Any] = (), *, resources: Sequence[str] | None = None
    ) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they come, and last the Answer itself.

        The pieces joined are its text, unless a chat model failed midway: then the Answer holds the one composed
        from our notes, with a warning that says so.
        """
        started = time.perf_counter()
        text = clean(question)
        state = self._fresh()
        standalone = conversation.standalone(text, turns(history), state.search.names)
        wanted = _known(resources, state.catalogue)
        evidence = state.search.find(analyse(standalone, state.search.names), resources=wanted)
        found = time.perf_counter()
        for piece in self._write(state, text, standalone, evidence):
            if isinstance(piece, Answer):
                done = time.perf_counter()
                timings = {"retrieval": found - started, "writing": done - found, "total": done - started}
                yield replace(piece, timings_ms={k: round(1000 * v, 2) for k, v in timings.items()})
            else:
                yield piece

    async def astream(
        self, question: str, history: Sequence[Any] = (), *, resources: Sequence[str] | None = None
    ) -> AsyncIterator[str | Answer]:
        """``stream``, without blocking the event loop."""
        pieces = self.stream(question, history, resources=resources)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    # What it knows

    @property
    def catalogue(self) -> Catalogue:
        """The reading list."""
        return self._state.catalogue

    @property
    def index(self) -> Index:
        """The open generation."""
        return self._fresh().index

    @property
    def names(self) -> Names:
        """The names of all concepts."""
        return self._state.search.names

    def evidence(self, question: str, *, resources: Sequence[str] | None = None) -> Evidence:
        """What is found for a question, without an answer."""
        state = self._fresh()
        return state.search.find(
            analyse(clean(question), state.search.names), resources=_known(resources, state.catalogue)
        )

    def search(
        self, question: str, count: int = 5, *, resources: Sequence[str] | None = None
    ) -> list[tuple[ClaimFound, list[Citation]]]:
        """The best claims for a question as a whole, each with its citations; no answer is composed."""
        state = self._fresh()
        text = clean(question)
        evidence = state.search.find(
            Question(text, (Part(text),)), resources=_known(resources, state.catalogue), passages=False
        )
        return [(f, state.grounder.of_claim(f.claim)) for f in evidence.parts[0].claims[:count]]

    def signals(self, evidence: Evidence, part: PartEvidence, found: ClaimFound) -> Signals:
        """What the confidence in a claim for a part rests on."""
        return _signals(self._state, evidence, part, found)

    # Inside

    def _open(self) -> _State:
        index = Index.open(self.settings.index, self._stamp)
        catalogue = load_catalogue(self.settings.corpus)
        return _State(index, catalogue, Search(index, self._embedder), Grounder(index, catalogue))

    def _fresh(self) -> _State:
        """The state of the published generation, reopened when ``CURRENT`` has moved."""
        published = current(self.settings.index)
        if published is None or published == self._state.index.folder:
            return self._state
        with self._lock:
            if published != self._state.index.folder:
                self._stamp = wanted_stamp(self.settings, self._embedder)
                self._state = self._open()
        return self._state

    @cached_property
    def model(self) -> ChatModel | None:
        """The chat model that ``UNDERHOOD_MODEL`` names, or None."""
        return LangChainModel(self.settings.model) if self.settings.model else self._given_model

    def _write(self, state: _State, asked: str, standalone: str, evidence: Evidence) -> Iterator[str | Answer]:
        draft = compose(
            evidence,
            lambda part, found: self._calibration.probability(_signals(state, evidence, part, found)),
            self._calibration,
        )
        considered = tuple(
            Considered(f.claim.id, round(f.score, 4), f.claim.text)
            for f in (evidence.parts[0].claims if evidence.parts else ())[:5]
        )
        base = Answer(
            question=asked,
            standalone_question=standalone,
            outcome="declined",
            reason="",
            confidence=round(draft.probability, 4),
            notice="",
            text="",
            considered=considered,
        )
        if not draft.chosen:
            span = window(evidence.passages, lambda p, a, b: state.index.store.text(p.passage.document, a, b))
            if span is not None and draft.probability >= self._calibration.partly / 2:
                draft = replace(draft, window=span)
        if draft.chosen and (self.settings.model or self._given_model):
            yield from self._with_model(state, base, draft, evidence)
            return
        answer = (
            self._answered(state, base, draft)
            if draft.chosen or draft.window
            else self._declined(state, base, evidence)
        )
        yield from _pieces(answer)

    def _with_model(self, state: _State, base: Answer, draft: Draft, evidence: Evidence) -> Iterator[str | Answer]:
        """The model's answer sentence by sentence; the extractive one, marked so, where the model fails."""
        extractive = self._answered(state, base, draft)
        claims = _for_model(draft, evidence)
        try:
            model = self.model
            assert model is not None  # the caller looked
            written = ModelAnswer([state.grounder.of_claim(c) for c in claims])
            yield from model_writer.write(
                model, base.standalone_question, [_evidence_text(state, c) for c in claims], written
            )
        except ModelError as error:
            yield from _pieces(
                replace(extractive, warnings=(f"{error} The answer below is composed from our notes instead.",))
            )
            return
        if not written.statements:
            why = (
                "The model found no answer in the evidence"
                if written.refused
                else "The model's reply rested on no evidence"
            )
            yield from _pieces(
                replace(extractive, warnings=(f"{why}; the answer below is composed from our notes instead.",))
            )
            return
        yield replace(
            extractive,
            writer=model.name,
            statements=tuple(written.statements),
            citations=tuple(written.citations),
            notice=grounding.notice(written.statements, written.citations),
            text=written.text,
            warnings=written.warnings(),
        )

    def _answered(self, state: _State, base: Answer, draft: Draft) -> Answer:
        drafts: list[tuple[str, list[Citation], str | None]] = [
            (c.found.claim.text, state.grounder.of_claim(c.found.claim), c.part.text) for c in draft.chosen
        ]
        if draft.window:
            found, start, end = draft.window
            text = " ".join(state.index.store.text(found.passage.document, start, end).split())
            drafts = [(f"“{text}”", [state.grounder.of_passage(found, start, end)], None)]
        statements, citations = grounding.numbered(drafts)
        sure = all(c.probability >= self._calibration.answered for c in draft.chosen if c.part.role != "side")
        outcome: Outcome = "answered" if sure and not draft.unanswered and not draft.window else "partly"
        return replace(
            base,
            outcome=outcome,
            reason=_reason(draft, sure),
            notice=grounding.notice(statements, citations),
            text="\n\n".join(f"{s.text} {''.join(f'[{n}]' for n in s.citations)}" for s in statements),
            statements=statements,
            citations=citations,
            unanswered=draft.unanswered,
            read_next=_read_next(state, draft.chosen, [c.resource.id for c in citations]),
        )

    def _declined(self, state: _State, base: Answer, evidence: Evidence) -> Answer:
        nearest = _nearest(state, evidence)
        if evidence.unseen and not evidence.mentions:
            reason = f"Nothing in our notes on the reading list speaks of “{evidence.unseen[0]}”"
        elif evidence.unseen:
            reason = f"Our notes cover {state.search.names.shown(evidence.mentions[0].concept)}, but nothing on “{evidence.unseen[0]}”"
        else:
            reason = "Our notes on the reading list do not answer this"
        reason += "; the list ends in spring 2018."
        where = ""
        if nearest:
            places = "; ".join(f"{state.catalogue.by_id[p.id].short}: {p.reason}" for p in nearest)
            where = f" The nearest there is: {places}."
        return replace(
            base, reason=reason, notice="No answer from the reading list.", text=reason + where, nearest=nearest
        )


def turns(history: Sequence[Any]) -> list[Turn]:
    """The person's earlier questions, from Answers, strings or chat messages."""
    found = []
    for item in history:
        if isinstance(item, Answer):
            found.append(Turn(item.standalone_question))
        elif isinstance(item, str):
            found.append(Turn(item))
        elif isinstance(item, Mapping):
            if item.get("role") == "user" and isinstance(item.get("content"), str):
                found.append(Turn(item["content"]))
        else:
            raise QuestionError(f"history holds answers, strings or messages, not {type(item).__name__}")
    return found


def _known(resources: Sequence[str] | None, catalogue: Catalogue) -> frozenset[str] | None:
    if resources is None:
        return None
    if unknown := [r for r in resources if r not in catalogue.by_id]:
        raise QuestionError(f"no resource {unknown[0]!r} in the list", todo="See: underhood readings")
    return frozenset(resources)


def _signals(state: _State, evidence: Evidence, part: PartEvidence, found: ClaimFound) -> Signals:
    covered, unseen = state.search.coverage(part.part.text, found.claim)
    rival = next((f.score for f in part.claims if f.claim.note != found.claim.note), part.claims[-1].score)
    return Signals(
        question_cosine=found.features.question_cosine,
        claim_cosine=found.features.claim_cosine,
        lead=min(found.score - rival, 3.0),
        spread=evidence.spread,
        top_mean=evidence.top_mean,
        coverage=covered,
        unseen=unseen,
        named=found.features.named,
        words=found.features.words,
    )


def _pieces(answer: Answer) -> Iterator[str | Answer]:
    """An answer's text, paragraph by paragraph, and the answer."""
    paragraphs = answer.text.split("\n\n")
    for n, paragraph in enumerate(paragraphs):
        yield paragraph if n == len(paragraphs) - 1 else f"{paragraph}\n\n"
    yield answer


def _for_model(draft: Draft, evidence: Evidence) -> list[Claim]:
    """The claims a model may use: those the extractive writer chose, then the best of each part in turn."""
    claims = {c.found.claim.id: c.found.claim for c in draft.chosen}
    for rank in range(5):
        for part in evidence.parts:
            if rank < len(part.claims):
                claims.setdefault(part.claims[rank].claim.id, part.claims[rank].claim)
    return list(claims.values())[: model_writer.MAX_EVIDENCE]


def _evidence_text(state: _State, claim: Claim) -> str:
    return f"({state.index.note_of[claim.note].name}) {claim.text}"


def _reason(draft: Draft, sure: bool) -> str:
    if draft.window:
        return "Our notes are silent; a reading speaks of it"
    if draft.unanswered:
        return f"Not answered: {'; '.join(draft.unanswered)}"
    return "" if sure else "The nearest our notes have; it may not be quite what was asked"


def _nearest(state: _State, evidence: Evidence) -> tuple[Pointer, ...]:
    found: dict[str, str] = {}
    for part in evidence.parts:
        for claim in part.claims[:8]:
            if claim.features.question_cosine < 0.35:
                break
            note = state.index.note_of[claim.claim.note]
            for cited in claim.claim.citations:
                if cited.resource in state.catalogue.by_id:
                    found.setdefault(
                        cited.resource,
                        f"on {note.name}" if note.concept else f"our note on it, “{claim.claim.heading}”",
                    )
    return tuple(Pointer(r, why) for r, why in list(found.items())[:3])


def _read_next(state: _State, chosen: Sequence[Chosen], cited: Sequence[str]) -> tuple[Pointer, ...]:
    """Up to three resources, from the reading paths of the chosen claims' concepts."""
    found: dict[str, str] = {}
    for choice in chosen:
        for resource, why in state.index.note_of[choice.found.claim.note].read_next:
            if resource in state.catalogue.by_id:
                found.setdefault(resource, why)
    return tuple(Pointer(r, why) for r, why in list(found.items())[:3])
