"""NATS-Bench's folder and its one big file, written with nats_bench and read by both."""

from __future__ import annotations

import bz2
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables import Table

nats_bench = pytest.importorskip("nats_bench")


def check(table: Table, api: Any, indices: tuple[int, ...]) -> None:
    for index in indices:
        record = table.query(index)
        assert record.missing == {}
        for entry, val, test in (
            (record.cifar10, "cifar10-valid", "cifar10"),
            (record.cifar100, "cifar100", "cifar100"),
            (record.imagenet16_120, "ImageNet16-120", "ImageNet16-120"),
        ):
            info = api.get_more_info(index, val, hp="200", is_random=False)
            assert entry.val.value == pytest.approx(info["valid-accuracy"], abs=1e-9)
            info = api.get_more_info(index, test, hp="200", is_random=False)
            assert entry.test.value == pytest.approx(info["test-accuracy"], abs=1e-9)
            cost = api.get_cost_info(index, val, hp="200")
            assert entry.params_M == pytest.approx(cost["params"], rel=1e-12)
            assert entry.flops_M == pytest.approx(cost["flops"], rel=1e-12)
            assert entry.train_time_s == pytest.approx(cost["T-train@total"], rel=1e-12)
        early = api.get_more_info(index, "ImageNet16-120", hp="12", is_random=False)
        assert table.column("imagenet16_120__test_ep12")[index] == pytest.approx(
            early["test-accuracy"]
        )


def test_the_folder_is_equal_through_both(nats_folder: Path, made_up: SimpleNamespace) -> None:
    table = Table.open(nats_folder)
    assert (table.format, len(table)) == ("nats-bench", len(made_up.indices))
    check(
        table,
        nats_bench.create(str(nats_folder), "tss", fast_mode=True, verbose=False),
        made_up.indices,
    )


@pytest.mark.parametrize("packed", [True, False])
def test_the_big_file_is_equal_through_both(
    tmp_path: Path, made_up: SimpleNamespace, packed: bool
) -> None:
    content = {
        "meta_archs": made_up.all_strs(),
        "total_archs": 15625,
        "arch2infos": {
            index: {
                epochs: made_up.arch_results(nats_bench, index, int(epochs)).state_dict()
                for epochs in ("12", "200")
            }
            for index in made_up.indices
        },
        "evaluated_indexes": set(made_up.indices),
    }
    path = tmp_path / "big"
    data = pickle.dumps(content, protocol=4)
    path.write_bytes(bz2.compress(data) if packed else data)
    table = Table.open(path)
    assert table.format == "nats-bench"
    check(table, nats_bench.create(content, "tss", verbose=False), made_up.indices)


def test_costs_that_disagree_are_those_of_seed_888(nats_folder: Path) -> None:
    # The files have this fault, and nats_bench 1.6 and later mend it so.
    file = nats_folder / "000005.pickle"
    results = nats_bench.pickle_load(file)
    runs = results["200"]["all_results"]
    for seed, params in ((777, 1.0), (888, 1.25), (999, 1.0)):
        runs["cifar100", seed]["params"] = params
    nats_bench.pickle_save(results, file)
    api = nats_bench.create(str(nats_folder), "tss", fast_mode=True, verbose=False)
    assert api.get_cost_info(5, "cifar100", hp="200")["params"] == 1.25
    assert Table.open(nats_folder).query(5).cifar100.params_M == 1.25


def test_the_size_space_is_refused(nats_folder: Path) -> None:
    meta = {"meta_archs": ["8:8:8:8:8", "8:8:8:8:16"], "arch2infos": None}
    nats_bench.pickle_save(meta, nats_folder / "meta.pickle")
    with pytest.raises(UserError, match="another search space than NB201"):
        Table.open(nats_folder)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match=r"a folder without meta\.pickle\.pbz2.*known formats"):
        Table.open(tmp_path)


def test_a_folder_without_results_is_refused(nats_folder: Path) -> None:
    for file in nats_folder.glob("0*"):
        file.unlink()
    with pytest.raises(UserError, match="no results of any architecture"):
        Table.open(nats_folder)


def test_a_damaged_file_is_named(nats_folder: Path) -> None:
    file = nats_folder / "000005.pickle.pbz2"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match=r"000005\.pickle\.pbz2 is cut short or damaged"):
        Table.open(nats_folder)
