"""Checksums inside the files that they are of: whole, damaged, lost, of before there were any."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.storage import envelope
from naslib_edd.storage.lines import check_epochs, line_of, read_lines, read_rows

ROW = {"epoch": 1, "t": 0.1 + 0.2, "name": "β", "ops": [1, 2], "none": None, "table": {"a": 1e-9}}


def test_json_is_summed_by_content() -> None:
    text = json.dumps(envelope.sealed(ROW))
    assert envelope.opened(text.encode()) == (ROW, True)
    assert envelope.opened(json.dumps(json.loads(text), indent=3).encode()) == (ROW, True)
    assert envelope.opened(json.dumps(ROW).encode()) == (ROW, False)
    assert json.loads(text)[envelope.KEY] == envelope.of_values(ROW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (json.dumps(envelope.sealed(ROW)).replace("0.30000000000000004", "0.3"), "does not fit"),
        (json.dumps(envelope.sealed(ROW)).replace('"epoch"', '"epoc"'), "does not fit"),
        (json.dumps({**ROW, "crc": "1-00000000"}), "does not fit"),
        (json.dumps({**ROW, "crc": "2-00000000"}), "version 2, and this program knows version 1"),
        (json.dumps({**ROW, "crc": 17}), "damaged checksum"),
        ("[1, 2]", "not a JSON object"),
        ('{"epoch": 1', "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_json_that_does_not_fit(text: str, words: str) -> None:
    with pytest.raises(envelope.Damaged, match=words):
        envelope.opened(text.encode())


def test_config() -> None:
    text = "optimizer: gdas\nseed: 0\n"
    sealed = envelope.seal_config(text)
    assert envelope.open_config(sealed.encode()) == (text, True)
    assert envelope.open_config(sealed.replace("\n", "\r\n").encode()) == (text, True)
    assert envelope.open_config(text.encode()) == (text, False)
    with pytest.raises(envelope.Damaged, match="does not fit"):
        envelope.open_config(sealed.replace("seed: 0", "seed: 1").encode())
    with pytest.raises(envelope.Damaged, match="not UTF-8"):
        envelope.open_config(b"\xff\xfe")


def test_the_fast_checksum_is_the_slow_one() -> None:
    """isal's, where it is installed, beside zlib's."""
    source = np.random.default_rng(0)
    for size in (0, 1, 63, 4096, 100_003):
        data = source.bytes(size)
        assert envelope.crc32(data) == envelope.crc32(memoryview(data)) == zlib.crc32(data)  # type: ignore[attr-defined]


def write(path: Path, *texts: str) -> Path:
    path.write_text("".join(texts), encoding="utf-8")
    return path


def rows(count: int) -> list[str]:
    return [line_of({"epoch": number, "t": 1 / number}) for number in range(1, count + 1)]


def test_a_damaged_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    first, second, third = rows(3)
    path = write(tmp_path / "record.jsonl", first, second.replace("0.5", "0.6"), third)
    lines = read_lines(path)
    assert [line.row and line.row["epoch"] for line in lines] == [1, None, 3]
    assert all(line.has_seal for line in (lines[0], lines[2]))
    with pytest.raises(UserError, match=r"line 2 of .*does not fit its checksum"):
        read_rows(path)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    first, second = rows(2)
    assert len(read_rows(write(tmp_path / "a", first, second[:20]))) == 1
    # Not torn: it has its end.
    with pytest.raises(UserError, match="line 2 of"):
        read_rows(write(tmp_path / "b", first, second[:20] + "\n"))


def test_a_line_that_lost_its_checksum(tmp_path: Path) -> None:
    first, second = rows(2)
    bare = json.dumps({"epoch": 2, "t": 0.5}) + "\n"
    with pytest.raises(UserError, match=r"line 2 of .* has lost its checksum"):
        read_rows(write(tmp_path / "a", first, bare))
    # Of an older version, which wrote none: then they all have none, or the later ones have.
    assert len(read_rows(write(tmp_path / "b", json.dumps({"epoch": 1}) + "\n", second))) == 2


def test_epochs_in_order(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    check_epochs(path, [{"epoch": 1}, {"epoch": 2}])
    for wrong in ([1, 1, 2], [1, 3], [2, 3]):
        with pytest.raises(UserError, match="two processes wrote this run"):
            check_epochs(path, [{"epoch": number} for number in wrong])
