"""NAS-Bench-201's .pth, written with nas_201_api's classes and read by both."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table
from naslib_edd.tables.record import DatasetRecord
from naslib_edd.tables.results import Gatherer, mean_cost, slim

torch = pytest.importorskip("torch")
nas_201_api = pytest.importorskip("nas_201_api")


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """Opens a file with nas_201_api, whose own loading fails on torch 2.6 and later."""
    # It trusts its file, and here the test itself wrote it.
    monkeypatch.setattr(torch, "load", functools.partial(torch.load, weights_only=False))
    return lambda path: nas_201_api.NASBench201API(str(path), verbose=False)


def check(entry: DatasetRecord, api: Any, index: int, runs: dict[str, str]) -> None:
    """Compare a record with the official answers; ``runs`` maps a split to the training run."""
    for split, run in runs.items():
        info = api.get_more_info(index, run, hp="200", is_random=False)
        official = info["valid-accuracy" if split == "val" else "test-accuracy"]
        assert getattr(entry, split).value == pytest.approx(official, abs=1e-9)
    cost = api.get_cost_info(index, runs["val"], hp="200")
    assert entry.params_M == pytest.approx(cost["params"], rel=1e-12)
    assert entry.flops_M == pytest.approx(cost["flops"], rel=1e-12)
    assert entry.train_time_s == pytest.approx(cost["T-train@total"], rel=1e-12)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_equal_through_both(
    write_pth: Callable[..., Path],
    official: Callable[[Path], Any],
    made_up: SimpleNamespace,
    zipped: bool,
) -> None:
    path = write_pth(zipped=zipped)
    table = Table.open(path)
    api = official(path)
    assert (table.format, len(table)) == ("nb201-pth", len(made_up.indices))
    assert table.datasets == ("cifar10", "cifar100", "imagenet16_120")
    for index in made_up.indices:
        record = table.query(api[index])
        assert record.index == index and record.missing == {}
        check(record.cifar10, api, index, {"val": "cifar10-valid", "test": "cifar10"})
        check(record.cifar100, api, index, {"val": "cifar100", "test": "cifar100"})
        check(
            record.imagenet16_120, api, index, {"val": "ImageNet16-120", "test": "ImageNet16-120"}
        )
    for dataset, split in (("cifar10", "test"), ("cifar100", "valid"), ("ImageNet16-120", "test")):
        best, accuracy = api.find_best(dataset, split, hp="200")
        ours = table.best(dataset, split.removesuffix("id"))
        assert ours.index == best
        entry = ours.datasets[dataset.lower().replace("-", "_")]
        score = entry.test if split == "test" else entry.val
        assert score == (pytest.approx(accuracy), 1, 0.0)


def test_twelve_epochs_and_seeds_are_columns(
    write_pth: Callable[..., Path], official: Callable[[Path], Any], made_up: SimpleNamespace
) -> None:
    path = write_pth()
    table, api = Table.open(path), official(path)
    for index in made_up.indices:
        early = api.get_more_info(index, "cifar100", hp="12", is_random=False)
        assert table.column("cifar100__val_ep12")[index] == pytest.approx(early["valid-accuracy"])
        assert table.column("cifar100__test_ep12")[index] == pytest.approx(early["test-accuracy"])
        for place, seed in enumerate(
            api.arch2infos_dict[index]["200"].get_dataset_seeds("cifar100")
        ):
            one = api.get_more_info(index, "cifar100", hp="200", is_random=seed)
            assert table.column("cifar100__val_seeds")[index, place] == one["valid-accuracy"]
            assert table.column("cifar100__valtest_seeds")[index, place] == one["valtest-accuracy"]


def test_architectures_that_are_not_there(write_pth: Callable[..., Path]) -> None:
    table = Table.open(write_pth())
    record = table.query(2)
    assert record.cifar10.val == (None, None, None)
    assert "architecture 2 is not in" in record.missing["cifar10.val"]


def test_a_file_may_list_architectures_in_any_order(
    write_pth: Callable[..., Path], made_up: SimpleNamespace
) -> None:
    indices = (6110, 0)
    content = {
        "meta_archs": [nb201.ops_to_str(nb201.index_to_ops(index)) for index in indices],
        "arch2infos": {
            place: {
                "full": made_up.arch_results(nas_201_api, index, 200, place).state_dict(),
                "less": made_up.arch_results(nas_201_api, index, 12, place).state_dict(),
            }
            for place, index in enumerate(indices)
        },
        "evaluated_indexes": [0, 1],
    }
    some, whole = Table.open(write_pth(content=content)), Table.open(write_pth(name="whole"))
    for index in indices:
        assert some.query(index).cifar10.val.value == whole.query(index).cifar10.val.value


def test_version_1_0_has_less_of_the_short_runs(
    write_pth: Callable[..., Path], made_up: SimpleNamespace
) -> None:
    # "LESS only supports CIFAR10-VALID", and old runs have no times.
    content = made_up.nb201_content(nas_201_api)
    for info in content["arch2infos"].values():
        for dataset in ("cifar10", "cifar100", "ImageNet16-120"):
            del info["less"]["dataset_seed"][dataset]
        for run in info["full"]["all_results"].values():
            run["train_times"] = None
    table = Table.open(write_pth(content=content))
    assert "cifar10_valid__val_ep12" in table.columns
    assert "cifar100__val_ep12" not in table.columns
    record = table.query(1)
    assert record.cifar100.val.value is not None
    assert record.cifar100.train_time_s is None
    assert "train_time_200ep_s" in record.missing["cifar100.train_time_s"]


def test_results_of_another_architecture_are_refused(
    write_pth: Callable[..., Path], made_up: SimpleNamespace
) -> None:
    content = made_up.nb201_content(nas_201_api)
    infos = content["arch2infos"]
    infos[0], infos[1] = infos[1], infos[0]
    with pytest.raises(UserError, match=r"results of architecture 0 .* those of"):
        Table.open(write_pth(content=content))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"model": torch.zeros(3), "iteration": 1}, "a dict without 'meta_archs'"),
        ([1, 2, 3], "holds a list"),
        ({"meta_archs": ["8:8:8:8:8"], "arch2infos": {0: {}}}, "another search space than NB201"),
        ({"meta_archs": ["x"], "arch2infos": [1]}, "'arch2infos' that is not a dict"),
    ],
)
def test_other_torch_files_are_refused(
    write_pth: Callable[..., Path], content: Any, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        Table.open(write_pth(content=content))


def test_results_that_lack_something_are_refused(
    write_pth: Callable[..., Path], made_up: SimpleNamespace
) -> None:
    content = made_up.nb201_content(nas_201_api)
    del content["arch2infos"][5]["full"]["dataset_seed"]
    with pytest.raises(UserError, match=r"architecture 5 .* 'dataset_seed'"):
        Table.open(write_pth(content=content))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_it_needs_no_torch(
    write_pth: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    path = write_pth(zipped=zipped)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert Table.open(path).format == "nb201-pth"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_found_by_the_checksum(
    write_pth: Callable[..., Path], share: float
) -> None:
    path = write_pth()
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"damaged \(Bad CRC-32 for file .*data\.pkl"):
        Table.open(path)


def test_curves_are_let_go_of(made_up: SimpleNamespace) -> None:
    """Of a run nothing but what columns are made of is kept, and the columns stay the same."""
    results = made_up.arch_results(nas_201_api, 6110, 200).state_dict()
    whole, slimmed = (Gatherer(cost=mean_cost) for _ in range(2))
    whole.add(6110, results, None)
    for run in results["all_results"].values():
        assert slim(run)
        assert len(run) == 5 and len(run["eval_acc1es"]) <= 3 and len(run["train_times"]) == 1
    slimmed.add(6110, results, None)
    for name, column in whole.arrays().items():
        np.testing.assert_array_equal(slimmed.arrays()[name], column)
    assert not slim({"eval_acc1es": {}}) and not slim({"epochs": 1})
