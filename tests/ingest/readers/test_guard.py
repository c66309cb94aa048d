"""The guard: whatever a file does to its reader, the file is skipped with a reason and the next one is read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import ReadingError
from ingest.readers import Guard, Limits, format_of, read_guarded, recipe
from ingest.readers import guard as guarding

Injected = Callable[[str], dict[str, str]]


def refusal(guard: Guard, data: bytes = b"%PDF-", name: str = "x.pdf") -> str:
    with pytest.raises(ReadingError) as caught:
        guard.read(data, name, "pdf")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_crash_is_a_reason_and_the_next_file_is_read(injected: Injected) -> None:
    """A reader that dies by a signal takes its own file with it and no other."""
    with Guard(readers=injected("os.kill(os.getpid(), 11)")) as guard:
        assert refusal(guard) == "x.pdf: crashed the reader (signal 11); skipped"
        assert guard.read(b"# Fine", "y.md", "markdown").text == "Fine"


def test_exit_is_a_reason(injected: Injected) -> None:
    """A reader that ends its process is named with its exit status."""
    with Guard(readers=injected("os._exit(3)")) as guard:
        assert refusal(guard) == "x.pdf: ended the reader (exit 3); skipped"


def test_endless_loop_ends_at_its_time(injected: Injected) -> None:
    """A file that would never end is stopped after the seconds it may have."""
    with Guard(Limits(seconds=1), injected("while True: pass")) as guard:
        began = time.monotonic()
        assert refusal(guard) == "x.pdf: took more than 1 s; skipped"
        assert time.monotonic() - began < 5
        assert guard.read(b"# Fine", "y.md", "markdown").text == "Fine"


def test_waiting_for_a_busy_processor_is_not_the_files_fault(
    injected: Injected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others took of the processor does not count: here the reader waits for it half of the time."""
    began = time.monotonic()
    monkeypatch.setattr(guarding, "_waited", lambda process: (time.monotonic() - began) / 2)
    with Guard(Limits(seconds=1.5), injected("time.sleep(2)\nreturn Parsed(text='words')")) as guard:
        assert guard.read(b"%PDF-", "x.pdf", "pdf").text == "words"
        assert "took more than" in refusal(Guard(Limits(seconds=0.5), injected("time.sleep(9)")))


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell")
def test_the_system_tells_what_a_process_waited() -> None:
    """Seconds, never falling; a process that is none has waited for nothing."""
    first = guarding._waited(os.getpid())
    assert 0 <= first <= guarding._waited(os.getpid())
    assert guarding._waited(2**30) == 0


def test_memory_is_bounded(injected: Injected) -> None:
    """A file that swells in memory is refused at the limit, and the worker lives on."""
    with Guard(Limits(memory_mb=600), injected("return Parsed(text=str(len(bytearray(2_000_000_000))))")) as guard:
        assert refusal(guard) == "x.pdf: needed more memory than the 600 MB it may have; skipped"
        assert guard.read(b"# Fine", "y.md", "markdown").text == "Fine"


def test_output_is_bounded(injected: Injected) -> None:
    """A small file that becomes a huge text, as a bomb does, is refused."""
    with Guard(Limits(output_mb=1), injected("return Parsed(text='x' * 3_000_000)")) as guard:
        assert refusal(guard) == "x.pdf: swells to more than 1 MB of text; skipped"


def test_input_is_bounded() -> None:
    """A file larger than the limit is not even sent to the reader."""
    with Guard(Limits(input_mb=1)) as guard:
        assert refusal(guard, b"%PDF-" + bytes(range(1, 255)) * 5000) == "x.pdf: is larger than 1 MB; skipped"


def test_any_exception_becomes_one_line(injected: Injected) -> None:
    """An unforeseen exception of a reader names its kind and is one line."""
    with Guard(readers=injected("raise KeyError('a\\nb')")) as guard:
        assert refusal(guard).startswith("x.pdf: could not be read (KeyError: ")
    with Guard(readers=injected("def f(): return f()\nreturn f()")) as guard:
        assert refusal(guard) == "x.pdf: is nested too deeply; skipped"


def test_what_a_reader_prints_stays_out_of_the_reply(injected: Injected) -> None:
    """Libraries that print do not disturb the pipe."""
    with Guard(readers=injected("print('noise' * 10000)\nos.write(1, b'more')\nreturn Parsed(text='words')")) as guard:
        assert guard.read(b"%PDF-", "x.pdf", "pdf").text == "words"


def test_one_worker_reads_many_files_and_is_replaced_after_a_crash(injected: Injected) -> None:
    """Files do not pay an interpreter's start each; after a crash there is another worker."""
    body = "if b'crash' in data: os._exit(1)\nreturn Parsed(text=str(os.getpid()))"
    with Guard(readers=injected(body)) as guard:
        first, second = (guard.read(b"%PDF-", "x.pdf", "pdf").text for _ in range(2))
        refusal(guard, b"crash")
        assert first == second != guard.read(b"%PDF-", "x.pdf", "pdf").text
        assert int(first) != os.getpid()


def test_worker_ends_with_its_parent(injected: Injected, tmp_path: Path) -> None:
    """kill -9 of the importing process leaves no worker behind, even one in the middle of a file."""
    readers = injected(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    script = f"from ingest.readers import Guard\nGuard(readers={readers!r}).read(b'%PDF-', 'x', 'pdf')"
    parent = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": f"{Path.cwd()}:{tmp_path}"}
    )
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    worker = int(pid.read_text())
    while time.monotonic() < deadline:
        status = Path(f"/proc/{worker}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.pdf", "a.pdf: is empty"),
        (b"\0\0 \n", "a.md", "a.md: is empty"),
        (b"PK\x03\x04", "a.docx", "a.docx: is not a format known here (pdf, html, md, ipynb, vtt, srt)"),
        (b"%PDF-1.4 and then nothing", "a.pdf", "a.pdf: is damaged: no PDF pages can be found in it"),
        (b"{", "a.ipynb", "a.ipynb: is no notebook (not JSON)"),
        (b"WEBVTT\n\nNOTE nothing", "a.vtt", "a.vtt: has no cues"),
    ],
)
def test_reasons(data: bytes, name: str, reason: str) -> None:
    """Every refusal says which file and why, on one line."""
    with pytest.raises(ReadingError) as caught:
        read_guarded(data, name=name)
    assert str(caught.value) == reason


def test_missing_file_is_a_reading_error(tmp_path: Path) -> None:
    """A path that cannot be opened is reported like any unreadable file."""
    with pytest.raises(ReadingError, match=r"gone\.md: cannot be opened"):
        read_guarded(tmp_path / "gone.md")


def test_larger_files_have_more_time_but_not_endlessly() -> None:
    """Twenty seconds for small files, more for large ones, two minutes at most."""
    limits = Limits()
    assert [limits.seconds_for(size) for size in (0, 4_000_000, 14_000_000, 10**9)] == [20, 20, 40, 120]


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"%PDF-1.7", "anything", "pdf"),
        (b"junk before\n%PDF-1.7", "x.bin", "pdf"),
        (b"<!DOCTYPE html><p>", "saved.pdf", "html"),
        (b"\xef\xbb\xbf <html>", "x", "html"),
        (b"WEBVTT\n", "x.txt", "captions"),
        (b"1\n00:00:01,000 --> ", "x.srt", "captions"),
        (b"# Title", "x.md", "markdown"),
        (b"{}", "x.ipynb", "notebook"),
        (b"plain", "x.txt", None),
        (b"\x00\x01binary", "x.md", None),
        (b"PK\x03\x04", "x.zip", None),
    ],
)
def test_format_by_bytes_then_by_ending(data: bytes, name: str, expected: str | None) -> None:
    """The first bytes decide; text without marks of its own goes by its ending."""
    assert format_of(data, name) == expected


def test_recipes_name_the_reader_of_a_file() -> None:
    """A new version of one reader makes only its own files stale."""
    assert recipe("a/b.PDF") == recipe("pdf")
    assert recipe("x.md") != recipe("x.html")
    assert recipe("markdown") in recipe("no-ending")


def test_importing_process_loads_no_parser() -> None:
    """The libraries that parse strangers' files are never imported outside the worker."""
    script = (
        "import sys\nfrom ingest.readers import read_guarded\nread_guarded(b'<html><body><p>Some words.</p>', name='x.html')\n"
        "print([m for m in ('pypdfium2', 'trafilatura', 'markdown_it', 'lxml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
