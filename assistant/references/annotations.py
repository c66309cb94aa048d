"""An answer as W3C Web Annotations: each statement's words as the body, what it rests on as the target.

The selectors are those of the Web Annotation Data Model (W3C Recommendation, 23 February 2017, section 4.2):
the exact words, their offsets, and the page, second or fragment. Offsets are code points of the canonical text
whose SHA-256 stands beside them. Words that were not found in a text get no selector.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from assistant.answers import Answer, Citation, Statement

#: Terms of ours beside the W3C's.
OURS = {v: f"urn:underhood:{v}" for v in ("textSha256", "check", "relation", "support", "edition", "claim")}
CONTEXT = ["http://www.w3.org/ns/anno.jsonld", OURS]
_PDF, _MEDIA, _HTML = "http://tools.ietf.org/rfc/rfc3778", "http://www.w3.org/TR/media-frags/", "http://tools.ietf.org/rfc/rfc3236"  # fmt: skip
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:underhood")


def to_annotations(answer: Answer) -> str:
    """An AnnotationCollection as JSON-LD."""
    return json.dumps(annotation_collection(answer), ensure_ascii=False, indent=2)


def annotation_collection(answer: Answer) -> dict[str, Any]:
    """The collection as plain values: one annotation for each statement and citation of it."""
    items = list(_items(answer))
    name = _urn(answer.question, answer.text)
    page = {"id": _urn(name, "page"), "type": "AnnotationPage", "startIndex": 0, "items": items}
    return {
        "@context": CONTEXT,
        "id": name,
        "type": "AnnotationCollection",
        "label": answer.question,
        "total": len(items),
        **({"first": page} if items else {}),
    }


def _items(answer: Answer) -> Iterator[dict[str, Any]]:
    cited = {c.number: c for c in answer.citations}
    for statement in answer.statements:
        for number in statement.citations:
            yield _annotation(answer, statement, cited[number])


def _annotation(answer: Answer, statement: Statement, citation: Citation) -> dict[str, Any]:
    said = {"type": "TextualBody", "value": statement.text, "format": "text/markdown", "purpose": "commenting"}
    ours = {
        "support": statement.support,
        "relation": citation.relation,
        "check": citation.check,
        "claim": citation.claim,
        "edition": citation.edition,
    }
    return {
        "id": _urn(answer.question, statement.text, repr(citation)),
        "type": "Annotation",
        "motivation": {"quotes": "highlighting", "paraphrases": "commenting"}.get(citation.relation, "linking"),
        **({} if citation.relation == "quotes" else {"body": said}),
        "target": _target(citation),
        **{k: v for k, v in ours.items() if v},
    }


def _target(citation: Citation) -> dict[str, Any]:
    source = citation.resource.url or citation.url or f"urn:underhood:resource:{citation.resource.id}"
    selectors = list(_selectors(citation))
    return {"type": "SpecificResource", "source": source, **({"selector": selectors} if selectors else {})}


def _selectors(citation: Citation) -> Iterator[dict[str, Any]]:
    place = citation.locator
    if place.page is not None:
        yield {"type": "FragmentSelector", "conformsTo": _PDF, "value": f"page={place.page}"}
    elif place.seconds is not None:
        yield {"type": "FragmentSelector", "conformsTo": _MEDIA, "value": f"t={place.seconds:g}"}
    elif place.fragment:
        yield {"type": "FragmentSelector", "conformsTo": _HTML, "value": place.fragment}
    if citation.quote is not None and citation.found:
        quote = citation.quote
        yield {"type": "TextQuoteSelector", "exact": quote.text}
        yield {
            "type": "TextPositionSelector",
            "start": quote.start,
            "end": quote.end,
            "textSha256": quote.text_sha256,
        }


def _urn(*parts: str) -> str:
    return uuid.uuid5(_NAMESPACE, "\x1f".join(parts).encode("utf-8", "replace").decode()).urn
