"""What an event of the page says: its data, the tab it comes from, the person behind it. Trusts none of it."""

from __future__ import annotations

import gradio as gr


def text(event: gr.EventData, name: str) -> str:
    """A text of the event's data; empty where there is none."""
    data = event._data if isinstance(event._data, dict) else {}
    value = data.get(name)
    return value if isinstance(value, str) else ""


def number(event: gr.EventData, name: str) -> int:
    """A count of the event's data; 0 where there is none."""
    said = text(event, name)
    return int(said) if said.isdecimal() and len(said) < 5 else 0


def session(request: gr.Request) -> str:
    """The tab's session."""
    return request.session_hash or ""


def who(request: gr.Request, event: gr.EventData | None = None) -> str:
    """The name a person signed in with, else the token of their browser that the event brings, else nothing."""
    signed_in = request.request.scope.get("underhood_name") if request.request else None
    return str(signed_in or (text(event, "who") if event else ""))
