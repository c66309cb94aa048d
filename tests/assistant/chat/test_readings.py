"""Readings brought from the page (assistant/chat/readings.py): what is told while it goes on."""

from __future__ import annotations

import threading

from assistant.chat.readings import Bringing, Progress, Stage


def test_each_stage_is_told_in_its_own_words():
    """Whoever watches sees which file is read, how many are taken in, and how many were asked for."""
    seen, told = threading.Event(), []

    def work(progress: Progress) -> Stage:
        for stage, done, total in (("fetching", 1, 3), ("readings", 2, 102), ("doe-2001/paper.pdf", 5, 9)):
            progress(stage, done, total)
            seen.wait(10)
            seen.clear()
        return Stage("Done.", over=True)

    bringing = Bringing()
    assert bringing.start("Asking the web", work)
    for stage in bringing.watch():
        told.append((stage.text, stage.done, stage.total))
        seen.set()
    assert [t for t in told if t[2]] == [
        ("Fetching, politely: 1 of 3 files asked for", 1, 3),
        ("Reading: 2 of 102 files taken in", 2, 102),
        ("Reading doe-2001/paper.pdf", 5, 9),
    ]
    assert told[-1][0] == "Done."
