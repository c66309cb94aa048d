"""A small OpenAI-compatible chat server on loopback that streams, lies and fails on command.

The name of the model says what it does: ``good`` cites what it was given, ``number`` changes a number, ``slow`` waits …
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What the server does with a question, before or instead of a reply.
FAILURES = ("limited", "broken", "key", "down", "unknown", "slow", "drip", "cut", "long", "filtered", "half")


class Prompt:
    """The evidence of a prompt, piece by piece, as any model could read it."""

    def __init__(self, text: str) -> None:
        self.text = text
        rows = re.findall(r"^\[\[(\w+)\]\] (.*)$", text, re.M)
        self.keys, self.texts = [k for k, _ in rows], [t for _, t in rows]
        self.sources = re.findall(r"^  the source's own words: (.*)$", text, re.M)
        self.question = text.rpartition("Question: ")[2]

    def piece(self, *cues: str) -> tuple[str, str]:
        """The first piece of evidence with all of these words: its key and its text."""
        return next((k, t) for k, t in zip(self.keys, self.texts, strict=True) if all(c in t for c in cues))


def quoting(prompt: Prompt, answer: str, count: int = 2) -> str:
    """A reply in the form that is asked for: the first pieces copied whole, then an answer with {0} and {1} for keys."""
    rows = list(zip(prompt.keys, prompt.texts, strict=True))[:count]
    quotes = "\n".join(f"[[{k}]] {t}" for k, t in rows)
    return f"QUOTES\n{quotes}\nANSWER\n{answer.format(*[k for k, _ in rows], text=rows[0][1])}"


REPLIES: dict[str, Callable[[Prompt], str]] = {
    "good": lambda p: quoting(p, "It gathers speed in a steady direction. [[{0}]] It crosses flat valleys. [[{0}]][[{1}]]"),
    "verbatim": lambda p: quoting(p, "{text} [[{0}]]", 1),
    "fullwidth": lambda p: quoting(p, "It gathers speed. 【{0}】 The step is added. ［［{0}］］"),
    "code": lambda p: quoting(p, "Use `previous[i] + step` as the present step. `[[{0}]]` The step gathers speed [[{0}]]"),
    "nested": lambda p: quoting(p, "It gathers speed [[[[{0}]]]] and adds a share [[ [[{0}]] ]]."),
    "round": lambda p: quoting(p, "It gathers speed ({0})."),
    "escaped": lambda p: quoting(p, r"It gathers speed \[\[{0}\]\]. A share is added &#91;&#91;{0}&#93;&#93;."),
    "inline": lambda p: quoting(p, "{text} [[{0}]]", 1).replace("\nANSWER\n", "\nANSWER: ").replace("QUOTES\n", ""),
    "half-marker": lambda p: quoting(p, "It gathers speed. [[{0}]] The previous step is added [[bcd"),
    # Lies
    "liar": lambda p: quoting(p, "It was invented in 1812. [[zzzzz]] A share of the step is added. [[{0}]] Everyone agrees. [9]"),
    "no-quotes": lambda p: f"It gathers speed in a steady direction. [[{p.keys[0]}]]",
    "fabricated": lambda p: f"QUOTES\n[[{p.keys[0]}]] momentum was found by Newton himself\nANSWER\nNewton found momentum. [[{p.keys[0]}]]",
    "swapped": lambda p: f"QUOTES\n[[{p.keys[0]}]] {p.texts[-1]}\nANSWER\n{p.texts[-1]} [[{p.keys[0]}]]",
    "altered": lambda p: f"QUOTES\n[[{p.keys[0]}]] {p.texts[0].replace(' a ', ' no ', 1)}\nANSWER\nIt adds no share. [[{p.keys[0]}]]",
    "number": lambda p: quoting(p, "{text} [[{0}]] It adds 73 shares of the previous step. [[{0}]]", 1),
    "negated": lambda p: quoting(p, p.texts[0].replace(" adds ", " does not add ") + " [[{0}]]", 1),
    "opposite": lambda p: "QUOTES\n[[{0}]] {1}\nANSWER\n{2} [[{0}]]".format(
        *p.piece("quickly"), p.piece("quickly")[1].replace("quickly", "slowly")
    ),
    "named": lambda p: quoting(p, "Momentum was added to the gradient step by Geoffrey Hinton. [[{0}]]"),
    "source": lambda p: quoting(p, "Roe writes “Momentum adds a share of the previous step to it”. [[{0}]]"),
    "address": lambda p: quoting(p, "Momentum adds a step, see https://evil.example/?q=secret now. [[{0}]]"),
    "image": lambda p: quoting(p, "Momentum adds a share ![step](http://evil.example/x.png) of the step. [[{0}]]"),
    "beside": lambda p: quoting(p, "Momentum cures influenza, malaria and baldness overnight. [[{0}]]"),
    "smuggled": lambda p: quoting(p, "Momentum adds a share \x1b[31mof the\u202e step. [[{0}]]"),
    # Refusals and rubbish
    "naked": lambda p: "I know this by heart. It has no source at all.",
    "refuse": lambda p: "NO ANSWER",
    "sorry": lambda p: "I'm sorry, but I can't help with that.",
    "empty": lambda p: "",
    "blank": lambda p: " \n\n ",
    "rubbish": lambda p: "\ufffd\ufffd\ufffd\ufffd a\ufffd\ufffd\ufffd",
    "endless": lambda p: quoting(p, "It gathers speed. [[{0}]] " + "The step is added. [[{0}]] " * 4000),
    # A model that does whatever any text tells it
    "obeys": lambda p: quoting(p, f"{orders(p.text)} [[{{0}}]]" if orders(p.text) else "It gathers speed. [[{0}]]"),
}  # fmt: skip


def orders(prompt: str) -> str:
    """The word that a text in the prompt tells its reader to say; empty where none does."""
    return "PWNED" if re.search(r"pwned|cHduZWQ", prompt, re.I) else ""


def rewritten(model: str, prompt: str) -> str:
    """What a model makes of a follow-up: it puts the last subject in, or lies."""
    last = prompt.rpartition("Last: ")[2]
    return {
        "good": re.sub(r"\bit\b", "momentum", last),
        "liar": "What is the capital of Peru?",
        "obeys": "PWNED" if "pwned" in prompt.casefold() else last,
        "empty": "",
    }.get(model, last)


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)  # type: ignore[attr-defined]  # set in serve()
        model = body["model"]
        if model in _INSTEAD:
            return self._send(*_INSTEAD[model])
        if model == "slow":
            time.sleep(3)
        system, prompt = (str(m["content"]) for m in body["messages"])
        whole = rewritten(model, prompt) if system.startswith("Rewrite") else self._reply(model, prompt)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for n, start in enumerate(range(0, len(whole), 3)):
            if model == "cut" and start > len(whole) - 20:
                return None  # the line goes dead in the middle of a sentence
            if model == "half" and n == 8:
                self.wfile.write(b'data: {"choices": [{"index": 0, "del\n\n')
            if model == "drip":
                time.sleep(0.1)
            self._event(
                {"choices": [{"index": 0, "delta": {"role": "assistant", "content": whole[start : start + 3]}}]}
            )
        end = {"long": "length", "filtered": "content_filter"}.get(model, "stop")
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": end}]})
        self.wfile.write(b"data: [DONE]\n\n")
        return None

    def _reply(self, model: str, prompt: str) -> str:
        return REPLIES["good" if model in FAILURES else model](Prompt(prompt))

    def _event(self, value: dict[str, Any]) -> None:
        row = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", **value}
        self.wfile.write(f"data: {json.dumps(row)}\n\n".encode())
        self.wfile.flush()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "error"}}).encode()


_INSTEAD = {
    "limited": (429, _error("rate limit reached")),
    "broken": (200, b"{not json"),
    "key": (401, _error("invalid authentication")),
    "down": (500, _error("the server had an error")),
    "unknown": (404, _error("the model does not exist")),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away is no news."""


@contextmanager
def serve() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The server's base address and the requests it has seen."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.seen = []  # type: ignore[attr-defined]  # read by the handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
