"""The built-in NAS-Bench-201 table: known rows, equal to the reference to the last bit, and quick.

``nb201_sample.json`` has forty rows of the table that it was built from, every column, as Python
writes floats (which is exact).
"""

from __future__ import annotations

import json
import random
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table
from naslib_edd.tables.locate import built_in

SAMPLE = json.loads(Path(__file__).with_name("nb201_sample.json").read_text("utf-8"))
FILE = built_in("nb201")
assert FILE is not None


@pytest.fixture(scope="module")
def table() -> Table:
    return Table.open("nb201")


def test_every_column_of_the_sample_to_the_last_bit(table: Table) -> None:
    assert set(SAMPLE["columns"]) == set(table.columns)
    for name, wanted in SAMPLE["columns"].items():
        found = np.atleast_2d(table.column(name)[SAMPLE["rows"]].T).T
        expected = np.array(wanted, dtype=float)
        assert np.array_equal(found, expected, equal_nan=True), name
        assert table.column(name).dtype == np.float64


@pytest.mark.data("NASLIB_EDD_TABLE")
def test_200_random_rows_are_the_reference_tables(table: Table, real_table: Path) -> None:
    reference = Table.open(real_table)
    rows = random.Random(0).sample(range(nb201.SIZE), 200)
    common = [name for name in table.columns if name in reference.columns]
    assert len(common) >= 6
    for name in common:
        found, wanted = (each.column(name)[rows] for each in (table, reference))
        assert np.array_equal(found, wanted, equal_nan=True), name
    for row in rows:
        assert table.query(row).datasets == reference.query(row).datasets


def test_known_accuracies(table: Table) -> None:
    best = table.query(6111)
    assert (round(best.cifar10.val.value or 0, 2), round(best.cifar10.test.value or 0, 2)) == (
        91.61,
        94.37,
    )
    for dataset, index, accuracy in (
        ("cifar10", 6111, 94.373),
        ("cifar100", 9930, 73.513),
        ("ImageNet16-120", 857, 47.311),
    ):
        found = table.best(dataset, "test")
        assert found.index == index
        value = found.datasets[dataset.lower().replace("-", "_")].test.value
        assert value == pytest.approx(accuracy, abs=0.001)
    skips = table[(nb201.SKIP,) * 6]
    assert skips.index == 1835 and skips.cifar100.test.value == pytest.approx(15.61, abs=0.005)
    assert skips.warning is not None and best.warning is None


def test_it_is_whole(table: Table) -> None:
    assert len(table) == nb201.SIZE and table.format == "packed"
    for values in table.accuracies.values():
        assert np.isfinite(values).all() and ((values > 0) & (values < 100)).all()
    assert table.absent == {}
    runs = table.column("n_seeds")
    assert dict(zip(*np.unique(runs, return_counts=True), strict=True)) == {2: 7456, 3: 8169}
    for dataset in ("cifar10_valid", "cifar100", "imagenet16_120"):
        seeds = table.column(f"{dataset}__val_seeds")
        np.testing.assert_array_equal(np.isfinite(seeds).sum(axis=1), runs)
        mean = np.nanmean(seeds, axis=1)
        np.testing.assert_allclose(mean, table.column(f"{dataset}__val"), rtol=1e-14)


def test_accuracies_are_counts_of_right_images(table: Table) -> None:
    # Float32 of the last batch aside, which moves a value by less than a millionth of a point.
    for name, images in (
        ("cifar10_valid__val_seeds", 25_000),
        ("cifar100__val_seeds", 5_000),
        ("imagenet16_120__valtest_seeds", 6_000),
    ):
        counts = table.column(name) * images / 100
        assert np.nanmax(np.abs(counts - np.rint(counts))) < 1e-4


def test_it_is_small_and_names_its_authors(table: Table) -> None:
    assert FILE.stat().st_size <= 1.5e6
    assert "Xuanyi Dong" in table.about["licence"] and "MIT" in table.about["licence"]
    root = Path(__file__).parents[2]
    assert "Copyright (c) Xuanyi Dong" in (root / "NOTICE").read_text("utf-8")
    card = FILE.with_name("NB201.md").read_text("utf-8")
    for column in ("cifar10_valid__val", "cifar100__valtest_seeds", "n_seeds"):
        assert column in card
    assert f"{FILE.stat().st_size:,} bytes" in card
    assert not any("latency" in name for name in table.arrays)


def test_times_are_said_to_be_estimates(table: Table) -> None:
    notes = table.query(0).notes
    assert "2.000 × CIFAR-10's" in notes["cifar100.train_time_s"]
    assert "6.068 × CIFAR-10's" in notes["imagenet16_120.train_time_s"]
    assert "200 times the mean epoch" in notes["cifar10.train_time_s"]


def test_miscounted_parameters_are_said_and_counted(table: Table) -> None:
    record = table.query(15474)
    assert record.cifar10.params_M == 0.559386
    assert "the network has 0.802426 M parameters" in record.notes["cifar10.params_M"]
    noted = [r.index for r in table if "cifar100.params_M" in r.notes]
    assert noted == sorted(nb201_cost.MISCOUNTED)
    # Limits go by the network, not by the file's count.
    assert table.cost("cifar10", "params_M")[15474] == pytest.approx(0.802426)


def test_the_noise_between_seeds(table: Table) -> None:
    val, test = (table.noise("cifar100", split) for split in ("val", "test"))
    assert val is not None and test is not None
    assert val.seeds == 3 and 0.3 < val.seed_std < 1 and 0.3 < test.regret_band < 2
    of_ten = table.noise("cifar10", "val")
    assert of_ten is not None and of_ten.seed_std_top < val.seed_std_top
    assert table.noise("cifar10", "test") is None  # the source has the mean alone


@pytest.mark.parametrize("at", [0, 50, 1000, 400_000, -5, -70])
def test_a_damaged_byte_is_refused(tmp_path: Path, at: int) -> None:
    content = bytearray(FILE.read_bytes())
    content[at] ^= 4
    damaged = tmp_path / "nb201.npz"
    damaged.write_bytes(content)
    with pytest.raises(UserError, match=str(damaged)):
        Table.open(damaged)
    damaged.write_bytes(FILE.read_bytes()[:-3000])
    with pytest.raises(UserError, match=str(damaged)):
        Table.open(damaged)


@pytest.mark.parametrize("name", ["nb201", "digits"])
def test_opening_takes_at_most_30_ms(name: str) -> None:
    """With the checks: measured are 7 ms for the first time and 1.7 ms after that."""
    seconds = []
    for _ in range(9):
        start = time.process_time()
        Table.open(name)
        seconds.append(time.process_time() - start)
    assert statistics.median(seconds) <= 0.030


def test_all_queries_take_at_most_a_second(table: Table) -> None:
    seconds = []
    for _ in range(3):
        fresh: Any = Table.open("nb201")
        start = time.process_time()
        for index in range(nb201.SIZE):
            fresh.query(index)
        seconds.append(time.process_time() - start)
    assert min(seconds) <= 1.0
