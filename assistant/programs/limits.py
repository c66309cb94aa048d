"""How fast each program may ask, and how many are answered at once: the same limits as the page has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.requests import Request

from assistant.pacing import AT_ONCE, WAITING, Pace
from ingest.errors import UnderhoodError


class Limits:
    """How fast each caller may ask, how many are answered at once, how many may wait behind them."""

    def __init__(self, pace: Pace, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._pace, self._most = pace, at_once + waiting
        self._slots = anyio.CapacityLimiter(at_once)
        self._inside = 0

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """A place among those that are answered; raises Busy where there is none."""
        if wait := self._pace.wait(caller):
            raise Busy(f"that is a lot of questions at once; go on in {wait} seconds", wait)
        if self._inside >= self._most:
            raise Busy("too many questions are waiting; ask again in some seconds", 5)
        self._inside += 1
        try:
            async with self._slots:
                yield
        finally:
            self._inside -= 1


class Busy(UnderhoodError):
    """A caller must wait so many seconds."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(what)
        self.seconds = seconds


def caller(request: Request) -> str:
    """Who asks: the name they signed in with, else their address."""
    name = request.scope.get("underhood_name")
    return f"program:{name or (request.client.host if request.client else '')}"
