"""A file's bytes by the window: counted, bounded, told of."""

from __future__ import annotations

import io

import pytest

from naslib_edd.storage.pickles import PickleFault, Stream, stream
from naslib_edd.storage.pickles.stream import free_memory, from_bytes


def test_windows_hold_what_is_needed() -> None:
    data = bytes(range(256)) * 4096
    source = from_bytes(data)
    source.slide(0, 700_000)
    assert source.window[:700_000] == data[:700_000]
    source.slide(600_000, 10)
    assert data[600_000:].startswith(source.window) and len(source.window) >= 10
    source.slide(0, 2**30)
    assert source.window == data[600_000:] and source.done == len(data)
    assert not source.refill(5) and source.window == data[600_005:]


def test_refills_grow_with_what_is_kept() -> None:
    source = from_bytes(bytes(2**22))
    steps = 0
    while source.refill(0):
        steps += 1
    assert steps < 7 and len(source.window) == 2**22


def test_lengths_are_checked_before_they_count() -> None:
    source = from_bytes(b"abcdef")
    source.slide(0)
    source.expect(4, 2)
    for length in (-1, 5, 2**31):
        with pytest.raises(PickleFault, match=f"a string of {length} bytes"):
            source.expect(length, 2)
    Stream(io.BytesIO(b"")).expect(2**29, 0)  # of unknown size


def test_progress_is_told() -> None:
    seen = []
    source = Stream(io.BytesIO(bytes(10**6)), size=10**6, progress=lambda *now: seen.append(now))
    source.slide(0, 10**6)
    assert seen[-1] == (10**6, 10**6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_reading_ends_before_the_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "free_memory", lambda: 100 << 20)
    source = from_bytes(bytes(2**26))
    with pytest.raises(PickleFault, match="only 100 MiB of memory are free after 32 MiB"):
        source.slide(0, 2**26)


def test_free_memory_is_told_or_unknown() -> None:
    free = free_memory()
    assert free is None or free > 2**20
