"""What people say of answers: rows of ``UNDERHOOD_HOME/feedback.jsonl``, kept on this machine alone.

A row is a question as evaluation files have it (``id``, ``question``, ``resources``), with the verdict, the reason in
the person's words and the answer it speaks of; ``underhood evaluate`` reads the file as it is. ``who`` is a token of
the browser, or the name a person signed in with; by it all rows of one person can be given to them, or taken away.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from assistant.answers import Answer
from ingest.settings import Settings, writable_home

Verdict = Literal["up", "down"]

#: Characters of a reason that are kept.
MOST = 4000
_lock = threading.Lock()


def record(settings: Settings, who: str, answer: Answer, verdict: Verdict, reason: str = "", sentence: int = 0) -> None:
    """Keep what a person says of an answer, in the place of what they said of it before.

    ``sentence`` is the 1-based statement it speaks of, 0 the whole answer. Raises SettingsError.
    """
    spoken = answer.statements[sentence - 1] if 0 < sentence <= len(answer.statements) else None
    cited = [c for c in answer.citations if spoken is None or c.number in spoken.citations]
    row = {
        "id": _id(who, answer),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "who": who[:100],
        "question": answer.standalone_question,
        "verdict": verdict,
        "reason": reason[:MOST],
        "sentence": spoken.text if spoken else None,
        "claims": sorted({c.claim for c in cited if c.claim}),
        "resources": sorted({c.resource.id for c in cited}) if verdict == "up" else [],
        "result": answer.to_json(),
    }
    writable_home(settings)
    with _lock:
        _rewrite(settings, lambda old: old.get("id") != row["id"], [json.dumps(row, ensure_ascii=False)])


def rows(settings: Settings, who: str) -> list[str]:
    """All rows of one person, as the lines of a JSONL file."""
    with _lock:
        return [line for line in _lines(settings) if who and _row(line).get("who") == who[:100]]


def forget(settings: Settings, who: str) -> int:
    """Take away all rows of one person; how many there were."""
    with _lock:
        return _rewrite(settings, lambda old: old.get("who") != who[:100]) if who else 0


def _rewrite(settings: Settings, keep: Callable[[dict[str, Any]], bool], more: list[str] | None = None) -> int:
    """Write the file again with what is kept, and ``more``; how many rows went."""
    lines, path = _lines(settings), _path(settings)
    kept = [line for line in lines if keep(_row(line))]
    if more or len(kept) < len(lines):
        staged = path.with_name(f".feedback-{uuid.uuid4().hex}")
        staged.write_text("".join(f"{line}\n" for line in [*kept, *(more or ())]), "utf-8", errors="replace")
        os.replace(staged, path)
    return len(lines) - len(kept)


def _id(who: str, answer: Answer) -> str:
    said = "\0".join([who, answer.standalone_question, answer.text])
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _path(settings: Settings) -> Path:
    return settings.home / "feedback.jsonl"


def _lines(settings: Settings) -> list[str]:
    path = _path(settings)
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()] if path.is_file() else []


def _row(line: str) -> dict[str, Any]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
