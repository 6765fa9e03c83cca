"""Formats are told by content; what is foreign or damaged is refused in one line."""

from __future__ import annotations

import bz2
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables import Table


def refusal(path: Path) -> str:
    """The message, which must be one line that names the file."""
    with pytest.raises(UserError) as caught:
        Table.open(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_names_do_not_matter(
    compact_file: Path,
    naslib_pickle: Path,
    nats_folder: Path,
    write_pth: Callable[..., Path],
    tmp_path: Path,
) -> None:
    formats = {
        "compact": compact_file,
        "naslib-pickle": naslib_pickle,
        "nats-bench": nats_folder,
        "nb201-pth": write_pth(),
    }
    for number, (name, path) in enumerate(formats.items()):
        # Each under another's usual ending.
        ending = (".pth", ".npz", ".pickle", ".pickle.pbz2")[number]
        disguised = tmp_path / f"disguised{ending}"
        disguised.symlink_to(path, target_is_directory=path.is_dir())
        assert Table.open(disguised).format == name


@pytest.mark.parametrize(
    "content",
    [
        b"index,accuracy\n0,93.2\n",
        b'{"arch": 1}',
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\x93NUMPY\x01\x00" + bytes(100),
        bytes(1000),
        b"c",
        b"PK",
        b"cifar10 is not a pickle.",
        b"(nor is this).",
    ],
)
def test_foreign_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.npz"
    path.write_bytes(content)
    assert "known formats: the compact .npz, NAS-Bench-201's .pth" in refusal(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.touch()
    assert "is empty" in refusal(path)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "t"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "a zip file without a table" in refusal(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_truncated_compact(compact_file: Path, tmp_path: Path, share: float) -> None:
    assert "cut short or damaged" in refusal(cut(compact_file, tmp_path, share))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_truncated_torch(
    write_pth: Callable[..., Path], tmp_path: Path, zipped: bool, share: float
) -> None:
    assert "cut short or damaged" in refusal(cut(write_pth(zipped=zipped), tmp_path, share))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_pickle(naslib_pickle: Path, tmp_path: Path, packed: bool, share: float) -> None:
    if packed:
        naslib_pickle.write_bytes(bz2.compress(naslib_pickle.read_bytes()))
    assert "cut short or damaged" in refusal(cut(naslib_pickle, tmp_path, share))


def test_damaged_bytes(naslib_pickle: Path, tmp_path: Path) -> None:
    """Whatever byte is wrong, the answer is a one-line refusal."""
    data = pickle.dumps(pickle.loads(naslib_pickle.read_bytes()), protocol=2)[:3000]
    path = tmp_path / "t"
    for place in range(0, 300):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        refusal(path)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"x")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "cannot read" in refusal(path)


def cut(path: Path, folder: Path, share: float) -> Path:
    content = path.read_bytes()
    short = folder / "short"
    short.write_bytes(content[: max(20, int(len(content) * share))])
    return short
