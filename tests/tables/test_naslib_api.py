"""NASLib's ``dataset_api``: equal to its pickle where both know a value, and refused elsewhere."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table
from naslib_edd.tables.naslib_api import dataset_api


def test_equal_to_naslibs_pickle(naslib_pickle: Path, naslib_content: dict[str, Any]) -> None:
    found = dataset_api(naslib_pickle)["nb201_data"]
    for arch, entry in naslib_content.items():
        for dataset, theirs in entry.items():
            ours = found[arch][dataset]
            assert ours["eval_acc1es"][-1] == theirs["eval_acc1es"][-1]
            assert ours["eval_acc1es"][199] == theirs["eval_acc1es"][199]
            assert len(ours["eval_acc1es"]) == len(theirs["eval_acc1es"])
            for key in ("flops", "params", "train_time"):
                assert ours["cost_info"][key] == pytest.approx(theirs["cost_info"][key])


def test_every_architecture_of_the_built_in_table() -> None:
    table = Table.open("nb201")
    data = dataset_api(table)["nb201_data"]
    assert len(data) == nb201.SIZE and set(data) == {record.arch_str for record in table}
    arch = table[6111].arch_str
    assert data[arch]["cifar10-valid"]["eval_acc1es"][-1] == table[6111].cifar10.val.value
    tests = dataset_api(table, split="test")["nb201_data"]
    assert tests[arch]["ImageNet16-120"]["eval_acc1es"][-1] == table[6111].imagenet16_120.test.value
    short = dataset_api("nb201", split="test", epochs=12)["nb201_data"]
    assert short[arch]["cifar10-valid"]["eval_acc1es"][11] == 88.79
    with pytest.raises(KeyError):
        data[6111]


def test_curves_are_refused_and_the_unknown_is_no_number() -> None:
    api = dataset_api("nb201")
    entry = api["nb201_data"][nb201.ops_to_str((3,) * 6)]["cifar100"]
    for part in (0, 100, -2, slice(None), slice(0, 10)):
        with pytest.raises(UserError, match="no curves"):
            entry["eval_acc1es"][part]
    with pytest.raises(UserError, match="no curves"):
        list(entry["eval_acc1es"])
    for name in ("train_acc1es", "train_losses", "eval_losses"):
        assert math.isnan(entry[name][-1])
    assert entry["cost_info"]["latency"] is None
    twin = pickle.loads(pickle.dumps(api))
    assert (
        twin["nb201_data"][nb201.ops_to_str((3,) * 6)]["cifar100"]["cost_info"]
        == entry["cost_info"]
    )


def test_tables_that_will_not_do() -> None:
    with pytest.raises(UserError, match="has no val accuracy of cifar10, cifar100"):
        dataset_api("digits")
    with pytest.raises(UserError, match="no split 'valid'; did you mean 'val'"):
        dataset_api("nb201", split="valid")
