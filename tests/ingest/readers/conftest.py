"""Small files made by the tests: PDFs written byte by byte, so that every oddity can be made on purpose."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import ascii_letters

import pytest

from ingest.readers import Guard

Drawn = tuple[float, float, float, str, str]  # x, y, size, font, text


def pdf_bytes(
    pages: Sequence[Sequence[Drawn]],
    *,
    meanings: dict[str, dict[int, str]] | None = None,
    labels: str = "",
    rotate: int = 0,
    aslant: float = 0.0,
    hidden: bool = False,
    picture: bool = False,
    outline: Sequence[tuple[str, int]] = (),
) -> bytes:
    """A PDF of lines of text at places.

    Fonts: F (Helvetica), B (bold), T (Courier), L (with ``meanings`` of codes), G (each letter drawn, a thousand
    times its size, as Type 3 fonts of old TeX are). ``aslant`` turns the text of all pages by so many degrees.
    """
    objects: list[bytes] = []

    def put(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    def stream(data: bytes, extra: bytes = b"") -> bytes:
        packed = zlib.compress(data)
        return b"<< /Length %d /Filter /FlateDecode %s>>\nstream\n%s\nendstream" % (len(packed), extra, packed)

    catalog, tree = put(b""), put(b"")
    fonts = b""
    for name, family in (("F", "Helvetica"), ("B", "Helvetica-Bold"), ("T", "Courier"), ("L", "Helvetica")):
        extra = b""
        if meanings and name in meanings:
            rows = "".join(
                f"<{code:02x}> <{text.encode('utf-16-be').hex()}>\n" for code, text in meanings[name].items()
            )
            table = f"begincmap\n1 begincodespacerange <00> <ff> endcodespacerange\n{len(meanings[name])} beginbfchar\n{rows}endbfchar\nendcmap"
            extra = b" /ToUnicode %d 0 R" % put(stream(table.encode()))
        font = put(
            b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding%s >>" % (family.encode(), extra)
        )
        fonts += b"/%s %d 0 R " % (name.encode(), font)
    box = put(stream(b"600 0 0 0 500 700 d1 0 0 500 700 re f"))
    drawn_letters = b" ".join(b"/%s %d 0 R" % (c.encode(), box) for c in ascii_letters)
    differences = b" ".join(b"%d /%s" % (ord(c), c.encode()) for c in ascii_letters)
    font = put(
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [1 0 0 1 0 0] /FirstChar 32 /LastChar 122 "
        b"/Widths [%s] /CharProcs << %s >> /Encoding << /Differences [%s] >> /Resources << >> >>"
        % (b"600 " * 91, drawn_letters, b"32 /space " + differences)
    )
    fonts += b"/G %d 0 R " % font
    image = put(
        stream(
            b"\xee" * 100,
            b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray /BitsPerComponent 8 ",
        )
    )
    kids = []
    for lines in pages:
        drawn = "q 612 0 0 792 0 0 cm /I Do Q\n" if picture else ""
        cos, sin = math.cos(math.radians(aslant)), math.sin(math.radians(aslant))
        drawn += f"{cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} 0 0 cm\n" if aslant else ""
        for x, y, size, font, text in lines:
            escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            drawn += f"BT {'3 Tr ' if hidden else ''}/{font} {size} Tf {x} {y} Td ({escaped}) Tj ET\n"
        content = put(stream(drawn.encode("cp1252")))
        kids.append(
            put(
                b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Rotate %d /Contents %d 0 R "
                b"/Resources << /Font << %s >> /XObject << /I %d 0 R >> >> >>" % (tree, rotate, content, fonts, image)
            )
        )
    more = f" /PageLabels << /Nums [{labels}] >>".encode() if labels else b""
    if outline:
        first = len(objects) + 2
        root = put(b"<< /First %d 0 R /Last %d 0 R /Count %d >>" % (first, first + len(outline) - 1, len(outline)))
        for i, (title, page) in enumerate(outline):
            following = b" /Next %d 0 R" % (first + i + 1) if i + 1 < len(outline) else b""
            put(
                b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit]%s >>"
                % (title.encode(), root, kids[page], following)
            )
        more += b" /Outlines %d 0 R" % root
    objects[tree - 1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % k for k in kids))
    objects[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R%s >>" % (tree, more)
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        xref,
        len(objects) + 1,
        len(out),
    )


def column(lines: Sequence[str], *, x: float = 72, top: float = 700, size: float = 10, font: str = "F") -> list[Drawn]:
    """Lines under one another, twelve points apart at size 10."""
    return [(x, top - 1.2 * size * i, size, font, line) for i, line in enumerate(lines)]


@pytest.fixture
def make_pdf() -> Callable[..., bytes]:
    return pdf_bytes


@pytest.fixture
def lines_at() -> Callable[..., list[Drawn]]:
    return column


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard() as opened:
        yield opened


@pytest.fixture
def injected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """A reader made of a few lines of Python, for formats "pdf" (that reader) and "markdown" (the real one)."""

    def make(body: str) -> dict[str, str]:
        source = "import os, sys, time\nfrom ingest.documents import Parsed\n\ndef read(data):\n"
        (tmp_path / "injected_reader.py").write_text(source + "".join(f"    {line}\n" for line in body.splitlines()))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return {"pdf": "injected_reader:read", "markdown": "ingest.readers.markdown:read"}

    return make
