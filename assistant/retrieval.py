"""A question to its evidence: claims for each of its parts, passages of readings for the whole.

Claims are found by their own questions above all. Candidates come by vectors and by BM25; their signals are
computed exactly and weighed by ranking.py.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assistant import fusion
from assistant.confidence import coverage
from assistant.intent import intent
from assistant.naming import Mention
from assistant.questions import Part, Question, analyse
from assistant.ranking import Features, ranking
from assistant.vocabulary import Vocabulary
from ingest.embedding import Embedder, Vectors
from ingest.index.reading import Index
from ingest.index.store import StoredPassage
from ingest.index.words import tokens
from ingest.notes import Claim
from ingest.wording import norms

CANDIDATE_ROWS, CANDIDATE_WORDS, KEPT = 160, 30, 15
#: So many passages of one resource at most, so that a long book does not crowd out the rest.
OF_ONE_RESOURCE = 3
#: The least log-probability of a kind that counts, so that a rare form of question rules nothing out.
KIND_FLOOR = -5.0
#: A question that is word for word, or nearly, one of a claim's own is not cut into parts.
WHOLE = 0.93
#: … and has more than this share of its words.
MOST_WORDS = 0.8
#: Questions whose claims are scored at the same time: more threads only take the interpreter from each other.
_AT_ONCE = 2


@dataclass(frozen=True)
class ClaimFound:
    """A claim found for a part, with its score (log-odds against its rivals) and what that is made of."""

    claim: Claim
    score: float
    features: Features


@dataclass(frozen=True)
class PassageFound:
    """A passage found for the question; ``best`` is the position of its best sentence, with that one's cosine."""

    passage: StoredPassage
    score: float
    cosine: float
    best: int
    best_cosine: float


@dataclass(frozen=True)
class PartEvidence:
    """What was found for one part, best first."""

    part: Part
    claims: tuple[ClaimFound, ...]


@dataclass(frozen=True)
class Evidence:
    """The claims found for a question, and how the question lies in the space of all claims.

    ``spread`` is the standard deviation of the cosines over all claims, ``top_mean`` the mean of the ten
    highest; ``unseen`` holds content words that no claim has, ``mentions`` the concepts that are named.
    """

    question: Question
    parts: tuple[PartEvidence, ...]
    mentions: tuple[Mention, ...]
    unseen: tuple[str, ...]
    spread: float
    top_mean: float
    vectors: Mapping[str, Vectors] = field(repr=False, default_factory=dict)
    resources: frozenset[str] | None = None


@dataclass(frozen=True)
class _Asked:
    """What is asked in a part, once for all its candidates; ``rarity`` of the stems, and which of them any claim has."""

    stems: frozenset[str]
    rarity: Mapping[str, float]
    known: frozenset[str]
    typed: frozenset[str]
    kinds: Mapping[str, float]


class Search:
    """Finds evidence in one index."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self.index, self._embedder = index, embedder
        self.words = Vocabulary(index, lambda word: embedder.count([word]) == [1])
        self.names = self.words.names
        self._ranking, self._intent = ranking(), intent()
        self._held: dict[str, frozenset[str]] = {}
        self._question_stems: dict[str, frozenset[str]] = {}
        offsets = np.zeros(len(index.claims) + 1, np.int64)
        np.add.at(offsets, index.question_owner + 1, 1)
        self._offsets = np.cumsum(offsets)
        self._turn = threading.Semaphore(_AT_ONCE)

    def find(self, question: Question, *, resources: frozenset[str] | None = None) -> Evidence:
        """The claims for a question; ``resources`` narrows them to those that cite one of these."""
        variants = [self.words.variants(p.text) for p in question.parts]
        unique = list(dict.fromkeys([question.text, *(v for found in variants for v in found)]))
        vectors = dict(zip(unique, self._embedder.encode(unique), strict=True))
        with self._turn:
            return self._found(question, variants, vectors, resources)

    def _found(
        self,
        question: Question,
        variants: Sequence[Sequence[str]],
        vectors: Mapping[str, Vectors],
        resources: frozenset[str] | None,
    ) -> Evidence:
        """What ``find`` finds; ``variants`` of each part, with the ``vectors`` of all."""
        whole = vectors[question.text]
        cosines = self.index.claim_vectors @ whole if len(self.index.claims) else np.zeros(1, np.float32)
        top = np.partition(cosines, -min(10, len(cosines)))[-min(10, len(cosines)) :]
        near = dict(
            zip(vectors, self.index.nearest_claims(np.stack(list(vectors.values())), CANDIDATE_ROWS), strict=True)
        )
        parts = tuple(
            PartEvidence(
                part,
                self._score(
                    part, np.stack([vectors[v] for v in texts]), np.concatenate([near[v] for v in texts]), resources
                ),
            )
            for part, texts in zip(question.parts, variants, strict=True)
        )
        if len(parts) > 1 and all(p.part.text != question.text for p in parts):
            parts = self._uncut(question, whole, near[question.text], resources) or parts
        return Evidence(
            question=question,
            parts=parts,
            mentions=tuple(self.names.mentions(question.text)),
            unseen=self.words.unseen(question.text),
            spread=float(cosines.std()),
            top_mean=float(top.mean()),
            vectors=vectors,
            resources=resources,
        )

    # Claims

    def _uncut(
        self, question: Question, vector: Vectors, near: NDArray[np.int64], resources: frozenset[str] | None
    ) -> tuple[PartEvidence, ...]:
        """The question as one part, where a claim carries just this question, half of it left out by none; else nothing."""
        carried_at = [cosine for _, cosines, _ in self._cosines(near.tolist(), vector[None, :]) for cosine in cosines]
        if max(carried_at, default=-1.0) < WHOLE:
            return ()
        part = Part(question.text)
        claims = self._score(part, vector[None, :], near, resources)
        asked = frozenset(tokens(question.text))
        carried = [
            q
            for found in claims[:1]
            for q in found.claim.questions
            if len(asked & self._stems(q)) > MOST_WORDS * len(asked)
        ]
        whole = any(len(analyse(q, self.names).parts) >= len(question.parts) for q in carried)
        return (PartEvidence(part, claims),) if whole else ()

    def _score(
        self, part: Part, vectors: Vectors, near: NDArray[np.int64], resources: frozenset[str] | None
    ) -> tuple[ClaimFound, ...]:
        index = self.index
        if not index.claims:
            return ()
        expanded = self.words.expanded(part.text)
        words = index.claim_words.scores(expanded)
        near = np.union1d(near, [i for i in fusion.first(words, CANDIDATE_WORDS) if words[i] > 0]).astype(np.int64)
        allowed = [int(i) for i in near if resources is None or _cites(index.claims[i], resources)]
        asked = self._asked(part.text, expanded)
        share = words[allowed] / max(float(words.max()), 1e-9)
        scored = []
        for i, cosines, by_words in zip(allowed, self._cosines(allowed, vectors), share.tolist(), strict=True):
            features = self._features(i, asked, *cosines, by_words)
            scored.append(ClaimFound(index.claims[i], self._ranking.score(features), features))
        scored.sort(key=lambda f: -f.score)
        return tuple(scored[:KEPT])

    def _asked(self, text: str, expanded: str) -> _Asked:
        words, stems = self.index.claim_words, frozenset(tokens(expanded))
        return _Asked(
            stems=stems,
            typed=frozenset(tokens(text)),
            rarity={s: words.rarity(s) for s in stems},
            known=frozenset(filter(words.knows, stems)),
            kinds=self._intent.log_probabilities(text, self.names),
        )

    def _cosines(self, claims: Sequence[int], vectors: Vectors) -> Iterator[tuple[float, list[float], float]]:
        """For each claim the best cosine of any of ``vectors`` to it, and to each of its questions, and of the first to any."""
        first, last = self._offsets[claims], self._offsets[[i + 1 for i in claims]]
        rows = [r for a, b in zip(first, last, strict=True) for r in range(a, b)]
        to_questions = self.index.question_vectors[rows] @ vectors.T
        best, typed = to_questions.max(1).tolist(), to_questions[:, 0].tolist()
        done = 0
        own = (self.index.claim_vectors[claims] @ vectors.T).max(1).tolist()
        for cosine, count in zip(own, (last - first).tolist(), strict=True):
            yield cosine, best[done : done + count], max(typed[done : done + count], default=cosine)
            done += count

    def _features(
        self, i: int, asked: _Asked, own: float, questions: list[float], typed: float, words: float
    ) -> Features:
        """``own``: the best cosine to the claim; ``questions``: to each of its questions; ``typed``: of the part as typed
        to any of them; ``words``: its share of the best."""
        claim = self.index.claims[i]
        cosines = sorted(questions, reverse=True) or [own]
        best = self._stems(claim.questions[questions.index(cosines[0])]) if questions else frozenset[str]()
        covered, _ = coverage(list(asked.stems), self.held(claim), asked.rarity.__getitem__, asked.known.__contains__)
        return Features(
            claim_cosine=own,
            question_cosine=cosines[0],
            typed_cosine=typed,
            second_cosine=cosines[1] if len(cosines) > 1 else own,
            words=words,
            kind=max(asked.kinds.get(claim.kind, KIND_FLOOR), KIND_FLOOR),
            shared=max(_overlap(asked.stems, best), _overlap(asked.typed, best)),
            covered=covered,
        )

    def coverage(self, text: str, claim: Claim) -> tuple[float, float]:
        """The share of a text's content words that a claim covers, and the share that no claim has."""
        words = self.index.claim_words
        return coverage(
            list(dict.fromkeys(tokens(self.words.expanded(text)))), self.held(claim), words.rarity, words.knows
        )

    def held(self, claim: Claim) -> frozenset[str]:
        """The stems of a claim, its questions and the names of its concepts."""
        if (found := self._held.get(claim.id)) is None:
            note = self.index.note_of[claim.note]
            texts = [note.name, *note.aliases, *(a.replace("-", " ") for a in claim.also), claim.text, *claim.questions]
            found = self._held[claim.id] = frozenset(tokens(" ".join(texts)))
        return found

    def _stems(self, question: str) -> frozenset[str]:
        if (found := self._question_stems.get(question)) is None:
            found = self._question_stems[question] = frozenset(tokens(question))
        return found

    # Passages

    def passages(self, evidence: Evidence) -> tuple[PassageFound, ...]:
        """The passages of readings for a question as a whole, best first; sought only where the claims are silent.

        At most ``OF_ONE_RESOURCE`` of each resource, but where the question is narrowed to some.
        """
        text, resources = evidence.question.text, evidence.resources
        vector = evidence.vectors[text]
        ranked = self.rank_passages(text, vector)
        if not ranked:
            return ()
        stored = {p.id: p for p in self.index.passages([i for i, _, _ in ranked])}
        found: list[PassageFound] = []
        seen: set[tuple[str, ...]] = set()
        taken: Counter[str] = Counter()
        for i, score, cosine in ranked:
            passage = stored.get(i)
            if passage is None:
                continue
            resource = passage.document.split("/")[0]
            if taken[resource] == OF_ONE_RESOURCE if resources is None else resource not in resources:
                continue
            sentences = self.index.sentence_vectors(i) @ vector
            best = int(sentences.argmax()) if len(sentences) else 0
            words = self._words(passage, best)
            if words in seen:  # the same work as PDF and as page: its sentence is found once
                continue
            seen.add(words)
            taken[resource] += 1
            found.append(PassageFound(passage, score, cosine, best, float(sentences[best]) if len(sentences) else 0.0))
            if len(found) == KEPT:
                break
        return tuple(found)

    def _words(self, passage: StoredPassage, sentence: int) -> tuple[str, ...]:
        """A passage's resource and the normalised words of one of its sentences."""
        span = (passage.passage.sentences or (passage.passage,))[sentence]
        text = self.index.store.text(passage.document, span.start, span.end)
        return (passage.document.split("/")[0], *norms(text))

    def rank_passages(self, text: str, vector: Vectors, count: int = fusion.DEPTH) -> list[tuple[str, float, float]]:
        """Passages by fused score, best first: (id, score, cosine). Both legs bring ``count``, all are scored exactly."""
        (near,) = self.index.nearest("passages", vector[None, :], count)
        words, ids = self.index.passage_words.scores(text), self.index.passage_words.ids
        cosines = dict(near)
        found = [ids[i] for i in fusion.first(words, count) if words[i] > 0 and ids[i] not in cosines]
        cosines |= {i: float(v @ vector) for i, v in self.index.passage_vectors(found).items()}
        candidates = list(cosines)
        dense = np.array(list(cosines.values()))
        sentences = [self.index.sentence_vectors(i) @ vector for i in candidates]
        best = np.array([found.max(initial=-1.0) for found in sentences], np.float64)
        matched = words[[self.index.passage_position[i] for i in candidates]].astype(np.float64)
        fused = fusion.fuse(dense, best, matched, sum(map(len, sentences)) / max(1, len(candidates)))
        return [(candidates[n], float(fused[n]), float(dense[n])) for n in fusion.first(fused, len(fused))]


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """The Jaccard index of two sets."""
    return len(a & b) / max(1, len(a | b))


def _cites(claim: Claim, resources: frozenset[str]) -> bool:
    return any(c.resource in resources for c in claim.citations)
