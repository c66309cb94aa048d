"""Jupyter notebooks -> ``Parsed``: the Markdown cells, each with the number of its cell.

Outputs and pictures are out; a short code cell is kept, marked, because prose around it speaks of it.
Reads the JSON itself (nbformat 3 and 4): the library nbformat would only check what is not needed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ingest.documents import Parsed
from ingest.errors import ReadingError
from ingest.readers.blocks import Blocks, decode
from ingest.readers.markdown import add_markdown

RECIPE = "notebook-2"
_MOST_CODE_LINES = 12
_MOST_CODE_CHARACTERS = 800


def read(data: bytes) -> Parsed:
    """The text of a notebook."""
    try:
        notebook = json.loads(decode(data))
    except (ValueError, RecursionError) as error:
        raise ReadingError("is no notebook (not JSON)") from error
    cells = list(_cells(notebook))
    if not cells:
        raise ReadingError("is no notebook (no cells)")
    blocks = Blocks()
    slugs: dict[str, int] = {}
    for number, (kind, source, level) in enumerate(cells, 1):
        blocks.place(cell=number)
        if kind == "markdown":
            add_markdown(blocks, source, slugs)
        elif kind == "heading":
            blocks.heading(source, level)
        elif kind == "code" and source.count("\n") < _MOST_CODE_LINES and len(source) <= _MOST_CODE_CHARACTERS:
            blocks.add(source, "code")
    return blocks.parsed()


def _cells(notebook: Any) -> Iterator[tuple[str, str, int]]:
    """Kind, source and heading level of each cell of nbformat 4, or of 3, whose cells lie in worksheets."""
    if not isinstance(notebook, dict):
        return
    sheets = notebook.get("worksheets")
    found = [notebook.get("cells")] + [s.get("cells") for s in sheets or () if isinstance(s, dict)]
    for cells in found:
        for cell in cells if isinstance(cells, list) else ():
            if not isinstance(cell, dict):
                continue
            source = cell.get("source", cell.get("input", ""))
            lines = source if isinstance(source, list) else [source]
            level = cell.get("level", 1)
            text = "".join(line for line in lines if isinstance(line, str))
            yield str(cell.get("cell_type")), text, level if isinstance(level, int) else 1
