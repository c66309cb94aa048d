"""Which text objects of a PDF are cut away by their clip: a figure taken from another paper keeps that paper's page.

PDFium tells the text of such objects like any other. Object and clip are given in one space, that of the form which
holds them, so they can be compared without its matrix.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

#: Points by which text may stand outside its clip: clips are often drawn tight.
_SLACK = 2.0
#: Clips of more pieces than this are drawings; what they leave is not sought.
_MOST_PIECES = 200


class Hidden:
    """Says of text objects whether they are cut away; its buffers are used again."""

    def __init__(self) -> None:
        self._fast = _functions()
        self._matrix, self._point = (ctypes.c_float * 6)(), (ctypes.c_float * 2)()
        at = ctypes.addressof(self._point)
        self._xy = (at, at + 4)

    def __call__(self, target: int) -> bool:
        """Whether the text object at this address begins outside its clip."""
        fast = self._fast
        clip = fast["FPDFPageObj_GetClipPath"](target)
        paths = fast["FPDFClipPath_CountPaths"](clip) if clip else 0
        if paths <= 0 or not fast["FPDFPageObj_GetMatrix"](target, ctypes.addressof(self._matrix)):
            return False
        x, y = self._matrix[4], self._matrix[5]
        return any(self._is_outside(clip, path, x, y) for path in range(min(paths, _MOST_PIECES)))

    def _is_outside(self, clip: int, path: int, x: float, y: float) -> bool:
        """Whether a point lies outside the rectangle around one path of a clip."""
        count = self._fast["FPDFClipPath_CountPathSegments"](clip, path)
        if not 0 < count <= _MOST_PIECES:
            return False
        points = [self._at(clip, path, n) for n in range(count)]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return not (min(xs) - _SLACK <= x <= max(xs) + _SLACK and min(ys) - _SLACK <= y <= max(ys) + _SLACK)

    def _at(self, clip: int, path: int, number: int) -> tuple[float, float]:
        piece = self._fast["FPDFClipPath_GetPathSegment"](clip, path, number)
        self._fast["FPDFPathSegment_GetPoint"](piece, *self._xy)
        return self._point[0], self._point[1]


@cache
def _functions() -> dict[str, Any]:
    """C functions of PDFium that take plain addresses."""
    import pypdfium2.raw as pdfium

    at, number = ctypes.c_void_p, ctypes.c_int
    kinds: dict[str, tuple[Any, ...]] = {
        "FPDFPageObj_GetClipPath": (at, at),
        "FPDFPageObj_GetMatrix": (number, at, at),
        "FPDFClipPath_CountPaths": (number, at),
        "FPDFClipPath_CountPathSegments": (number, at, number),
        "FPDFClipPath_GetPathSegment": (at, at, number, number),
        "FPDFPathSegment_GetPoint": (number, at, at, at),
    }
    return {
        name: ctypes.CFUNCTYPE(*kind)(ctypes.cast(getattr(pdfium, name), at).value or 0) for name, kind in kinds.items()
    }
