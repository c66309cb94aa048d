"""The worker of ``guard.Guard``: reads orders from stdin, writes one JSON reply each to stdout.

    python -m ingest.readers MEMORY_MB

An order is a JSON head and the bytes of a file, each behind its length. The worker ends when stdin closes
or its parent is gone, and, as a last resort, when a file has used twice its time on the processor.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import IO

from ingest.errors import ReadingError
from ingest.readers.guard import LENGTH, read_here, to_json


def main() -> None:
    """Serve until stdin closes."""
    memory_mb = int(sys.argv[1])
    orders = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the pipe of replies
    _limit_memory(memory_mb)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    while head := _part(orders):
        order = json.loads(head)
        _limit_processor(order["seconds"])
        reply = _reply(_part(orders), order["reader"], memory_mb)
        replies.write(LENGTH.pack(len(reply)) + reply)
        replies.flush()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, even in the middle of a file."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _part(orders: IO[bytes]) -> bytes:
    length = orders.read(LENGTH.size)
    return orders.read(LENGTH.unpack(length)[0]) if len(length) == LENGTH.size else b""


def _reply(data: bytes, reader: str, memory_mb: int) -> bytes:
    try:
        return to_json(read_here(data, reader, memory_mb))
    except ReadingError as error:
        return json.dumps({"error": error.what, "todo": error.todo}).encode()
    except MemoryError:
        return json.dumps({"error": f"needed more memory than the {memory_mb} MB it may have; skipped"}).encode()


def _limit_memory(memory_mb: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        _, most = resource.getrlimit(which)
        limit = memory_mb * 1_000_000
        resource.setrlimit(which, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor(seconds: float) -> None:
    """A last resort for a worker whose parent is gone: the guard itself stops a slow file by the clock."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + 2 * seconds) + 2, most))


if __name__ == "__main__":
    main()
