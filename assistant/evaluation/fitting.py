"""Making the fitted files again: the kinds that questions ask for, the ranking, the confidence.

Each takes minutes at most and says in its file on what data it was made, by scikit-learn, which sentence-transformers
brings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.answering import Assistant
from assistant.confidence import Calibration
from assistant.evaluation.metrics import interval
from assistant.intent import Intent, cues
from assistant.naming import Names
from assistant.ranking import NAMES as RANKING_NAMES
from assistant.ranking import Ranking
from ingest.errors import RunError
from ingest.notes import Note

FloatArray = NDArray[np.float64]
#: The signals of a question's candidates, of shape (candidates, signals), and 1 for each that is a best one, else 0.
Candidates = tuple[FloatArray, FloatArray]
#: The signals by the leg of the search that they come from.
LEGS = {
    "vectors of claims": ("claim_cosine",),
    "vectors of their questions": ("question_cosine", "typed_cosine", "second_cosine"),
    "words": ("words", "shared", "covered"),
}

#: A cue that fewer questions have says nothing.
MIN_QUESTIONS = 5
#: Weights nearer to zero than this many hundredths are left out.
LEAST_WEIGHT = 8


def fit_intent(notes: Sequence[Note], names: Names, *, strength: float = 0.3) -> Intent:
    """The intent model of the questions of all claims on concepts; ``strength`` is scikit-learn's C."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [(q, c.kind) for n in notes if n.concept for c in n.claims for q in c.questions]
    vectorizer = CountVectorizer(analyzer=lambda q: cues(q, names), min_df=MIN_QUESTIONS, binary=True)
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(vectorizer.fit_transform([q for q, _ in rows]), [k for _, k in rows])
    weights: Mapping[str, tuple[int, ...]] = {
        str(cue): rounded
        for cue, column in sorted(vectorizer.vocabulary_.items())
        if max(map(abs, rounded := tuple(round(100 * float(w)) for w in model.coef_[:, column]))) >= LEAST_WEIGHT
    }
    bias = tuple(round(100 * float(b)) for b in model.intercept_)
    return Intent(
        tuple(map(str, model.classes_)), bias, weights, f"underhood fit intent, on {len(rows)} questions of our claims"
    )


def write_json(path: Path, value: object) -> None:
    """A fitted file, readable and stable in version control."""
    path.write_text(json.dumps(value, indent=None, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")


@dataclass(frozen=True)
class Labelled:
    """A question of our bank with the claims that answer it best, as a reader judged them among the first fifteen."""

    id: str
    question: str
    split: str
    answerable: str
    kind: str
    best: frozenset[str]
    history: tuple[str, ...] = ()


def read_bank(folder: Path) -> list[Labelled]:
    """Our question bank (``bank-*.jsonl`` with ``labels.jsonl``) and the practice questions. Raises RunError.

    Practice questions carry their labels. Those of split ``mended`` were read before the notes were mended for them, so
    they find their claim too easily: they teach the ranking, and say nothing of the confidence.
    """
    try:
        labels = {row["id"]: row["best"] for row in _lines(folder / "labels.jsonl")}
        rows = [row for path in sorted(folder.glob("bank-*.jsonl")) for row in _lines(path)]
        rows = [{**row, "best": labels.get(row["id"], ())} for row in rows]
        if (practice := folder / "practice.jsonl").is_file():
            rows += _lines(practice)
        return [
            Labelled(
                r["id"], r["question"], r["split"], r["answerable"], r["kind"], frozenset(r["best"]),
                tuple(r.get("history", ())),
            )
            for r in rows
        ]  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"the question bank is unreadable ({error!r})", where=str(folder)) from error


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def candidates(assistant: Assistant, bank: Sequence[Labelled]) -> list[Candidates]:
    """For each labelled question whose best claim was found: signals (candidates, signals), float64, and 1 for the best."""
    found = []
    for item in bank:
        claims = assistant.evidence(item.question).parts[0].claims if item.best else ()
        marks = np.array([float(c.claim.id in item.best) for c in claims])
        if marks.any():
            found.append((np.array([astuple(c.features) for c in claims]), marks))
    return found


def fit_ranking(rows: Sequence[Candidates], *, penalty: float = 0.002) -> Ranking:
    """The weights of ``logit`` over all signals."""
    weights = tuple(round(float(w), 4) for w in logit(rows, penalty))
    return Ranking(
        weights, f"underhood fit ranking, on {len(rows)} labelled questions of corpus/questions (splits dev and mended)"
    )


def logit(rows: Sequence[Candidates], penalty: float = 0.002) -> FloatArray:
    """The conditional logit over candidates (McFadden 1974): a weight a signal, a quadratic penalty on the standardised ones."""
    from scipy.optimize import minimize

    spread = np.concatenate([x for x, _ in rows]).std(0) + 1e-9

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        total, slope = penalty * len(rows) * float(weights @ weights), 2 * penalty * len(rows) * weights
        for x, marks in rows:
            z = (x / spread) @ weights
            p = np.exp(z - z.max())
            p /= p.sum()
            q = p * marks / (p @ marks)
            total -= float(np.log(p @ marks))
            slope = slope + (x / spread).T @ (p - q)
        return total, slope

    best = minimize(loss, np.zeros(rows[0][0].shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(best.x / spread, np.float64)


def best_first(rows: Sequence[Candidates], ranking: Ranking) -> float:
    """The share of questions whose first candidate is one of the best."""
    return float(firsts(rows, np.array(ranking.weights)).mean())


def firsts(rows: Sequence[Candidates], weights: FloatArray) -> FloatArray:
    """For each question 1 where its first candidate is one of the best, else 0; float64 of shape (questions,)."""
    return np.array([marks[(x @ weights).argmax()] for x, marks in rows])


def ablation(rows: Sequence[Candidates], held_out: Sequence[Candidates]) -> dict[str, tuple[float, float, float]]:
    """What each leg and each signal adds: by how much the share of best claims first on ``held_out`` falls without it.

    (mean, low, high) of the paired bootstrap, the ranking fitted anew each time; above 0 it helps.
    """
    whole = firsts(held_out, logit(rows))
    found = {}
    for name, signals in {**LEGS, **{n: (n,) for n in RANKING_NAMES}}.items():
        kept = [i for i, n in enumerate(RANKING_NAMES) if n not in signals]
        without = firsts(_only(held_out, kept), logit(_only(rows, kept)))
        found[name] = (float((whole - without).mean()), *interval(whole - without))
    return found


def _only(rows: Sequence[Candidates], kept: Sequence[int]) -> list[Candidates]:
    return [(x[:, kept], marks) for x, marks in rows]


def fit_confidence(assistant: Assistant, bank: Sequence[Labelled], *, strength: float = 1.0) -> Calibration:
    """The confidence that the first claim for a question answers it, and from where on it is said.

    ``partly`` is the highest probability that still keeps 97 of 100 questions which a claim answers, ``answered`` the
    one that keeps 90 of 100 which the first claim answers.
    """
    from sklearn.linear_model import LogisticRegression

    signals, right, answerable = [], [], []
    for item in bank:
        evidence = assistant.evidence(item.question)
        part = evidence.parts[0]
        if part.claims and item.answerable != "partly":
            signals.append(astuple(assistant.signals(evidence, part, part.claims[0])))
            right.append(part.claims[0].claim.id in item.best)
            answerable.append(bool(item.best))
    x, y, known = np.array(signals), np.array(right), np.array(answerable)
    spread = x.std(0) + 1e-9
    model = LogisticRegression(C=strength, max_iter=2000).fit(x / spread, y)
    probability = model.predict_proba(x / spread)[:, 1]
    return Calibration(
        tuple(round(float(w), 4) for w in model.coef_[0] / spread),
        round(float(model.intercept_[0]), 4),
        round(float(np.quantile(probability[y], 0.10)), 3),
        round(float(np.quantile(probability[known], 0.03)), 3),
        f"underhood fit confidence, on {len(y)} questions of corpus/questions (split dev), {int(y.sum())} answered rightly",
    )


def refit(what: str, retrieval: Path | None = None, *, parts: bool = False) -> str:
    """Fit ``intent``, ``ranking`` or ``confidence`` and write it beside its module. Returns what came out, in a line.

    ``parts``: of the ranking say instead what each leg and signal adds, and write nothing.
    Of ``fusion`` the weight of BM25 is tried on the collection ``retrieval``; the line says which is best, fusion.py has it.
    """
    if what == "fusion":
        if retrieval is None:
            raise RunError("fusion is weighed on a collection", todo="Say --retrieval BEIR_DIR")
        from assistant.evaluation.retrieval_runs import weigh_words

        tried = weigh_words(retrieval)
        figures = ", ".join(f"{w} {n:.4f}" for w, n in tried.items())
        return f"words: best {max(tried, key=lambda w: tried[w])} by nDCG@10 ({figures})"
    assistant = Assistant.open()
    folder = Path(__file__).parents[1]
    if what == "intent":
        intent = fit_intent(assistant.index.notes, assistant.names)
        write_json(folder / "intent.json", intent.to_json())
        return f"intent.json: {len(intent.weights)} cues"
    bank = read_bank(assistant.settings.corpus / "questions")
    dev, test, mended = ([b for b in bank if b.split == split] for split in ("dev", "test", "mended"))
    if what == "ranking":
        rows, held_out = candidates(assistant, [*dev, *mended]), candidates(assistant, test)
        if parts:
            table = ablation(rows, held_out).items()
            return "\n".join(
                [
                    f"{'adds to best claims first':28} of {len(held_out)}",
                    *(f"{n:28} {m:+.3f} [{a:+.3f}, {b:+.3f}]" for n, (m, a, b) in table),
                ]
            )
        ranking = fit_ranking(rows)
        write_json(folder / "ranking.json", ranking.to_json())
        return f"ranking.json: best claim first {best_first(rows, ranking):.3f} of dev, {best_first(held_out, ranking):.3f} of test"
    if what == "confidence":
        calibration = fit_confidence(assistant, dev)
        write_json(folder / "confidence.json", calibration.to_json())
        return f"confidence.json: {calibration.made_by}"
    raise RunError(f"nothing called {what!r} is fitted", todo="Say intent, ranking, confidence or fusion")
