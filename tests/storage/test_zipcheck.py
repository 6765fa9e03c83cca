"""A zip's own CRCs are asked, and what would fill the memory is refused before it is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from naslib_edd.storage.zipcheck import zip_fault


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/data", bytes(range(256)) * 20)
        file.writestr("a/packed", b"x" * 5000, zipfile.ZIP_DEFLATED)
    return path


def test_a_whole_file_has_no_fault(archive: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert zip_fault(archive, progress=lambda done, of: seen.append((done, of))) is None
    assert seen[-1] == (10_120, 10_120)


def test_every_flipped_byte_of_content_is_found(archive: Path) -> None:
    data = archive.read_bytes()
    start = data.index(bytes(range(256)))
    for place in range(start, start + 5120, 61):
        archive.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        fault = zip_fault(archive)
        assert fault is not None and "damaged (Bad CRC-32" in fault


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_file_cut_short(archive: Path, share: float) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    assert "cut short or damaged" in str(zip_fault(archive))


def test_sizes_are_looked_at_before_unpacking(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(10_000_000))
    assert zip_fault(path) is None
    assert "would unpack to 10000000 bytes" in str(zip_fault(path, largest=1_000_000))


def test_members_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("x", b"1")
        file.writestr("x", b"2")
    assert zip_fault(path) == "is a zip file with two members of one name"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        zip_fault(tmp_path / "none")
