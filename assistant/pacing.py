"""How fast and how many at once people and programs may ask. Pure but for the clock.

One limit serves the page and the programs, so that neither starves the other.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

#: Questions that one session, or one program's address, may ask in a minute.
A_MINUTE = 30
#: Questions answered at the same time, and those that may wait behind them.
AT_ONCE, WAITING = 4, 60


def slower(wait: int) -> str:
    """What a person is told who asks too fast."""
    return f"That is a lot of questions at once; go on in {wait} second{'' if wait == 1 else 's'}."


class Pace:
    """How fast each session asks; forgets sessions that were quiet for a minute."""

    def __init__(self, most: int = A_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock, self._lock = most, clock, threading.Lock()
        self._asked: dict[str, deque[float]] = {}

    def wait(self, session: str) -> int:
        """Seconds until the session may ask again; 0, and the question counts, where it may now."""
        now = self._clock()
        with self._lock:
            self._asked = {s: times for s, times in self._asked.items() if now - times[-1] < 60}
            times = self._asked.setdefault(session, deque(maxlen=self._most))
            if len(times) == self._most and now - times[0] < 60:
                return max(1, round(60 - (now - times[0])))
            times.append(now)
        return 0
