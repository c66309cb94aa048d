"""What the browser gets besides HTML: theme, style sheet and script, all from this machine."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from gradio.themes.utils import fonts

STATIC = Path(__file__).parent / "static"
CSS = STATIC / "style.css"
STYLE_ROUTE = "underhood-parts/style.css"
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M2 2h12v6a6 6 0 0 1-12 0z' fill='%230f6b62'/%3E%3Cpath d='M4 4h8v3H4z' fill='%23fff'/%3E%3C/svg%3E"
)
HEAD = (
    f'<link rel="icon" href="{_ICON}">'
    f'<link rel="stylesheet" href="{STYLE_ROUTE}">'  # not Gradio's css=, which rewrites selectors
    '<meta name="description" content="Ask a deep-learning reading list; every sentence says what it rests on.">'
    '<meta name="color-scheme" content="light dark">'
)
_SANS: tuple[fonts.Font | str, ...] = (
    fonts.LocalFont("Source Sans Pro", weights=(400, 700)),  # Gradio carries it
    "ui-sans-serif",
    "system-ui",
    "sans-serif",
)
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Gradio's plain theme in our colours, with fonts that are here already."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        body_background_fill="var(--paper)",
        body_background_fill_dark="var(--paper)",
        body_text_color="var(--ink)",
        body_text_color_dark="var(--ink)",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        input_background_fill="var(--sheet)",
        input_background_fill_dark="var(--sheet)",
        button_primary_background_fill="var(--accent)",
        button_primary_background_fill_dark="var(--accent)",
        button_primary_background_fill_hover="var(--accent-strong)",
        button_primary_background_fill_hover_dark="var(--accent-strong)",
        button_primary_text_color="var(--on-accent)",
        button_primary_text_color_dark="var(--on-accent)",
    )


def katex() -> dict[str, str]:
    """Where the KaTeX that Gradio ships is served: its script and its style sheet; empty where it ships none."""
    assets = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    found = {
        "script": next(iter(sorted(assets.glob("katex-*.js"))), None),
        "style": next(iter(sorted(assets.glob("katex-*.css"))), None),
    }
    return {kind: f"assets/{path.name}" for kind, path in found.items() if path}


def page_js() -> str:
    """The page's script, as one function that Gradio calls when the page is there."""
    script = (STATIC / "page.js").read_text("utf-8")
    return f"() => {{ const KATEX = {json.dumps(katex())};\n{script}\n}}"
