"""The process that draws one page: PDF on stdin, PNG on stdout.

    python -m assistant.chat.drawing PAGE MEMORY_MB SECONDS

Run by pictures.py. It limits its own memory and processor time.
"""

from __future__ import annotations

import io
import os
import sys

#: Width in pixels of a drawn page, and the most pixels it may have.
WIDTH, MOST_PIXELS = 1100, 4_000_000


def main() -> int:
    """Draw the page; 1 where it cannot be drawn."""
    page, memory_mb, seconds = map(int, sys.argv[1:])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the picture
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1_000_000, memory_mb * 1_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pypdfium2

    pdf = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    if not 1 <= page <= len(pdf):
        return 1
    sheet = pdf[page - 1]
    width, height = sheet.get_size()
    scale = min(WIDTH / width, (MOST_PIXELS / (width * height)) ** 0.5)
    buffer = io.BytesIO()
    sheet.render(scale=scale).to_pil().convert("RGB").save(buffer, "PNG", optimize=True)
    out.write(buffer.getvalue())
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
