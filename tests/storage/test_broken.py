"""Words of files, fit for one line of a terminal."""

from __future__ import annotations

import bz2
import zipfile
import zlib

import pytest

from naslib_edd.storage.broken import BROKEN, first_line, printable


@pytest.mark.parametrize(
    "error", [zlib.error, zipfile.BadZipFile, EOFError, MemoryError, OverflowError, RecursionError]
)
def test_what_damage_raises_is_on_the_list(error: type[Exception]) -> None:
    assert issubclass(error, BROKEN)
    assert not issubclass(KeyboardInterrupt, BROKEN)


def test_real_damage_is_on_the_list() -> None:
    with pytest.raises(BROKEN):
        zlib.decompress(b"x\x9c broken")
    with pytest.raises(BROKEN):
        bz2.decompress(b"BZh9 broken")


def test_one_line_and_not_endless() -> None:
    assert first_line(ValueError("\n one \n two")) == "one"
    assert first_line(EOFError()) == "EOFError"
    assert printable("a\nb\x1b[31m") == "a b [31m"
    assert len(printable("x" * 5000)) == 301
