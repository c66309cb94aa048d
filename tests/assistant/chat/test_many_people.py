"""A class on one server: people who ask at the same time get their own answers, soon, and memory stays flat."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from assistant.answering import Assistant
from tests.assistant.chat.conftest import serving, with_reading
from tests.assistant.chat.crowd import Person, crowd, memory_mb, served, slope, soak


def check(everybody: list[Person]) -> None:
    for person in everybody:
        assert [t["question"] for t in person.kept["turns"]] == person.asked
        assert all(t["answer"] for t in person.kept["turns"])


def test_five_people_at_once_do_not_mix(held: Assistant) -> None:
    """Each gets the answers to their own questions, in order."""
    with serving(held) as address:
        check(crowd(address, 5, seconds=2, every=1))


@pytest.mark.long
def test_fifty_people_for_a_minute(held: Assistant, capsys: pytest.CaptureFixture[str]) -> None:
    """Fifty people, each asking every ten seconds: no error, nothing mixed, the first words of nineteen in twenty
    within five times what one person alone waits for them, memory flat after the first rounds."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    with serving(held) as address:
        crowd(address, 10, seconds=10, every=5)
        alone = crowd(address, 1, seconds=20, every=2)
        before = memory_mb()
        everybody = crowd(address, 50, seconds=60, every=10)
        after = memory_mb()
    check(everybody)
    single = statistics.median(alone[0].waits)
    p95 = statistics.quantiles([w for p in everybody for w in p.waits], n=20)[-1]
    asked = sum(len(p.asked) for p in everybody)
    with capsys.disabled():
        print(
            f"\n{asked} answers; first words alone {single:.2f} s, p95 {p95:.2f} s; memory {before:.0f} to {after:.0f} MB"
        )
    assert asked == 300
    assert p95 <= 5 * single
    assert after - before < 60


@pytest.mark.long
def test_memory_stays_flat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five minutes of people who come, ask and go: after the first half the server holds no more memory, descriptors
    or threads by the minute, though half of its visitors are new ones."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    settings = with_reading(tmp_path)
    with served(settings.home, settings.corpus) as (address, process), capsys.disabled():
        sights = soak(address, process, 5, 20, every=2.5, look=10)
    late = sights[len(sights) // 2 :]
    assert slope(late) < 1.5  # MB a minute
    assert max(s.descriptors for s in late) <= max(s.descriptors for s in sights[: len(sights) // 2]) + 5
    assert max(s.threads for s in late) <= max(s.threads for s in sights[: len(sights) // 2]) + 5
