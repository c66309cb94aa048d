"""A conversation as the browser keeps it: turns as plain values, in the tab's own storage.

The server keeps no conversation. Each request brings its own, so that a reload, a restart of the server and ten
tabs side by side are all the same case. What a browser sends is checked like any stranger's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assistant.answers import CHECKS, Answer
from assistant.verification import Verdict
from ingest.errors import QuestionError

#: Turns kept of one conversation; older ones fall off its beginning.
MOST_TURNS = 40
#: Characters of an error or a partial answer that are kept.
_MOST_TEXT = 20_000

State = Literal["writing", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Turn:
    """A question and what came of it.

    ``text`` is what was written so far (or why it failed), ``scope`` the resources the question was narrowed to,
    ``verdicts`` what checking the answer again found.
    """

    question: str
    state: State
    answer: Answer | None = None
    text: str = ""
    scope: tuple[str, ...] = ()
    rating: Literal["up", "down"] | None = None
    verdicts: tuple[Verdict, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values; ``turn`` reads it back."""
        raw = {k: v for k, v in asdict(replace(self, answer=None)).items() if k != "answer"}
        return {
            **raw,
            "scope": list(self.scope),
            "verdicts": list(raw["verdicts"]),
            "answer": self.answer.to_json() if self.answer else None,
        }


def turn(raw: Any) -> Turn | None:
    """The turn in ``raw``, or None where it is none of ours."""
    if not isinstance(raw, dict) or not isinstance(raw.get("question"), str):
        return None
    text, scope, rating = raw.get("text"), raw.get("scope"), raw.get("rating")
    try:
        answer = Answer.from_json(raw["answer"]) if raw.get("answer") else None
    except QuestionError:
        return None
    state: State = "done" if answer else "stopped" if raw.get("state") in ("writing", "stopped") else "failed"
    return Turn(
        question=raw["question"][:_MOST_TEXT],
        state=state,
        answer=answer,
        text=text[:_MOST_TEXT] if isinstance(text, str) else "",
        scope=tuple(s for s in scope if isinstance(s, str)) if isinstance(scope, list) else (),
        rating=rating if rating in ("up", "down") else None,
        verdicts=_verdicts(raw.get("verdicts")),
    )


def _verdicts(raw: Any) -> tuple[Verdict, ...]:
    try:
        found = tuple(Verdict(**v) for v in raw or ())
    except TypeError:
        return ()
    whole = all(
        isinstance(v.number, int)
        and v.check in (None, *CHECKS)
        and all(isinstance(t, str) for t in (v.quote, v.place, v.explanation))
        for v in found
    )
    return found if whole else ()


def turns(raw: Any) -> list[Turn]:
    """The conversation that a browser sent, without what is damaged."""
    rows = raw.get("turns") if isinstance(raw, dict) else None
    found = [turn(r) for r in rows[-MOST_TURNS:]] if isinstance(rows, list) else []
    return [t for t in found if t is not None]


def dumped(conversation: Sequence[Turn], *, editing: bool = False) -> dict[str, Any]:
    """A conversation as the browser keeps it; ``editing``: the next question takes the place of the last one."""
    return {"turns": [t.to_json() for t in conversation[-MOST_TURNS:]], "editing": editing}


def editing(raw: Any) -> bool:
    """Whether the next question of the conversation that a browser sent takes the place of the last one."""
    return isinstance(raw, dict) and raw.get("editing") is True


def history(conversation: Sequence[Turn]) -> list[str]:
    """The earlier questions as they were understood, for ``Assistant.ask``."""
    return [t.answer.standalone_question for t in conversation if t.answer]
