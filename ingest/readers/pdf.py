"""PDF."""

from __future__ import annotations

from ingest.documents import Parsed

RECIPE = "pdf-0"


def read(data: bytes) -> Parsed:
    """Plain text for now."""
    import pypdfium2

    from ingest.documents import Place

    d = pypdfium2.PdfDocument(data)
    parts = []
    places = []
    n = 0
    for i in range(len(d)):
        t = " ".join(d[i].get_textpage().get_text_bounded().split())
        if not t:
            continue
        if parts:
            parts.append("\n\n")
            n += 2
        places.append(Place(n, page=i + 1))
        parts.append(t)
        n += len(t)
    return Parsed("".join(parts), places=tuple(places), pages=len(d))
