"""NASLib's pickles, with and without what NASLib wraps around them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables import Table


def write(path: Path, content: Any, protocol: int = 4) -> Table:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return Table.open(path)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_values(
    tmp_path: Path, naslib_content: dict[str, Any], wrapped: bool, protocol: int
) -> None:
    content = {"nb201_data": naslib_content} if wrapped else naslib_content
    table = write(tmp_path / "x", content, protocol)
    assert (table.format, len(table)) == ("naslib-pickle", len(naslib_content))
    for arch, entry in naslib_content.items():
        record = table.query(arch)
        for ours, theirs in (
            (record.cifar10, entry["cifar10-valid"]),
            (record.cifar100, entry["cifar100"]),
            (record.imagenet16_120, entry["ImageNet16-120"]),
        ):
            assert ours.val.value == theirs["eval_acc1es"][-1]
            assert ours.params_M == theirs["cost_info"]["params"]
            assert ours.flops_M == theirs["cost_info"]["flops"]
            assert ours.train_time_s == 200 * theirs["cost_info"]["train_time"]
        assert record.cifar100.test == record.cifar100.val
        assert record.imagenet16_120.test.value == entry["ImageNet16-120"]["eval_acc1es"][-1]


def test_cifar10_has_no_test_accuracy_and_says_so(naslib_pickle: Path) -> None:
    table = Table.open(naslib_pickle)
    record = table.query(0)
    assert record.cifar10.test == (None, None, None)
    assert "the benchmark's test accuracy is of the run on all" in record.missing["cifar10.test"]
    assert list(record.missing) == ["cifar10.test"]
    assert table.info()["missing"] == record.missing
    with pytest.raises(UserError, match="one accuracy a data set"):
        table.best("cifar10", "test")


def test_one_number_for_val_and_test_is_noted(naslib_pickle: Path) -> None:
    record = Table.open(naslib_pickle).query(0)
    for dataset in ("cifar100", "imagenet16_120"):
        for split in ("val", "test"):
            assert "answers both val and test" in record.notes[f"{dataset}.{split}"]
    assert "cifar10.val" in record.notes


def test_a_file_of_one_dataset(tmp_path: Path, naslib_content: dict[str, Any]) -> None:
    only = {
        arch: {"cifar10-valid": entry["cifar10-valid"]} for arch, entry in naslib_content.items()
    }
    table = write(tmp_path / "x", only)
    assert table.datasets == ("cifar10",)
    record = table.query(0)
    assert record.cifar10.val.value is not None
    assert record.cifar100.val.value is None
    assert "cifar100__val" in record.missing["cifar100.val"]


def test_another_task(tmp_path: Path, naslib_content: dict[str, Any]) -> None:
    task = {arch: {"ninapro": entry["cifar100"]} for arch, entry in naslib_content.items()}
    table = write(tmp_path / "x", task)
    assert table.datasets == ("ninapro",)
    assert table.query(0).datasets["ninapro"].val.rank in range(1, len(naslib_content) + 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "holds a dict, not a table"),
        ([1, 2], "holds a list, not a table"),
        ({"state": 1}, "an entry 'state' unlike NASLib's"),
        ({"|none~0|+|none~0|none~1|+|none~0|none~1|none~2|": {"cifar100": {}}}, "'eval_acc1es'"),
        ({5: {}}, "an entry 5 unlike NASLib's"),
    ],
)
def test_other_pickles_are_refused(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        write(tmp_path / "x", content)
