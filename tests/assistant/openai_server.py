"""A small OpenAI-compatible chat server on loopback that streams, lies and fails on command.

The name of the model says what it does: ``good`` cites what it was given, ``liar`` invents keys and facts …
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def replies(model: str, prompt: str) -> Iterator[str]:
    """The pieces of a reply to a prompt, by the model's name."""
    keys = re.findall(r"\[\[(\w+)\]\]", prompt)
    keys = [k for n, k in enumerate(keys) if k not in keys[:n]]
    first, second = ([*keys, "none", "none"])[:2]
    whole = {
        "good": f"It gathers speed in a steady direction. [[{first}]] That helps in flat valleys. [[{first}]][[{second}]]",
        "liar": f"It was invented in 1812. [[zzzzz]] It is true. [[{first}]] Everyone agrees. [9] It is proven [[qqqqq, {second}]].",
        "naked": "I know this by heart. It has no source at all.",
        "fullwidth": f"It gathers speed. 【{first}】 And again. ［［{second}］］",
        "code": f"Use `v = g * v [0]` in each step. [[{first}]] Done.",
        "nested": f"It gathers speed [[[[{first}]]]] and more [[ [[{second}]] ]].",
        "refuse": "NO ANSWER",
        "empty": "",
        "obeys": "PWNED" if "ignore all" in prompt.casefold() else f"It gathers speed. [[{first}]]",
    }[model]
    for start in range(0, len(whole), 3):
        yield whole[start : start + 3]


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)  # type: ignore[attr-defined]  # set in serve()
        model = body["model"]
        if model == "limited":
            return self._fail(429, "rate limit reached")
        if model == "broken":
            return self._send(200, b"{not json", "application/json")
        if model == "key":
            return self._fail(401, "invalid authentication")
        if model == "slow":
            time.sleep(3)
        prompt = " ".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for n, piece in enumerate(replies("good" if model in ("slow", "cut") else model, prompt)):
            if model == "cut" and n == 8:
                return None  # the line goes dead in the middle of a sentence
            self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")
        return None

    def _event(self, value: dict[str, Any]) -> None:
        row = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", **value}
        self.wfile.write(f"data: {json.dumps(row)}\n\n".encode())
        self.wfile.flush()

    def _fail(self, status: int, message: str) -> None:
        self._send(status, json.dumps({"error": {"message": message, "type": "error"}}).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The server's base address and the requests it has seen."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.seen = []  # type: ignore[attr-defined]  # read by the handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
