"""The real benchmark: known rows, order, and speed. Needs NASLIB_EDD_TABLE.

Times are the processor's: the file is small and cached, and what else the machine does is not ours.
"""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, convert

pytestmark = pytest.mark.data("NASLIB_EDD_TABLE")


@pytest.fixture(scope="module")
def compact(real_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = Table.open(real_table)
    if table.format == "compact":
        return real_table
    return convert(real_table, tmp_path_factory.mktemp("real") / "table.npz")


@pytest.fixture(scope="module")
def table(compact: Path) -> Table:
    return Table.open(compact)


def test_it_is_whole_and_in_order(table: Table) -> None:
    assert len(table) == nb201.SIZE
    np.testing.assert_array_equal(table.column("arch_ops"), nb201.all_ops())
    strings = table.column("arch_str")
    for index in range(nb201.SIZE):
        assert nb201.ops_to_str(nb201.index_to_ops(index)) == strings[index]
    for values in table.accuracies.values():
        assert values.shape == (nb201.SIZE,)
        assert ((values > 0) & (values < 100)).all()


def test_known_rows(table: Table) -> None:
    skips = table.query(1835)
    assert skips.ops == (nb201.SKIP,) * 6
    for entry, val, test in (
        (skips.cifar10, 39.77, 54.30),
        (skips.cifar100, 15.03, 15.61),
        (skips.imagenet16_120, 16.43, 16.32),
    ):
        assert entry.val.value == pytest.approx(val, abs=0.005)
        assert entry.test.value == pytest.approx(test, abs=0.005)
    best = table.query(9930).cifar100
    assert best.val.value == pytest.approx(73.49, abs=0.005)
    assert best.test.value == pytest.approx(73.51, abs=0.005)


@pytest.mark.parametrize(
    ("dataset", "index", "accuracy"),
    [("cifar10", 6111, 94.373), ("cifar100", 9930, 73.513), ("ImageNet16-120", 857, 47.311)],
)
def test_best_test_accuracies(table: Table, dataset: str, index: int, accuracy: float) -> None:
    best = table.best(dataset, "test")
    score = best.datasets[dataset.lower().replace("-", "_")].test
    assert best.index == index
    assert score == (pytest.approx(accuracy, abs=0.001), 1, 0.0)


def test_means_are_those_of_the_seeds(table: Table) -> None:
    for dataset in ("cifar10_valid", "cifar100", "imagenet16_120"):
        seeds = table.column(f"{dataset}__val_seeds")
        np.testing.assert_allclose(
            np.nanmean(seeds, axis=1), table.column(f"{dataset}__val"), atol=1e-6
        )


def test_opening_takes_at_most_50_ms(compact: Path) -> None:
    seconds = []
    for _ in range(9):
        nb201.all_ops.cache_clear()  # as in a new process
        start = time.process_time()
        Table.open(compact)
        seconds.append(time.process_time() - start)
    assert statistics.median(seconds) <= 0.050


@pytest.mark.parametrize("kind", ["index", "string", "ops"])
def test_a_query_takes_at_most_20_us(table: Table, kind: str) -> None:
    indices = random.Random(0).sample(range(nb201.SIZE), 2000)
    names: dict[str, list[nb201.Arch]] = {
        "index": list(indices),
        "string": [nb201.ops_to_str(nb201.index_to_ops(index)) for index in indices],
        "ops": [nb201.index_to_ops(index) for index in indices],
    }
    seconds = []
    for name in names[kind]:
        start = time.process_time()
        table.query(name)
        seconds.append(time.process_time() - start)
    assert statistics.median(seconds) <= 20e-6
