"""Where an architecture stands, against ranks and means counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, compact
from naslib_edd.tables.columns import Source
from naslib_edd.tables.compare import lines, other_tables, ranked_dataset, standing


def table(tmp_path: Path, **columns: np.ndarray) -> Table:
    source = Source(format="compact", arrays=columns)
    return Table.open(compact.write(source, tmp_path / "table.npz"))


@pytest.fixture
def digits(tmp_path: Path) -> Table:
    """Accuracies that rise with the index; two seeds a unit apart in `test`."""
    rising = 100 * np.arange(nb201.SIZE) / nb201.SIZE
    seeds = np.stack([rising - 0.5, rising + 0.5], axis=1)
    return table(
        tmp_path, digits__val=rising[::-1].copy(), digits__test=rising, digits__test_seeds=seeds
    )


def test_rank_percentile_and_regret(digits: Table) -> None:
    found = standing(digits, nb201.SIZE - 1 - 100, searched="digits", lookups=1)
    assert found is not None
    assert found["dataset"] == "digits"
    assert found["architectures"] == nb201.SIZE
    assert found["test"]["rank"] == 101
    assert found["test"]["better_than"] == pytest.approx(100 * (1 - 101 / nb201.SIZE))
    assert found["test"]["regret"] == pytest.approx(100 * 100 / nb201.SIZE)
    assert found["val"]["rank"] == nb201.SIZE - 100
    # One unit apart: a standard deviation of √½ a seed, and of ½ for the mean of two.
    assert found["test"]["regret_band"] == pytest.approx(1.96 * np.sqrt(0.5))
    assert found["val"]["regret_band"] is None


def test_random_search_is_that_of_the_columns(digits: Table) -> None:
    one = standing(digits, 0, searched="digits", lookups=1)
    assert one is not None
    assert one["random_search"]["test"] == pytest.approx(50, abs=0.01)
    assert one["random_search"]["test_rank"] == pytest.approx((nb201.SIZE + 1) / 2)
    # Where `val` falls as `test` rises, choosing among more by `val` gives worse `test`.
    ten = standing(digits, 0, searched="digits", lookups=9)
    assert ten is not None
    assert ten["random_search"]["val"] == pytest.approx(90, abs=0.1)
    assert ten["random_search"]["test"] == pytest.approx(10, abs=0.1)


def test_the_ranked_data_set() -> None:
    assert ranked_dataset(["cifar10", "digits"], "digits") == "digits"
    assert ranked_dataset(["imagenet16_120"], "ImageNet16-120") == "imagenet16_120"
    assert ranked_dataset(["cifar10"], "digits") == "cifar10"
    assert ranked_dataset([], "digits") is None


def test_none_without_both_accuracies(tmp_path: Path) -> None:
    half = table(tmp_path, digits__test=np.full(nb201.SIZE, 50.0))
    assert standing(half, 3, searched="digits", lookups=5) is None
    values = np.full(nb201.SIZE, 50.0)
    values[3] = np.nan
    hole = table(tmp_path, digits__test=values, digits__val=values)
    assert standing(hole, 3, searched="digits", lookups=5) is None


def test_lines_name_every_number(digits: Table) -> None:
    index = nb201.SIZE - 1 - 100
    found = standing(digits, index, searched="digits", lookups=7)
    result = {"table": digits.query(index).as_dict(), "standing": found}
    val, test, random_search = lines(result)
    assert "digits val: 0.64 %, rank 15525 (better than 0.6 %)" in val
    assert "noise band" not in val
    assert "rank 101 (better than 99.4 %), regret 0.64 (noise band 1.39)" in test
    assert random_search.startswith("random search with 7 look-ups, expected: val 87.5")
    assert lines({}) == []


def test_a_cell_found_on_other_images_is_looked_up_in_nas_bench_201(digits: Table) -> None:
    found = other_tables(digits, 6111)
    assert found == other_tables(None, 6111)
    assert found["tables"]["nb201"] == Table.open("nb201").query(6111).as_dict()
    texts = lines(found)
    assert texts[0] == (
        "NAS-Bench-201 (other images), cifar10: val 91.61 %, rank 1, test 94.37 %, rank 1"
    )
    assert len(texts) == 3 and "imagenet16_120: val 45.56 %" in texts[2]


def test_nothing_is_other_to_nas_bench_201s_own_table(digits: Table) -> None:
    assert other_tables(Table.open("nb201"), 6111) == {}
    assert other_tables(None, 6111, named="none") == {}
