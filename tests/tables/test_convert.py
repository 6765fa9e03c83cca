"""Every format into the compact one, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, convert


def same(one: Table, other: Table) -> None:
    """Both give the same records, but for the paths in the reasons why fields are missing."""
    assert other.format == "compact"
    assert len(one) == len(other)
    for index in (0, 1, 4, 6110, 15624):
        expected, found = one.query(index), other.query(index)
        assert found.datasets == expected.datasets
        assert found.missing.keys() == expected.missing.keys()
        assert found.notes == expected.notes


def test_compact_keeps_every_array(compact_file: Path, tmp_path: Path) -> None:
    target = convert(compact_file, tmp_path / "new" / "table.npz")
    assert target == tmp_path / "new" / "table.npz"
    with np.load(compact_file) as before, np.load(target) as after:
        assert set(before.files) == set(after.files)
        for name in before.files:
            np.testing.assert_array_equal(before[name], after[name])
            assert before[name].dtype == after[name].dtype
    same(Table.open(compact_file), Table.open(target))


def test_nb201(write_pth: Callable[..., Path], tmp_path: Path) -> None:
    source = write_pth()
    same(Table.open(source), Table.open(convert(source, tmp_path / "t.npz")))


def test_nats_bench(nats_folder: Path, tmp_path: Path) -> None:
    same(Table.open(nats_folder), Table.open(convert(nats_folder, tmp_path / "t.npz")))


def test_naslib(naslib_pickle: Path, tmp_path: Path) -> None:
    source = Table.open(naslib_pickle)
    target = Table.open(convert(naslib_pickle, tmp_path / "t.npz"))
    same(source, target)
    assert target.query(0).missing["cifar10.test"] == source.query(0).missing["cifar10.test"]


def test_the_layout_of_an_official_source(nats_folder: Path, tmp_path: Path) -> None:
    with np.load(convert(nats_folder, tmp_path / "t.npz"), allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["arch_str"][6111] == nb201.ops_to_str(nb201.index_to_ops(6111))
    assert arrays["op_names"].tolist() == list(nb201.OPERATIONS)
    np.testing.assert_array_equal(arrays["arch_ops"], nb201.all_ops())
    assert arrays["n_seeds"][[0, 1, 5, 6110]].tolist() == [1, 2, 3, 3]
    for name in ("cifar10_valid__val", "cifar10__test", "cifar100__val", "imagenet16_120__test"):
        seeds = arrays[f"{name}_seeds"]
        assert seeds.shape == (nb201.SIZE, 3)
        known = np.isfinite(seeds).sum(axis=1)
        np.testing.assert_array_equal(known, arrays["n_seeds"])
        rows = np.flatnonzero(known)
        np.testing.assert_allclose(np.nanmean(seeds[rows], axis=1), arrays[name][rows])
        assert f"{name}_ep12" in arrays
    assert "cifar100__valtest_seeds" in arrays
    assert arrays["n_seeds"].sum() == 9


def test_the_same_source_gives_the_same_bytes(naslib_pickle: Path, tmp_path: Path) -> None:
    one = convert(naslib_pickle, tmp_path / "one").read_bytes()
    assert convert(naslib_pickle, tmp_path / "two").read_bytes() == one


def test_a_table_can_be_converted_onto_itself(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays)
    convert(path, path)
    np.testing.assert_array_equal(Table.open(path).column("latency_ms"), arrays["latency_ms"])


def test_nothing_is_written_for_a_bad_source(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("no table")
    for source, error in (("bad", UserError), ("nowhere", DataMissing)):
        with pytest.raises(error):
            convert(tmp_path / source, tmp_path / "t.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]
