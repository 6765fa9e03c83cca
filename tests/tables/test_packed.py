"""Packing loses nothing, whatever the columns, and says which way it took."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, packed, packing


def written(tmp_path: Path, **columns: Any) -> tuple[Table, dict[str, Any]]:
    seeds = columns.pop("n_seeds", np.full(nb201.SIZE, 2))
    path = tmp_path / "packed.npz"
    packing.write({"n_seeds": seeds, **columns}, path, about={"a": 1}, notes={}, missing={})
    with np.load(path) as file:
        ways = json.loads(str(file["packing"]))
    return Table.open(path), ways


def accuracies(images: int, *, runs: int = 2, seed: int = 0) -> np.ndarray:
    """As the benchmark computes them: exact batches of 256, the last one through float32."""
    rng = np.random.default_rng(seed)
    last = images % 256
    right = rng.integers(0, last + 1, (nb201.SIZE, runs))
    before = rng.integers(0, images - last, (nb201.SIZE, runs))
    rounded = (right.astype(np.float32) * np.float32(100.0 / last)).astype(float)
    return (100.0 * before + rounded * last) / images


def test_accuracies_come_back_to_the_last_bit(tmp_path: Path) -> None:
    seeds = accuracies(5000)
    mean = seeds.mean(axis=1)
    table, ways = written(tmp_path, cifar100__val_seeds=seeds, cifar100__val=mean)
    assert ways["cifar100__val_seeds"] == {"how": "counts", "images": 5000, "runs": 1}
    assert ways["cifar100__val"]["how"] == "mean"
    np.testing.assert_array_equal(table.column("cifar100__val_seeds"), seeds)
    np.testing.assert_array_equal(table.column("cifar100__val"), mean)


def test_means_without_their_seeds(tmp_path: Path) -> None:
    runs = np.where(np.arange(nb201.SIZE) % 2, 2, 3)
    seeds = accuracies(3000, runs=3, seed=1)
    mean = np.array([row[:n].mean() for row, n in zip(seeds, runs, strict=True)])
    table, ways = written(tmp_path, imagenet16_120__test=mean, n_seeds=runs)
    assert ways["imagenet16_120__test"] == {"how": "counts", "images": 3000, "runs": "n_seeds"}
    np.testing.assert_array_equal(table.column("imagenet16_120__test"), mean)


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    seeds = accuracies(5000)
    seeds[::7, 1] = np.nan
    seeds[5] = np.nan
    table, ways = written(tmp_path, cifar100__val_seeds=seeds)
    assert ways["cifar100__val_seeds"]["how"] == "counts"
    np.testing.assert_array_equal(table.column("cifar100__val_seeds"), seeds)


def test_what_fits_no_way_is_kept_as_it_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    odd = rng.uniform(0, 100, nb201.SIZE)
    odd[3] = np.nan
    wide = rng.normal(size=(nb201.SIZE, 4)) * 1e300
    table, ways = written(tmp_path, cifar10__test=odd, mine__x_seeds=wide, mine__val=odd)
    assert {way["how"] for way in ways.values()} == {"raw"}
    np.testing.assert_array_equal(table.column("cifar10__test"), odd)
    np.testing.assert_array_equal(table.column("mine__x_seeds"), wide)


def test_times_and_sizes(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    times = rng.uniform(500, 3000, nb201.SIZE)
    from naslib_edd.spaces.nb201.cost import flops, parameters

    params = parameters(nb201.all_ops()) / 1e6
    params[77] += 0.028
    counted = flops(nb201.all_ops(), classes=100) / 1e6
    columns = {
        "cifar10_valid__train_time_200ep_s": times,
        "imagenet16_120__train_time_200ep_s": times / 25_000 * 151_700,
        "cifar10_valid__params_M_reported": params,
        "cifar100__flops_M_formula": counted,
        "cifar10_valid__val": accuracies(25_000)[:, 0],
    }
    table, ways = written(tmp_path, **columns)
    assert [ways[name]["how"] for name in columns] == ["raw", "scaled", "params", "flops", "counts"]
    for name, values in columns.items():
        np.testing.assert_array_equal(table.column(name), values, err_msg=name)


def test_the_same_columns_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, cifar100__val_seeds=accuracies(5000))
    one, other = ((tmp_path / name / "packed.npz").read_bytes() for name in ("a", "b"))
    assert one == other


def test_a_packing_that_is_not_understood(tmp_path: Path) -> None:
    members = {"packing": np.array('{"a": 1}'), "n_seeds": np.ones(3)}
    path = tmp_path / "odd.npz"
    path.write_bytes(packing._signed(members))
    with pytest.raises(UserError, match="is no packed table"):
        packed.read(path)
    with pytest.raises(UserError, match="needs 'n_seeds'"):
        packing.write({}, path, about={}, notes={}, missing={})
