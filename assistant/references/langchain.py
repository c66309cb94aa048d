"""An answer as LangChain's standard content blocks: one text block whose annotations are its citations.

``start_index`` and ``end_index`` are code points of the answer's text, as langchain-core's ``Citation`` has it;
the span in the source stands in ``extras``. Plain values: assistant/chain.py makes the message of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from assistant.answers import Answer, Citation


def to_langchain(answer: Answer) -> str:
    """The content blocks as JSON."""
    return json.dumps(content_blocks(answer), ensure_ascii=False, indent=2)


def content_blocks(answer: Answer) -> list[dict[str, Any]]:
    """A list with the one text block."""
    return [{"type": "text", "text": answer.text, "annotations": list(_annotations(answer))}]


def _annotations(answer: Answer) -> Iterator[dict[str, Any]]:
    cited = {c.number: c for c in answer.citations}
    for statement, start, _ in answer.spans():
        for number in statement.citations:
            yield _citation(cited[number], start, start + len(statement.text))


def _citation(citation: Citation, start: int, end: int) -> dict[str, Any]:
    words = citation.quote if citation.quote is not None and citation.found else None
    return {
        "type": "citation",
        "title": citation.resource.title,
        "start_index": start,
        "end_index": end,
        **({"url": citation.url} if citation.url else {}),
        **({"cited_text": words.text} if words else {}),
        "extras": {
            "number": citation.number,
            "resource": citation.resource.id,
            "relation": citation.relation,
            "check": citation.check,
            "place": citation.place,
            "quote": asdict(words) if words else None,
        },
    }
