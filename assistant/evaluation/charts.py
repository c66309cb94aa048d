"""Where the marks of a chart stand, in the units of its SVG (460 by 300, the plot between x 48 and 440, y 20 and 250). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LEFT, RIGHT, TOP, BOTTOM = 48.0, 440.0, 20.0, 250.0
#: More points than a screen has pixels only make the file large.
MOST_POINTS = 400


def across(share: float) -> float:
    """The x of a share between 0 and 1."""
    return round(LEFT + share * (RIGHT - LEFT), 1)


def up(value: float, highest: float = 1.0) -> float:
    """The y of a value between 0 and ``highest``."""
    return round(BOTTOM - value / highest * (BOTTOM - TOP), 1)


def risk(curve: Sequence[Sequence[float]], answered: float) -> dict[str, Any]:
    """The risk-coverage curve: its line, the ticks of its axes, and the point where the run answers now."""
    highest = max(0.1, math.ceil(10 * max(r for _, r in curve)) / 10)
    step = 0.1 if highest > 0.25 else 0.05
    kept = [curve[round(n)] for n in _spread(len(curve))]
    place = max(0, round(answered * len(curve)) - 1)
    return {
        "line": " ".join(f"{across(c)},{up(r, highest)}" for c, r in kept),
        "rows": [(up(n * step, highest), f"{n * step:.0%}") for n in range(round(highest / step) + 1)],
        "columns": [(across(n / 5), f"{n / 5:.0%}") for n in range(6)],
        "now": {
            "x": across(curve[place][0]),
            "y": up(curve[place][1], highest),
            "coverage": curve[place][0],
            "risk": curve[place][1],
        }
        if answered
        else None,
    }


def bins(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The reliability diagram: a bar and a mark for each bin, the darker the more answers it holds."""
    most = max(b["count"] for b in found)
    return {
        "bars": [
            {
                **b,
                "x": across(b["low"]) + 2,
                "width": across(b["high"]) - across(b["low"]) - 4,
                "y": up(b["right"]),
                "height": round(BOTTOM - up(b["right"]), 1),
                "mark_x": across(b["confidence"]),
                "mark_y": up(b["right"]),
                "opacity": round(0.25 + 0.75 * b["count"] / most, 2),
            }
            for b in found
        ],
        "rows": [(up(n / 4), f"{n / 4:.0%}") for n in range(5)],
        "columns": [(across(n / 5), f"{n / 5:.0%}") for n in range(6)],
    }


def _spread(count: int) -> list[float]:
    if count <= MOST_POINTS:
        return list(map(float, range(count)))
    return [n * (count - 1) / (MOST_POINTS - 1) for n in range(MOST_POINTS)]
