"""The compact file: checked cheaply when opened, read as late as possible."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, compact, convert
from naslib_edd.tables.columns import Source


def write(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def test_columns_are_read_when_asked_for(compact_file: Path) -> None:
    source = compact.read(compact_file)
    assert isinstance(source.arrays, compact.LazyArrays)
    assert set(source.arrays._read) == {"arch_ops", "op_names"}
    first = source.arrays["cifar100__val"]
    assert "cifar100__val" in source.arrays._read
    assert source.arrays["cifar100__val"] is first
    assert "nothing" not in source.arrays
    with pytest.raises(KeyError):
        source.arrays["nothing"]


def test_a_file_replaced_meanwhile_does_no_harm(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    path = write(tmp_path / "t", arrays)
    table = Table.open(path)
    path.write_bytes(b"something else")
    np.testing.assert_array_equal(table.column("cifar100__val"), arrays["cifar100__val"])


def test_another_order_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    ops = arrays["arch_ops"].copy()
    ops[[7, 9]] = ops[[9, 7]]
    path = write(tmp_path / "t", arrays | {"arch_ops": ops})
    with pytest.raises(UserError, match=r"not in NAS-Bench-201's order \(row 7 .* of 2 that"):
        Table.open(path)


def test_other_operation_numbers_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    names = np.array(["skip_connect", "none", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"])
    path = write(tmp_path / "t", arrays | {"op_names": names})
    with pytest.raises(UserError, match="numbers its operations skip_connect, none"):
        Table.open(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arch_ops": None}, "no array 'arch_ops'"),
        ({"arch_str": None}, "no array 'arch_str'"),
        ({"arch_ops": np.zeros((10, 6), np.int8)}, r"'arch_ops' in the shape \(10, 6\)"),
        ({"cifar100__val": np.zeros(10)}, r"'cifar100__val' in the shape \(10,\); a column has"),
        (
            {"cifar100__val": np.zeros((nb201.SIZE, 3))},
            r"'cifar100__val' in the shape \(15625, 3\)",
        ),
        ({"cifar100__val": np.full(nb201.SIZE, "x")}, "a column holds numbers"),
        ({"cifar100__val": np.array([None] * nb201.SIZE)}, "Python objects in 'cifar100__val'"),
        ({"other": np.array([{}])}, "Python objects in 'other'"),
    ],
)
def test_wrong_arrays_are_named(
    tmp_path: Path, arrays: dict[str, np.ndarray], change: dict[str, np.ndarray | None], says: str
) -> None:
    changed = {name: value for name, value in (arrays | change).items() if value is not None}
    with pytest.raises(UserError, match=says):
        Table.open(write(tmp_path / "t", changed))


def test_a_table_without_columns_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    path = write(tmp_path / "t", {name: arrays[name] for name in ("arch_str", "arch_ops")})
    with pytest.raises(UserError, match="no column named <dataset>__<metric>"):
        Table.open(path)


def test_a_damaged_column_is_named_when_it_is_read(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    path = write(tmp_path / "t", arrays)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("cifar100__test.npy").header_offset
    content = bytearray(path.read_bytes())
    content[start + 50_000] ^= 0xFF
    path.write_bytes(content)
    table = Table.open(path)
    assert table.column("cifar100__val").shape == (nb201.SIZE,)
    with pytest.raises(UserError, match="an array 'cifar100__test' that cannot be read"):
        table.column("cifar100__test")


def test_files_that_are_not_arrays_are_passed_over(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    path = write(tmp_path / "t", arrays)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README__val", "hello")
    assert "README__val" not in Table.open(path).columns


def test_notes_and_reasons_are_kept(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    source = Source(
        format="compact",
        arrays={"cifar100__val": arrays["cifar100__val"]},
        notes={"cifar100.val": "odd"},
        missing={"cifar100.test": "not measured"},
    )
    table = Table.open(compact.write(source, tmp_path / "t"))
    record = table.query(0)
    assert record.notes == table.info()["notes"] == {"cifar100.val": "odd"}
    assert record.missing["cifar100.test"] == "not measured"
    again = Table.open(convert(tmp_path / "t", tmp_path / "u"))
    assert again.query(0).notes == record.notes
    assert again.query(0).missing["cifar100.test"] == "not measured"
