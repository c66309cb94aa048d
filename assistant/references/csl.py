"""The resources of an answer as CSL-JSON 1.0.2, which citation processors and reference libraries read."""

from __future__ import annotations

import json
from typing import Any

from assistant.answers import Answer
from assistant.references.records import Record, name_parts, records

_TYPES = {
    "book": "book",
    "blog": "post-weblog",
    "video": "motion_picture",
    "course": "webpage",
    "lecture-notes": "document",
}


def to_csl(answer: Answer) -> str:
    """A JSON list with an item for each resource that the answer cites."""
    return json.dumps(csl_items(answer), ensure_ascii=False, indent=2)


def csl_items(answer: Answer) -> list[dict[str, Any]]:
    """The items as plain values."""
    return [_item(r) for r in records(answer)]


def _item(record: Record) -> dict[str, Any]:
    resource = record.resource
    item = {
        "id": record.key,
        "type": _TYPES.get(resource.kind, "article"),
        "title": resource.title,
        "author": [_name(n) for n in resource.authors],
        "issued": {"date-parts": [[resource.year]]} if resource.year else None,
        "URL": record.url,
        "note": record.note,
    }
    return {k: v for k, v in item.items() if v}


def _name(name: str) -> dict[str, str]:
    given, particle, family = name_parts(name)
    if not given:
        return {"literal": name}
    parts = {"family": family, "given": given, "non-dropping-particle": particle}
    return {k: v for k, v in parts.items() if v}
