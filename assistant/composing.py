"""Drafts to answers: what is said, what is left open, what to read instead.

One composer belongs to one open generation. It decides nothing about claims (ranking.py, confidence.py) and
checks nothing (grounding.py); it puts their results into words.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from assistant import grounding
from assistant.answers import Answer, Citation, Considered, Outcome, Pointer
from assistant.confidence import Calibration, Signals
from assistant.grounding import Grounder
from assistant.retrieval import WHOLE, ClaimFound, Evidence, PartEvidence, Search
from assistant.writers import windows
from assistant.writers.extractive import Chosen, Draft, compose
from assistant.writers.model import Material, ModelAnswer
from assistant.writers.windows import Found
from ingest.catalogue import Catalogue
from ingest.notes import Claim, ClaimCitation, Note

#: Claims less like the question than this are not even near it.
NEAR = 0.35
_TEXT = (
    r"(?:readings?|resources?|papers?|books?|lectures?|courses?|texts?|chapters?|posts?|articles?|sources?|tutorials?)"
)
_TO_READ = re.compile(
    rf"\b(?:which|what)\s+(?:\w+\s+){{0,2}}{_TEXT}\b.*\b(?:explains?|covers?|introduces?|treats?|teach(?:es)?|discuss(?:es)?|describes?|about|on|for)\b"
    r"|\bwhere\s+(?:is|are|can|could|do|does|should)\b.*\b(?:explained|covered|described|discussed|taught|introduced|read|learn|study|find\s+(?:out\s+)?more)\b"
    r"|\bwhat\s+(?:should|can|could|do|shall)\s+(?:i|we|one)\s+(?:read|study|watch)\b|\bwhat\s+to\s+read\b|\bwhere\s+to\s+(?:read|learn|start)\b"
    rf"|\b(?:good|best)\s+(?:{_TEXT}|introduction)\s+(?:to|on|for|about)\b|\breading\s+(?:list|path)\s+(?:for|on)\b",
    re.I,
)


class Composer:
    """Makes answers from evidence."""

    def __init__(self, search: Search, grounder: Grounder, catalogue: Catalogue, calibration: Calibration) -> None:
        self._search, self._grounder, self._catalogue, self._calibration = search, grounder, catalogue, calibration
        self._index = search.index

    def signals(self, evidence: Evidence, part: PartEvidence, found: ClaimFound) -> Signals:
        """What the confidence in a claim for a part rests on."""
        covered, unseen = self._search.coverage(part.part.text, found.claim)
        rival = next((f.score for f in part.claims if f.claim.note != found.claim.note), part.claims[-1].score)
        return Signals(
            question_cosine=found.features.question_cosine,
            typed_cosine=found.features.typed_cosine,
            claim_cosine=found.features.claim_cosine,
            lead=min(found.score - rival, 3.0),
            spread=evidence.spread,
            top_mean=evidence.top_mean,
            coverage=covered,
            unseen=unseen,
        )

    def _trust(self, evidence: Evidence, part: PartEvidence, found: ClaimFound) -> float:
        """The probability that a claim answers a part; none where it has a strange name and no claim carries just that."""
        if found.features.question_cosine < WHOLE and self._search.words.strange(part.part.text):
            return 0.0
        return self._calibration.probability(self.signals(evidence, part, found))

    def draft(self, evidence: Evidence) -> Draft:
        """What to say: claims where they answer, else a stretch of a reading, else nothing."""
        paths = {p.part: note for p in evidence.parts if (note := self._path(evidence, p))}
        draft = compose(
            replace(evidence, parts=tuple(p for p in evidence.parts if p.part not in paths)),
            lambda part, found: self._trust(evidence, part, found),
            self._calibration,
        )
        if paths:
            probability = draft.probability if draft.chosen else self._calibration.answered
            return replace(draft, paths=tuple(dict.fromkeys(paths.values())), probability=probability)
        if not draft.chosen:
            return replace(draft, window=self._window(evidence, windows.COVERED))
        if self._is_near_only(draft) and (found := self._window(evidence, windows.INSTEAD)):
            return replace(draft, chosen=(), window=found)
        return draft

    def _is_near_only(self, draft: Draft) -> bool:
        """Whether the notes are silent on what is asked: the one claim is not sure to answer, and lacks words of the question."""
        one = draft.chosen[0]
        if len(draft.chosen) > 1 or draft.unanswered or one.probability >= self._calibration.answered:
            return False
        return self._search.coverage(one.part.text, one.found.claim)[0] < windows.COVERED

    def _window(self, evidence: Evidence, least: float) -> Found | None:
        """A stretch of a reading that speaks of the question as a whole."""
        text = self._index.store.text
        return windows.window(
            self._search.passages(evidence),
            self._search.words.expanded(evidence.question.text),
            self._index.passage_words.rarity,
            lambda p, a, b: text(p.passage.document, a, b),
            least,
        )

    def base(self, asked: str, standalone: str, draft: Draft, evidence: Evidence) -> Answer:
        """What every outcome has in common."""
        return Answer(
            question=asked,
            standalone_question=standalone,
            outcome="declined",
            reason="",
            confidence=round(draft.probability, 4),
            notice="",
            text="",
            considered=tuple(
                Considered(f.claim.id, round(f.score, 4), f.claim.text) for f in evidence.parts[0].claims[:5]
            ),
        )

    def answered(self, base: Answer, draft: Draft, evidence: Evidence) -> Answer:
        """The answer that a draft makes."""
        drafts: list[tuple[str, Sequence[Citation], str | None]] = [
            (c.found.claim.text, self._grounder.of_claim(c.found.claim), c.part.text) for c in draft.chosen
        ]
        if draft.window:
            found, start, end = draft.window
            text = " ".join(self._index.store.text(found.passage.document, start, end).split())
            drafts = [(f"“{text}”", [self._grounder.of_passage(found, start, end)], None)]
        drafts += [self._reading(note) for note in draft.paths]
        statements, citations = grounding.numbered(drafts)
        sure = all(c.probability >= self._calibration.answered for c in draft.chosen if not c.beside)
        outcome: Outcome = "answered" if sure and not draft.unanswered and not draft.window else "partly"
        return replace(
            base,
            outcome=outcome,
            reason=_reason(draft, sure),
            notice=grounding.notice(statements, citations) + self._in_other_words(draft, evidence),
            text="\n\n".join(s.marked for s in statements),
            statements=statements,
            citations=citations,
            unanswered=draft.unanswered,
            read_next=() if draft.paths else self._read_next(draft.chosen, evidence),
        )

    def declined(self, base: Answer, evidence: Evidence) -> Answer:
        """The answer that there is none: why, and what is nearest."""
        nearest = self._nearest(evidence)
        if evidence.unseen and not evidence.mentions:
            reason = f"Nothing in our notes on the reading list speaks of “{evidence.unseen[0]}”"
        elif evidence.unseen:
            name = self._search.names.shown(evidence.mentions[0].concept)
            reason = f"Our notes cover {name}, but nothing on “{evidence.unseen[0]}”"
        else:
            reason = "Our notes on the reading list do not answer this"
        reason += f"; the list ends in {ends}." if (ends := self._catalogue.ends) else "."
        places = "; ".join(f"{self._catalogue.by_id[p.id].short}: {p.reason}" for p in nearest)
        where = f" The nearest there is: {places}." if nearest else ""
        return replace(
            base, reason=reason, notice="No answer from the reading list.", text=reason + where, nearest=nearest
        )

    def _path(self, evidence: Evidence, part: PartEvidence) -> Note | None:
        """The note whose reading path a part asks for, where no claim answers just that."""
        named = self._search.names.mentions(part.part.text)
        if not asks_to_read(part.part.text) or not named:
            return None
        sure = (f for f in part.claims[:1] if self._trust(evidence, part, f) >= self._calibration.answered)
        carried = (q for found in sure for q in found.claim.questions if asks_to_read(q))
        if {m.concept for q in carried for m in self._search.names.mentions(q)} & {m.concept for m in named}:
            return None
        concept = max(named, key=lambda m: len(m.name)).concept
        return next((n for n in self._index.notes if n.concept == concept and self._known(n)), None)

    def _known(self, note: Note) -> list[tuple[str, str]]:
        return [(r, why) for r, why in note.read_next if r in self._catalogue.by_id]

    def _reading(self, note: Note) -> tuple[str, Sequence[Citation], None]:
        """A concept's reading path as a statement that cites its resources."""
        steps = self._known(note)
        said = [f"{self._catalogue.by_id[r].short} ({why})" for r, why in steps]
        text = f"On {note.name}, read first {'; then '.join(said)}."
        cited = tuple(ClaimCitation(r) for r, _ in steps)
        claim = Claim("", text, "choice", (), cited, note.key, "", 0)
        return text, [replace(c, claim=None) for c in self._grounder.of_claim(claim)], None

    def _in_other_words(self, draft: Draft, evidence: Evidence) -> str:
        """Which word of the answer stands for which of the question: "cost function" for "loss function"."""
        found = self._search.words.synonyms(evidence.question.text, [c.found.claim for c in draft.chosen])
        return "".join(f" Our notes call “{alias}” “{name}”." for alias, name in found.items())

    def for_model(self, draft: Draft, evidence: Evidence) -> list[Material]:
        """What a chat model may use: the chosen claims, then the best of each part in turn."""
        claims = {c.found.claim.id: c.found.claim for c in draft.chosen}
        for rank in range(5):
            for part in evidence.parts:
                if rank < len(part.claims):
                    claims.setdefault(part.claims[rank].claim.id, part.claims[rank].claim)
        return [Material(c.text, tuple(self._grounder.of_claim(c))) for c in claims.values()]

    def unsupported(self, extractive: Answer, evidence: Evidence, written: ModelAnswer, name: str) -> Answer:
        """The answer that a model's reply came to nothing: no sentence of it was left."""
        reason = "No sentence of the model's reply rested on the evidence, so nothing of it is shown"
        text = f"{reason}. Without UNDERHOOD_MODEL the answer is composed from our notes."
        return replace(
            extractive,
            outcome="declined",
            reason=reason,
            notice="No answer that the evidence supports.",
            text=text,
            statements=(),
            citations=(),
            unanswered=(),
            nearest=self._nearest(evidence),
            read_next=(),
            writer=name,
            warnings=written.warnings(),
        )

    def _nearest(self, evidence: Evidence) -> tuple[Pointer, ...]:
        found: dict[str, str] = {}
        for part in evidence.parts:
            for claim in part.claims[:8]:
                if claim.features.question_cosine < NEAR:
                    continue
                note = self._index.note_of[claim.claim.note]
                why = f"on {note.name}" if note.concept else f"our note on it, “{claim.claim.heading}”"
                for cited in claim.claim.citations:
                    if cited.resource in self._catalogue.by_id:
                        found.setdefault(cited.resource, why)
        return tuple(Pointer(r, why) for r, why in list(found.items())[:3])

    def _read_next(self, chosen: Sequence[Chosen], evidence: Evidence) -> tuple[Pointer, ...]:
        """Up to three resources from the reading paths of what the answer is about, the first of each path first."""
        notes = [self._index.note_of[c.found.claim.note] for c in chosen]
        if not notes:
            by_concept = {n.concept: n for n in self._index.notes}
            notes = [by_concept[m.concept] for m in evidence.mentions]
        paths = {n.name: n.read_next for n in notes if n.read_next}
        return reading_next(paths, self._catalogue.by_id)


def asks_to_read(text: str) -> bool:
    """Whether a question asks where something is explained, not what it is."""
    return bool(_TO_READ.search(text))


def reading_next(paths: Mapping[str, Sequence[tuple[str, str]]], known: Container[str]) -> tuple[Pointer, ...]:
    """The first three resources of reading paths, taking turns; of several paths each reason names its own.

    ``paths``: for the name of each concept its resources, each with a reason.
    """
    found: dict[str, str] = {}
    for step in zip_longest(*([(name, *s) for s in path] for name, path in paths.items())):
        for name, resource, why in filter(None, step):
            if resource in known:
                found.setdefault(resource, why if len(paths) == 1 else f"on {name}: {why}")
    return tuple(Pointer(r, why) for r, why in list(found.items())[:3])


def pieces(answer: Answer) -> Iterator[str | Answer]:
    """An answer's text, paragraph by paragraph, and the answer."""
    paragraphs = answer.text.split("\n\n")
    for n, paragraph in enumerate(paragraphs):
        yield paragraph if n == len(paragraphs) - 1 else f"{paragraph}\n\n"
    yield answer


def instead(extractive: Answer, why: str) -> Answer:
    """The answer from our notes in place of a model's, saying why."""
    return replace(extractive, warnings=(f"{why} The answer below is composed from our notes instead.",))


def _reason(draft: Draft, sure: bool) -> str:
    if draft.window:
        return "Our notes are silent; a reading speaks of it"
    if draft.unanswered:
        return f"Not answered: {'; '.join(draft.unanswered)}"
    return "" if sure else "The nearest our notes have; it may not be quite what was asked"
