"""The mutations and the guarded child, which other tests rest on."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

import pytest
from fuzz.child import OUTCOMES, digest, judge
from fuzz.mutations import CHANGES, mutations

from naslib_edd.errors import UserError


def test_mutations_differ_from_the_file_and_repeat() -> None:
    data = bytes(range(256)) * 8
    first = list(mutations(data, count=200, seed=1))
    assert first == list(mutations(data, count=200, seed=1))
    assert len({changed for _, changed in first}) > 190
    assert all(changed != data for _, changed in first)
    assert {name.rpartition(" ")[0] for name, _ in first} == set(CHANGES)
    assert first != list(mutations(data, count=200, seed=2))


@pytest.mark.parametrize("data", [b"\0", b"ab", bytes(5000)])
def test_even_odd_files_are_changed(data: bytes) -> None:
    assert all(changed != data for _, changed in mutations(data, count=100, seed=0))


def behave(path: Path) -> str:
    """A reader that does what its file says."""
    what = path.read_text()
    if what == "refuse":
        raise UserError(f"{path} is bad")
    if what == "two lines":
        error = UserError("one")
        error.args = ("one\ntwo",)  # else it would have made one line of it
        raise error
    if what == "raise":
        raise KeyError(what)
    if what == "print":
        print("not a reply")
    elif what == "crash":
        ctypes.string_at(0)
    elif what == "exit":
        os._exit(0)
    elif what == "hang":
        time.sleep(60)
    elif what == "memory":
        bytearray(1 << 30)
    elif what == "caught":
        try:
            bytearray(1 << 30)
        except MemoryError as error:
            raise UserError(f"{path} is bad") from error
    return digest([what if what == "other" else "same"])


def test_every_outcome_is_told(tmp_path: Path) -> None:
    wanted = {
        "refuse": "refused",
        "original": "same",
        "print": "same",
        "other": "different",
        "raise": "traceback",
        "two lines": "traceback",
        "crash": "crash",
        "exit": "crash",
        "hang": "hang",
        "memory": "memory",
        "caught": "memory",
    }
    cases = [(name, name.encode()) for name in wanted]
    found = judge(
        "fuzz.test_mutations:behave", b"original", cases, path=tmp_path / "file", seconds=1.5
    )
    assert {case.case: case.outcome for case in found} == wanted
    assert set(wanted.values()) == set(OUTCOMES)


def test_a_reader_that_cannot_read_the_original_is_no_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not read the undamaged file"):
        list(judge("fuzz.test_mutations:behave", b"refuse", [], path=tmp_path / "file"))
