"""The chat page: layout, events and looks of ``underhood chat``; every answer comes from ``assistant.answering``.

Gradio is imported only when a page is built, and never calls home.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

    from assistant.answering import Assistant
    from ingest.settings import Settings

__all__ = ["build", "serve"]

# Gradio reads these when it is imported, which the modules of this package do. It calls nobody; and it keeps no table of
# the last 10,000 events, of which it would make a pandas frame after each one for a page that nobody opens.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)


def build(assistant: Assistant, *, allow_uploads: bool = False) -> gr.Blocks:
    """The page over an open assistant, not yet served."""
    from assistant.chat.browse import Allowed
    from assistant.chat.page import build as run

    return run(assistant, allowed=Allowed(fetch=allow_uploads, upload=allow_uploads))


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    open_page: bool,
    auth: Path | None = None,
    root_path: str | None = None,
    allow_uploads: bool = False,
) -> None:
    """Serve the page until interrupted.

    Raises SettingsError where the address is taken, or open to others without ``auth`` (a file of ``name:password``
    lines), and whatever ``Assistant.open`` raises.
    """
    from assistant.chat.serving import serve as run

    run(
        settings,
        host=host,
        port=port,
        open_page=open_page,
        auth=auth,
        root_path=root_path,
        allow_uploads=allow_uploads,
    )
