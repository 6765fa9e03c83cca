"""A table as people use it: iterated, copied, limited, of 12 epochs, as a frame."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import naslib_edd
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table, analog, choice
from naslib_edd.tables.check import compare
from naslib_edd.tables.ranking import score_of, scores


@pytest.fixture(scope="module")
def table() -> Table:
    return Table.open("nb201")


@pytest.fixture
def latencies(tmp_path: Path, table: Table) -> Path:
    path = tmp_path / "latencies.npz"
    milliseconds = np.random.default_rng(0).uniform(1, 20, (2, nb201.SIZE))
    milliseconds[1, 5] = np.nan
    columns = {"x__val": milliseconds[0], "latency_ms": milliseconds}
    np.savez(
        path, arch_str=table.column("arch_str"), arch_ops=table.column("arch_ops"),
        latency_devices=np.array(["phone", "board"]), **columns,
    )  # fmt: skip
    return path


def test_it_is_iterated_and_indexed(table: Table) -> None:
    records = list(table)
    assert [record.index for record in records] == list(range(nb201.SIZE)) and len(table) == 15625
    record = records[6111]
    assert table[6111] == table[record.arch_str] == table[6111.0] == table[record.nodes] == record
    assert table[record.names] == table[record.edges] == record
    assert nb201.naslib_to_ops(record.naslib_ops) == record.ops
    with pytest.raises(UserError, match="out of range"):
        table[15625]


def test_few_queries_and_many_give_the_same(table: Table) -> None:
    few = [Table.open("nb201").query(index) for index in (0, 9, 15474)]
    for _ in range(40):
        table.query(0)
    assert few == [table.query(index) for index in (0, 9, 15474)]
    values = np.array([3.0, np.nan, 7.0, 3.0])
    lists = scores(values)
    for index in range(4):
        assert score_of(values, index) == tuple(each[index] for each in lists)


@pytest.mark.parametrize("name", ["nb201", "digits"])
def test_copies_and_pickles(name: str) -> None:
    table = Table.open(name)
    record = table.query(6111)
    for twin in (copy.copy(table), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert twin.query(6111) == record
        assert twin.source == table.source and twin.columns == table.columns
    assert len(pickle.dumps(table)) < 3e6
    for other in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert other == record and other.as_dict() == record.as_dict()
        with pytest.raises(TypeError):
            other.datasets["x"] = None  # type: ignore[index]


@pytest.mark.process
def test_a_pool_of_processes(table: Table) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        assert list(pool.map(table.query, [5, 6])) == [table.query(5), table.query(6)]


def test_runs_of_12_epochs(table: Table) -> None:
    short = table.at(12)
    assert table.at(200) is table and table.at(12) is short
    record = table.query(6111, epochs=12)
    assert record.cifar10.test.value == table.column("cifar10__test_ep12")[6111] == 88.79
    assert record.cifar10.val.value == table.column("cifar10_valid__val_ep12")[6111]
    best = short.best("cifar100", "test")
    assert best.cifar100.test.rank == 1 and best.index == short.column("cifar100__test").argmax()
    assert record.cifar10.train_time_s is None
    assert "12 epochs" in record.missing["cifar10.train_time_s"]
    assert record.cifar10.params_M == table.query(6111).cifar10.params_M
    with pytest.raises(UserError, match="no runs of 90 epochs"):
        table.query(1, epochs=90)
    with pytest.raises(UserError, match="no runs of 12 epochs"):
        Table.open("digits").query(1, epochs=12)
    assert pickle.loads(pickle.dumps(short)).query(6111) == record


def test_single_runs(table: Table) -> None:
    runs = table.seeds(6111)
    assert set(runs) == {
        "cifar10__val", "cifar100__val", "cifar100__test", "imagenet16_120__val",
        "imagenet16_120__test",
    }  # fmt: skip
    for name, values in runs.items():
        dataset, _, split = name.partition("__")
        mean = getattr(table.query(6111).datasets[dataset], split).value
        assert np.mean(values) == pytest.approx(mean, abs=0.1) and len(values) == 3
    two = int(np.flatnonzero(table.column("n_seeds") == 2)[0])
    assert len(table.seeds(two)["cifar10__val"]) == 2
    assert len(Table.open("digits").seeds(3)["digits__test"]) == 4


def test_the_best_within_limits(table: Table) -> None:
    params = nb201_cost.parameters(nb201.all_ops()) / 1e6
    values = table.column("cifar10__test")
    for limit in (0.1, 0.3, 0.9):
        kept = np.flatnonzero(params <= limit)
        wanted = int(kept[np.argmax(values[kept])])
        assert table.best("cifar10", "test", max_params_M=limit).index == wanted
    small = table.best("cifar10", "test", max_params_M=0.5, max_flops_M=40)
    assert (small.cifar10.params_M or 9) <= 0.5 and (small.cifar10.flops_M or 99) <= 40
    with pytest.raises(UserError, match=r"keeps the limits params_M ≤ 0\.01"):
        table.best("cifar10", "test", max_params_M=0.01)
    with pytest.raises(UserError, match="is no number"):
        table.best("cifar10", "test", max_params_M=float("nan"))
    with pytest.raises(UserError, match="no costs"):
        Table.open("digits").best("digits", "test", max_params_M=1)


def test_latencies_are_a_users_file(
    table: Table, latencies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    with pytest.raises(UserError, match="the package carries none"):
        table.latencies()
    found = table.latencies(latencies)
    assert found.devices == ("phone", "board")
    with pytest.raises(UserError, match="did you mean 'phone'"):
        found.of("phon")
    with pytest.raises(UserError, match="is of a device"):
        table.best("cifar10", "test", max_latency_ms=2)
    best = table.best("cifar10", "test", max_latency_ms=2, device="board", latencies=latencies)
    milliseconds = found.of("board")
    kept = np.flatnonzero(milliseconds <= 2)
    assert best.index == kept[np.argmax(table.column("cifar10__test")[kept])]
    monkeypatch.setenv("NASLIB_EDD_TABLE", str(latencies))
    assert np.array_equal(table.latencies().of("board"), milliseconds, equal_nan=True)


def test_the_pareto_front_against_every_pair() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 12, 200).astype(float)
    costs = rng.integers(0, 12, 200).astype(float)
    values[3], costs[4] = np.nan, np.nan
    known = [i for i in range(200) if np.isfinite(values[i]) and np.isfinite(costs[i])]

    def beaten(i: int) -> bool:
        return any(
            values[j] >= values[i]
            and costs[j] <= costs[i]
            and (values[j] > values[i] or costs[j] < costs[i] or j < i)
            for j in known
            if j != i
        )

    wanted = sorted((i for i in known if not beaten(i)), key=lambda i: costs[i])
    assert choice.front(values, costs).tolist() == wanted
    assert choice.front(values * np.nan, costs).size == 0


def test_the_front_of_the_table(table: Table) -> None:
    front = table.pareto("cifar10", "test", "flops_M")
    flops = [record.cifar10.flops_M or 0 for record in front]
    tests = [record.cifar10.test.value or 0 for record in front]
    assert flops == sorted(flops) and tests == sorted(tests) and len(front) > 5
    assert front[-1].index == 6111
    with pytest.raises(UserError, match="no cost 'flop'; did you mean 'flops_M'"):
        table.pareto("cifar10", "test", "flop")


def test_a_data_frame(table: Table) -> None:
    pytest.importorskip("pandas")
    frame = table.to_dataframe(seeds=True)
    assert len(frame) == nb201.SIZE and frame.index.name == "index"
    row = frame.loc[6111]
    record = table[row.name]  # a row names its architecture
    assert row["arch_str"] == record.arch_str
    assert [row[f"op_{target}_{source}"] for source, target in nb201.EDGES] == record.names
    assert row["cifar10_test"] == record.cifar10.test.value and row["cifar10_test_rank"] == 1
    assert row["cifar100_params_M"] == record.cifar100.params_M
    assert row["cifar100_val_seed1"] == table.seeds(6111)["cifar100__val"][1]
    best = frame.sort_values("cifar100_test", ascending=False).reset_index().iloc[0]
    assert table[best["index"]].index == 9930
    assert table.to_dataframe(epochs=12)["cifar10_test"][6111] == 88.79


def test_a_data_frame_without_pandas(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(UserError, match="pip install pandas"):
        table.to_dataframe()


def test_tables_compared_cell_by_cell(table: Table, tmp_path: Path) -> None:
    changed = {name: table.column(name).copy() for name in ("cifar10__test", "cifar100__val_seeds")}
    changed["cifar10__test"][7] += 0.01
    changed["cifar10__test"][8] += 1e-9
    changed["cifar100__val_seeds"][9, 0] = np.nan
    rows = {"arch_str": table.column("arch_str"), "arch_ops": table.column("arch_ops")}
    np.savez(tmp_path / "mine.npz", **rows, **changed)
    found = {each.column: each for each in compare(table, Table.open(tmp_path / "mine.npz"))}
    assert list(found) == ["cifar100__val_seeds", "cifar10__test"]
    test, val = found["cifar10__test"], found["cifar100__val_seeds"]
    assert (test.cells, test.identical, test.different, test.at) == (15625, 15623, 1, 7)
    assert test.largest == pytest.approx(0.01)
    assert (val.different, val.only_here, val.only_there) == (0, 1, 0)
    with pytest.raises(UserError, match="no column in common"):
        compare(table, Table.open("digits"))


def test_query_uses_the_built_in_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    assert naslib_edd.query(6111) == Table.open("nb201").query(6111)
    assert naslib_edd.query([3, 3, 3, 1, 3, 2], epochs=12).cifar10.test.value == 88.79
    assert list(naslib_edd.query(6111, table="digits").datasets) == ["digits"]
    monkeypatch.setenv("NASLIB_EDD_TABLE", "digits")
    assert list(naslib_edd.query(6111).datasets) == ["digits"]


class Architecture:
    """What analog-nasbench's pickle holds; it only names its module."""


class DriftMeasurement:
    """Likewise."""


def analog_file(path: Path, accuracy: float = 93.5) -> Path:
    for kind in (Architecture, DriftMeasurement):
        kind.__module__ = "analognasbench.data"
    module = type(json)("analognasbench.data")
    module.Architecture, module.DriftMeasurement = Architecture, DriftMeasurement  # type: ignore[attr-defined]
    items = {}
    for index in (3, 6111):
        item = Architecture()
        names = ("baseline", "ptq", "qat", "noisy", "analog")
        item.__dict__ |= {f"{name}_accuracy": accuracy - n for n, name in enumerate(names)}
        item.__dict__["architecture"] = nb201.ops_to_naslib(nb201.index_to_ops(index))
        for kind in ("baseline", "analog"):
            for seconds in (60, 3600, 86400, 2592000):
                drift = DriftMeasurement()
                drift.__dict__ |= {"value": 80.0, "uncertainty": 0.5}
                item.__dict__[f"{kind}_drift_{seconds}"] = drift
        items[item.__dict__["architecture"]] = item
    modules = __import__("sys").modules
    modules["analognasbench"], modules["analognasbench.data"] = type(json)("analognasbench"), module
    try:
        path.write_bytes(pickle.dumps(items))
    finally:
        del modules["analognasbench"], modules["analognasbench.data"]
    return path


def test_the_analog_table_is_read_without_its_package(tmp_path: Path) -> None:
    source = analog.read(analog_file(tmp_path / "data.anb"))
    table = Table(source, path=tmp_path / "data.anb")
    assert len(table) == 2 and table.datasets == ("analog_cifar10",)
    assert table[6111].datasets["analog_cifar10"].test.value == 93.5
    assert table.column("analog_cifar10__test_analog")[6111] == 89.5
    assert table.column("analog_cifar10__test_analog_drift_3600s_spread")[3] == 0.5
    hostile = tmp_path / "hostile.anb"
    hostile.write_bytes(pickle.dumps({"a": print}))
    with pytest.raises(UserError, match=r"builtins\.print"):
        analog.read(hostile)
    hostile.write_bytes((tmp_path / "data.anb").read_bytes()[:-40])
    with pytest.raises(UserError, match="cut short"):
        analog.read(hostile)


def test_the_analog_table_where_its_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataMissing, match="pip install --no-deps analog-nasbench"):
        Table.open("analog")
