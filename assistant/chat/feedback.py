"""What people say of answers: rows of ``UNDERHOOD_HOME/feedback.jsonl``, kept on this machine alone.

A row is a question as evaluation files have it (``id``, ``question``, ``resources``), with the verdict, the reason in
the person's words and the answer it speaks of. ``who`` is a token of the browser, or the name a person signed in
with; by it all rows of one person can be taken away again.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from typing import Any, Literal

from assistant.answers import Answer
from ingest.settings import Settings, writable_home

Verdict = Literal["up", "down"]

#: Characters of a reason that are kept.
MOST = 4000
_lock = threading.Lock()


def record(settings: Settings, who: str, answer: Answer, verdict: Verdict, reason: str = "", sentence: int = 0) -> None:
    """Add a row. ``sentence`` is the 1-based statement it speaks of, 0 the whole answer. Raises SettingsError."""
    spoken = answer.statements[sentence - 1] if 0 < sentence <= len(answer.statements) else None
    cited = [c for c in answer.citations if spoken is None or c.number in spoken.citations]
    row = {
        "id": uuid.uuid4().hex,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "who": who[:100],
        "question": answer.question,
        "verdict": verdict,
        "reason": reason[:MOST],
        "sentence": spoken.text if spoken else None,
        "claims": sorted({c.claim for c in cited if c.claim}),
        "resources": sorted({c.resource.id for c in cited}) if verdict == "up" else [],
        "result": answer.to_json(),
    }
    path = writable_home(settings) / "feedback.jsonl"
    with _lock, path.open("a", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def forget(settings: Settings, who: str) -> int:
    """Take away all rows of one person; how many there were."""
    path = settings.home / "feedback.jsonl"
    with _lock:
        if not who or not path.is_file():
            return 0
        lines = path.read_text("utf-8").splitlines()
        kept = [line for line in lines if line.strip() and _who(line) != who[:100]]
        staged = path.with_name(f".feedback-{uuid.uuid4().hex}")
        staged.write_text("".join(f"{line}\n" for line in kept), "utf-8")
        os.replace(staged, path)
    return len(lines) - len(kept)


def _who(line: str) -> str:
    try:
        row: Any = json.loads(line)
    except ValueError:
        return ""
    return str(row.get("who", "")) if isinstance(row, dict) else ""
