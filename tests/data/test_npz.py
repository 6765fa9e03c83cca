"""Arrays of an .npz: whole and checked, or refused in a line."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.data import npz
from naslib_edd.data.npz import read_arrays
from naslib_edd.errors import UserError


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_named_arrays_come_back(tmp_path: Path, save: object) -> None:
    path = tmp_path / "a.npz"
    wanted = {"x": np.arange(12).reshape(3, 4), "empty": np.zeros((0, 3)), "one": np.array(1.5)}
    save(path, **wanted, other=np.zeros(3))  # type: ignore[operator]
    found = read_arrays(path, ("x", "empty", "one", "missing"))
    assert found.keys() == wanted.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, wanted[name])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_anywhere_is_found(tmp_path: Path, save: object) -> None:
    path = tmp_path / "a.npz"
    save(path, x=np.random.default_rng(0).random(200))  # type: ignore[operator]
    data = path.read_bytes()
    for place in range(200, len(data) - 200, 97):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(UserError, match=r"is not a readable \.npz"):
            read_arrays(path, ("x",))


def _claiming(path: Path, shape: tuple[int, ...]) -> Path:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", buffer.getvalue() + bytes(10))
    return path


@pytest.mark.parametrize("shape", [(9,), (11,), (10**15,), (2**40, 2**40)])
def test_a_header_must_fit_its_bytes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert read_arrays(_claiming(tmp_path / "good.npz", (10,)), ("x",))["x"].shape == (10,)
    with pytest.raises(UserError, match="'x' has 10 bytes, which do not fit its shape"):
        read_arrays(_claiming(tmp_path / "a.npz", shape), ("x",))


def test_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([print], dtype=object))
    with pytest.raises(UserError, match="'x' holds Python objects"):
        read_arrays(tmp_path / "a.npz", ("x",))


def test_the_free_memory_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(10**5))
    monkeypatch.setattr(npz, "free_memory", lambda: 10**5)
    with pytest.raises(UserError, match=r"unpacks to .* GiB, and .* are free"):
        read_arrays(tmp_path / "a.npz", ("x",))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*No such file"):
        read_arrays(tmp_path / "none.npz", ("x",))
