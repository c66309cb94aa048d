"""The Python API: ``Assistant.open().ask("...")``.

An assistant holds one generation of the index open and moves on when another is published. It is safe to ask
from many threads.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from assistant import conversation, grounding, models
from assistant.answers import Answer, Citation
from assistant.composing import Composer, instead, pieces
from assistant.confidence import Calibration, Signals, calibration
from assistant.conversation import Turn
from assistant.grounding import Grounder
from assistant.models import ChatModel, LangChainModel
from assistant.naming import Names
from assistant.questions import Part, Question, analyse, clean
from assistant.retrieval import ClaimFound, Evidence, PartEvidence, Search
from assistant.talk import asked_alone
from assistant.vocabulary import Vocabulary
from assistant.writers import model as model_writer
from assistant.writers.extractive import Draft
from assistant.writers.model import ModelAnswer
from assistant.writers.rewriting import rewritten
from ingest.added import reading_list
from ingest.catalogue import Catalogue
from ingest.embedding import Embedder, GatheringEmbedder, SentenceTransformerEmbedder
from ingest.errors import CatalogueError, IndexBroken, ModelError, QuestionError
from ingest.index.generation import current
from ingest.index.reading import Index
from ingest.pipeline import wanted_stamp
from ingest.settings import Settings


@dataclass(frozen=True)
class _State:
    """One open generation with all that is built on it."""

    index: Index
    catalogue: Catalogue
    search: Search
    grounder: Grounder
    composer: Composer


class Assistant:
    """Answers questions from the published index.

    Open one with ``Assistant.open()``; it may be shared between threads.
    """

    def __init__(
        self, settings: Settings, embedder: Embedder, *, calibration: Calibration, model: ChatModel | None = None
    ) -> None:
        self.settings, self._calibration, self._given_model = settings, calibration, model
        self._embedder = GatheringEmbedder(embedder)
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

    def batch(self, questions: Sequence[str], *, workers: int = 8) -> list[Answer]:
        """The answers to many independent questions, in their order; ``workers`` of them at once, embedded together."""
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self.ask, questions))

    def stream(
        self, question: str, history: Sequence[Any] = (), *, resources: Sequence[str] | None = None
    ) -> Generator[str | Answer, None, None]:
        """Pieces of the answer's text as they come, and last the Answer itself.

        The pieces joined are its text, unless a chat model failed midway: then the Answer holds the one composed
        from our notes, with a warning that says so.
        """
        started = time.perf_counter()
        text = clean(question)
        state, standalone, evidence, draft = self._found(text, turns(history), resources)
        found = time.perf_counter()
        for piece in self._write(state, text, standalone, evidence, draft):
            if isinstance(piece, Answer):
                done = time.perf_counter()
                timings = {"retrieval": found - started, "writing": done - found, "total": done - started}
                yield replace(piece, timings_ms={k: round(1000 * v, 2) for k, v in timings.items()})
            else:
                yield piece

    async def astream(
        self, question: str, history: Sequence[Any] = (), *, resources: Sequence[str] | None = None
    ) -> AsyncGenerator[str | Answer, None]:
        """``stream``, without blocking the event loop."""
        pieces = self.stream(question, history, resources=resources)
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        finally:  # whoever listened is gone: what a chat model still writes is not wanted
            await asyncio.to_thread(pieces.close)

    # What it knows

    @property
    def catalogue(self) -> Catalogue:
        """The reading list."""
        return self._fresh().catalogue

    @property
    def index(self) -> Index:
        """The open generation."""
        return self._fresh().index

    @property
    def names(self) -> Names:
        """The names of all concepts."""
        return self._state.search.names

    @property
    def vocabulary(self) -> Vocabulary:
        """The words and names of the notes."""
        return self._state.search.words

    def evidence(self, question: str, *, resources: Sequence[str] | None = None) -> Evidence:
        """What is found for a question, without an answer."""
        state = self._fresh()
        text = state.search.words.mended(clean(question))
        return state.search.find(analyse(text, state.search.names), resources=_known(resources, state.catalogue))

    def search(
        self, question: str, count: int = 5, *, resources: Sequence[str] | None = None
    ) -> list[tuple[ClaimFound, list[Citation]]]:
        """The best claims for a question as a whole, each with its citations; no answer is composed."""
        state = self._fresh()
        text = clean(question)
        evidence = state.search.find(Question(text, (Part(text),)), resources=_known(resources, state.catalogue))
        return [(f, state.grounder.of_claim(f.claim)) for f in evidence.parts[0].claims[:count]]

    def signals(self, evidence: Evidence, part: PartEvidence, found: ClaimFound) -> Signals:
        """What the confidence in a claim for a part rests on."""
        return self._state.composer.signals(evidence, part, found)

    # Inside

    def _open(self, *, any_corpus: bool = False) -> _State:
        index = Index.open(self.settings.index, self._stamp, self.settings.chroma_url, any_corpus=any_corpus)
        catalogue = reading_list(self.settings)
        search, grounder = Search(index, self._embedder), Grounder(index, catalogue)
        return _State(index, catalogue, search, grounder, Composer(search, grounder, catalogue, self._calibration))

    def _found(
        self, text: str, history: Sequence[Turn], resources: Sequence[str] | None
    ) -> tuple[_State, str, Evidence, Draft]:
        """What is found and to be said; sought again where the generation was cleaned away meanwhile. Raises as ``ask``."""
        while True:
            state = self._fresh()
            try:
                standalone = state.search.words.mended(self._standalone(text, history, state.search.names))
                wanted = _known(resources, state.catalogue)
                evidence, draft = self._drafted(state, standalone, wanted)
                alone = asked_alone(standalone)
                if alone != standalone and draft.probability < self._calibration.answered and not draft.paths:
                    # the case that was told before may only have hidden what is asked
                    again, other = self._drafted(state, alone, wanted)
                    if other.chosen and other.probability > draft.probability:
                        evidence, draft = again, other
                return state, standalone, evidence, draft
            except IndexBroken:
                if self._fresh() is state:
                    raise

    def _drafted(self, state: _State, text: str, resources: frozenset[str] | None) -> tuple[Evidence, Draft]:
        evidence = state.search.find(analyse(text, state.search.names), resources=resources)
        return evidence, state.composer.draft(evidence)

    def _fresh(self) -> _State:
        """The state of the published generation, reopened when ``CURRENT`` has moved.

        Its notes may be others than those in the corpus now: somebody edits them, and the next ingest follows. While
        they are in the middle of it and the catalogue makes no sense, the state stays as it was.
        """
        while (published := current(self.settings.index)) not in (None, self._state.index.folder):
            with self._lock:
                if published == self._state.index.folder:
                    continue
                try:
                    self._state = self._open(any_corpus=True)
                except IndexBroken:  # swept while it was opened, where another has been published since
                    if current(self.settings.index) == published:
                        raise
                except CatalogueError:
                    break
        return self._state

    @cached_property
    def model(self) -> ChatModel | None:
        """The chat model that ``UNDERHOOD_MODEL`` names, or None."""
        return LangChainModel(self.settings.model) if self.settings.model else self._given_model

    @property
    def sending(self) -> str | None:
        """What a person is told before the first question: what goes to a model elsewhere, and where. None where nothing does."""
        try:
            return models.told_before(self.model) if self.model else None
        except ModelError:  # each answer says so
            return None

    def _standalone(self, text: str, history: Sequence[Turn], names: Names) -> str:
        """A follow-up as a question that makes sense alone: by the model where there is one, else by rules."""
        by_rules = conversation.standalone(text, history, names)
        try:
            return rewritten(self.model, text, history, by_rules, names) if history and self.model else by_rules
        except ModelError:  # the answer will say why the model is not there
            return by_rules

    def _write(
        self, state: _State, asked: str, standalone: str, evidence: Evidence, draft: Draft
    ) -> Iterator[str | Answer]:
        composer = state.composer
        base = composer.base(asked, standalone, draft, evidence)
        if draft.chosen and (self.settings.model or self._given_model):
            yield from self._with_model(composer, base, draft, evidence)
        elif draft.chosen or draft.window or draft.paths:
            yield from pieces(composer.answered(base, draft, evidence))
        else:
            yield from pieces(composer.declined(base, evidence))

    def _with_model(self, composer: Composer, base: Answer, draft: Draft, evidence: Evidence) -> Iterator[str | Answer]:
        """The model's answer sentence by sentence; the extractive one, marked so, where the model fails."""
        extractive = composer.answered(base, draft, evidence)
        written = ModelAnswer(composer.for_model(draft, evidence))
        try:
            model = self.model
            assert model is not None  # the caller looked
            yield from model_writer.write(model, base.standalone_question, written)
        except ModelError as error:
            written.nothing = f"{str(error).rstrip('.')}."
        if written.nothing:
            if written.statements:
                yield "\n\n"  # what was shown so far stands apart from what takes its place
            yield from pieces(instead(extractive, written.nothing))
            return
        name = self.model.name if self.model else ""
        if not written.statements:
            yield from pieces(composer.unsupported(extractive, evidence, written, name))
            return
        yield replace(
            extractive,
            writer=name,
            statements=tuple(written.statements),
            citations=tuple(written.citations),
            notice=grounding.notice(written.statements, written.citations),
            text=written.text,
            warnings=written.warnings(),
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
