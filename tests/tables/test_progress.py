"""What is said while a large file is read, and nothing about small ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from naslib_edd.tables import progress
from naslib_edd.tables.progress import reading


def test_small_files_are_read_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with reading(Path("x"), 10**6, memory=1.0) as told:
        told(10**5, 10**6)
    assert capsys.readouterr() == ("", "")


def test_a_line_before_and_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    monkeypatch.setattr(progress, "free_memory", lambda: 8 << 30)
    with reading(Path("a/file.pth"), 4 << 30, memory=0.5) as told:
        before = capsys.readouterr()
        assert before.out == "" and before.err.count("\n") == 1
        assert before.err.startswith("reading a/file.pth: 4.0 GiB")
        assert "about 2.0 GiB of memory (8.0 GiB are free)" in before.err
        assert "table convert" in before.err
        told(1 << 28, 4 << 30)
        assert capsys.readouterr().err == ""  # not every moment
        now[0] = 60.0
        told(1 << 30, 4 << 30)
        assert capsys.readouterr().err == "reading file.pth: 25%, about 3.0 minutes left\n"


def test_an_unknown_amount_of_memory_is_not_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    with reading(Path("x"), 1 << 30, memory=None):
        assert "of memory" not in capsys.readouterr().err
