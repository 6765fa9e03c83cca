"""Queries, whole columns, the best, and what a table says about itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.files import write_atomic
from naslib_edd.tables import Record, Table


@pytest.fixture
def table(compact_file: Path) -> Table:
    return Table.open(compact_file)


def write(path: Path, arrays: dict[str, np.ndarray]) -> Table:
    write_atomic(path, lambda file: np.savez(file, **arrays))
    return Table.open(path)


def test_every_name_of_an_architecture_gives_the_same_record(table: Table) -> None:
    ops = nb201.index_to_ops(6111)
    first = table.query(6111)
    assert isinstance(first, Record)
    assert (first.index, first.ops, first.arch_str) == (6111, ops, nb201.ops_to_str(ops))
    for name in (nb201.ops_to_str(ops), ops, list(ops), "6111", np.int64(6111)):
        assert table.query(name) == first


def test_fields_are_the_columns(table: Table, arrays: dict[str, np.ndarray]) -> None:
    for index in (0, 1, 857, 15624):
        record = table.query(index)
        entries = {
            "cifar10": ("cifar10_valid", record.cifar10),
            "cifar100": ("cifar100", record.cifar100),
            "imagenet16_120": ("imagenet16_120", record.imagenet16_120),
        }
        for dataset, (prefix, entry) in entries.items():
            for score, values in (
                (entry.val, arrays[f"{prefix}__val"]),
                (entry.test, arrays[f"{dataset}__test"]),
            ):
                assert score.value == values[index]
                assert score.rank == 1 + (values > values[index]).sum()
                assert score.regret == pytest.approx(values.max() - values[index], abs=1e-12)
            assert entry.params_M == arrays[f"{prefix}__params_M_reported"][index]
            assert entry.flops_M == arrays[f"{prefix}__flops_M_formula"][index]
            assert entry.train_time_s == arrays[f"{prefix}__train_time_200ep_s"][index]
        assert record.missing == {} and record.notes == {}


def test_reported_parameters_are_preferred(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    del arrays["cifar100__params_M_reported"]
    arrays["cifar10__params_M_formula"] = arrays["cifar100__params_M_formula"]
    arrays["cifar100__flops_M_reported"] = arrays["cifar100__params_M_formula"] + 1
    record = write(tmp_path / "t", arrays).query(5)
    assert record.cifar100.params_M == arrays["cifar100__params_M_formula"][5]
    assert record.cifar10.params_M == arrays["cifar10_valid__params_M_reported"][5]
    assert record.cifar100.flops_M == arrays["cifar100__flops_M_reported"][5]


def test_accuracies_are_all_rows(table: Table, arrays: dict[str, np.ndarray]) -> None:
    assert list(table.accuracies) == [
        f"{dataset}__{split}" for dataset in table.datasets for split in ("val", "test")
    ]
    np.testing.assert_array_equal(table.accuracies["cifar10__val"], arrays["cifar10_valid__val"])
    np.testing.assert_array_equal(table.accuracies["cifar10__test"], arrays["cifar10__test"])
    with pytest.raises(ValueError, match="read-only"):
        table.accuracies["cifar10__val"][0] = 0


def test_columns_and_other_arrays(table: Table, arrays: dict[str, np.ndarray]) -> None:
    assert set(table.columns) == {name for name in arrays if "__" in name}
    for name, values in arrays.items():
        np.testing.assert_array_equal(table.column(name), values)
    np.testing.assert_array_equal(table.column("cifar10__val"), arrays["cifar10_valid__val"])
    with pytest.raises(UserError, match="no column 'cifar100__tset'; did you mean 'cifar100__test"):
        table.column("cifar100__tset")


def test_cifar10_test_never_comes_from_the_half_trained(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    arrays["cifar10_valid__test"] = arrays.pop("cifar10__test")
    table = write(tmp_path / "t", arrays)
    record = table.query(0)
    assert record.cifar10.test == (None, None, None)
    assert "no column cifar10__test" in record.missing["cifar10.test"]
    with pytest.raises(UserError, match="cifar10__test"):
        table.column("cifar10__test")
    with pytest.raises(UserError, match="no column cifar10__test"):
        table.best("cifar10", "test")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("cifar10", "cifar10__test"),
        ("cifar100", "cifar100__test"),
        ("ImageNet16-120", "imagenet16_120__test"),
        ("imagenet16_120", "imagenet16_120__test"),
    ],
)
def test_best(table: Table, arrays: dict[str, np.ndarray], name: str, column: str) -> None:
    best = table.best(name, "test")
    assert best.index == int(np.argmax(arrays[column]))
    entry = best.datasets[column.partition("__")[0]]
    assert entry.test == (arrays[column].max(), 1, 0.0)


def test_best_of_cifar10_valid_is_cifar10(table: Table) -> None:
    assert table.best("cifar10-valid", "val") == table.best("cifar10", "val")


def test_unknown_names_are_explained(table: Table) -> None:
    with pytest.raises(UserError, match="no data set 'cifr10'; did you mean 'cifar10'"):
        table.best("cifr10", "test")
    with pytest.raises(UserError, match="no split 'tset'; did you mean 'test'"):
        table.best("cifar10", "tset")
    with pytest.raises(UserError, match="index 15625 is out of range"):
        table.query(15625)
    with pytest.raises(UserError, match="unknown operation 'nor_conv_3x'"):
        table.query(nb201.ops_to_str((3,) * 6).replace("3x3", "3x", 1))


def test_rows_without_values(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    for name, values in arrays.items():
        if name.endswith(("__val", "__test")):
            arrays[name] = np.where(np.arange(nb201.SIZE) < 10, values, np.nan)
    arrays["cifar100__val"][3] = np.nan
    table = write(tmp_path / "t", arrays)
    assert len(table) == 10
    absent, partial, whole = table.query(12), table.query(3), table.query(4)
    assert absent.cifar10.val == absent.cifar100.test == (None, None, None)
    assert "architecture 12 is not in" in absent.missing["cifar10.val"]
    assert partial.cifar100.val.value is None and partial.cifar100.test.value is not None
    assert list(partial.missing) == ["cifar100.val"]
    assert "no cifar100__val of architecture 3" in partial.missing["cifar100.val"]
    assert whole.missing == {}
    ranks = [table.query(index).cifar100.val.rank for index in range(10)]
    assert max(rank for rank in ranks if rank is not None) <= 9
    assert table.best("cifar100", "val").index < 10


def test_other_datasets(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    kept = {name: arrays[name] for name in ("arch_str", "arch_ops")}
    digits = {
        "digits__val": arrays["cifar100__val"],
        "digits__test": arrays["cifar100__test"],
        "digits__val_seeds": arrays["cifar100__val_seeds"],
    }
    table = write(tmp_path / "digits", kept | digits)
    assert table.datasets == ("digits",)
    record = table.query(77)
    assert list(record.datasets) == ["digits"]
    assert record.datasets["digits"].val.value == digits["digits__val"][77]
    assert record.datasets["digits"].params_M is None
    assert "digits__params_M_reported" in record.missing["digits.params_M"]
    assert table.best("digits", "test").index == int(np.argmax(digits["digits__test"]))
    both = write(tmp_path / "both", arrays | digits)
    assert both.datasets == ("cifar10", "cifar100", "imagenet16_120", "digits")
    assert list(both.query(0).datasets) == list(both.datasets)


def test_a_table_of_one_dataset_answers_for_the_three(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    names = ("arch_str", "arch_ops", "cifar100__val")
    table = write(tmp_path / "t", {name: arrays[name] for name in names})
    assert table.datasets == ("cifar100",)
    record = table.query(0)
    assert record.imagenet16_120.test.value is None
    assert "imagenet16_120__test" in record.missing["imagenet16_120.test"]


def test_info_is_json(table: Table, arrays: dict[str, np.ndarray]) -> None:
    info = json.loads(json.dumps(table.info()))
    assert info["format"] == table.format == "compact"
    assert (info["architectures"], info["of"]) == (nb201.SIZE, nb201.SIZE)
    assert list(info["datasets"]) == ["cifar10", "cifar100", "imagenet16_120"]
    assert info["datasets"]["cifar10"]["val"] == {
        "architectures": nb201.SIZE,
        "best": arrays["cifar10_valid__val"].max(),
        "best_index": int(np.argmax(arrays["cifar10_valid__val"])),
    }
    assert set(info["columns"]) == set(table.columns)
    assert "latency_ms" in info["other_arrays"]
    assert info["missing"] == {}


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="no benchmark table at"):
        Table.open(tmp_path / "nowhere.npz")


@pytest.mark.process
def test_opening_needs_neither_torch_nor_scipy_nor_the_official_packages(
    compact_file: Path,
) -> None:
    code = (
        "import sys\n"
        "from naslib_edd.tables import Table\n"
        f"Table.open({str(compact_file)!r}).query(0)\n"
        "bad = {'torch', 'scipy', 'nas_201_api', 'nats_bench'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
