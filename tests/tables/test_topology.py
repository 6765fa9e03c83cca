"""The official packages' calls, equal to the official classes on files that they wrote."""

from __future__ import annotations

import pickle
import random
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table
from naslib_edd.tables.topology import NotInTable, TopologyApi

RUNS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
KEYS = ("valid-accuracy", "test-accuracy", "valtest-accuracy", "train-all-time", "train-per-time")


@pytest.fixture(scope="module")
def api() -> TopologyApi:
    return TopologyApi("nb201")


@pytest.fixture(scope="module", params=["nats_bench", "nas_201_api"])
def both(
    request: pytest.FixtureRequest,
    _nats_original: Path,
    made_up: SimpleNamespace,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Any, TopologyApi]:
    """An official class on a file that its package wrote, and ours on the same file."""
    package = pytest.importorskip(request.param)
    if request.param == "nats_bench":
        official = package.create(str(_nats_original), "tss", fast_mode=True, verbose=False)
        for index in made_up.indices:  # in this mode find_best asks what was queried before
            official.query_meta_info_by_index(index)
        official.reset_fast_mode(False)
        return official, TopologyApi(_nats_original)
    torch = pytest.importorskip("torch")
    content = made_up.nb201_content(package)
    path = tmp_path_factory.mktemp("nb201") / "file.pth"
    torch.save(content, path)
    return package.NASBench201API(content, verbose=False), TopologyApi(path)


def test_architectures_are_the_official_ones(both: tuple[Any, TopologyApi]) -> None:
    official, ours = both
    assert len(ours) == len(official) == nb201.SIZE
    assert list(ours) == list(official.meta_archs)
    assert ours[6111] == official[6111] == ours.arch(6111) == official.arch(6111)
    text = official.arch(77)
    for arch in (77, text, SimpleNamespace(tostr=lambda: text), "|none~0|"):
        assert ours.query_index_by_arch(arch) == official.query_index_by_arch(arch)
    for call in (ours, official):
        with pytest.raises(ValueError, match="15625"):
            call.query_index_by_arch(15625)
    np.testing.assert_array_equal(ours.str2matrix(text), official.str2matrix(text))
    assert ours.str2lists(text) == official.str2lists(text)
    drawn = []
    for call in (ours, official):
        random.seed(4)
        drawn.append([call.random() for _ in range(5)])
    assert drawn[0] == drawn[1]
    with pytest.raises(IndexError):
        ours[15625]


@pytest.mark.parametrize("hp", ["12", "200"])
@pytest.mark.parametrize("dataset", RUNS)
def test_means_over_runs(
    both: tuple[Any, TopologyApi], made_up: SimpleNamespace, dataset: str, hp: str
) -> None:
    official, ours = both
    for index in made_up.indices:
        theirs = official.get_more_info(index, dataset, hp=hp, is_random=False)
        found = ours.get_more_info(index, dataset, hp=hp, is_random=False)
        assert {"comment", *theirs} >= found.keys()
        for key in found:
            assert found[key] == pytest.approx(theirs[key], rel=1e-12), key
        # Not by having nothing to say: the sets of the paper are there. (A column of valtest
        # accuracies, or of CIFAR-10's test set after half of the images, readers do not make.)
        wanted = {"cifar10-valid": {"valid-accuracy"}, "cifar10": {"test-accuracy"}}
        assert found.keys() >= wanted.get(dataset, {"valid-accuracy", "test-accuracy"})
        for key in theirs.keys() - found.keys() - {"comment"}:
            with pytest.raises(NotInTable, match="it keeps no"):
                found[key]


@pytest.mark.parametrize("dataset", RUNS)
def test_a_drawn_run_is_the_one_that_the_official_class_draws(
    both: tuple[Any, TopologyApi], made_up: SimpleNamespace, dataset: str
) -> None:
    official, ours = both
    for index in made_up.indices:
        for seed in range(6):
            random.seed(seed)
            theirs = official.get_more_info(index, dataset, hp="200", is_random=True)
            random.seed(seed)
            found = ours.get_more_info(index, dataset, hp="200", is_random=True)
            for key in found:
                if "accuracy" in key:
                    assert found[key] == theirs[key], (index, key)
            assert any("accuracy" in key for key in found)


@pytest.mark.parametrize("dataset", ["cifar10-valid", "cifar100", "ImageNet16-120"])
def test_costs(both: tuple[Any, TopologyApi], made_up: SimpleNamespace, dataset: str) -> None:
    official, ours = both
    for index in made_up.indices:
        theirs = official.get_cost_info(index, dataset, hp="200")
        found = ours.get_cost_info(index, dataset, hp="200")
        for key in ("flops", "params"):
            assert found[key] == pytest.approx(theirs[key], rel=1e-12)
        if "T-train@total" in theirs:
            assert found["T-train@total"] == pytest.approx(theirs["T-train@total"], rel=1e-12)
        assert found["latency"] is None


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
@pytest.mark.parametrize("on", ["valid", "test"])
@pytest.mark.parametrize("hp", ["12", "200"])
def test_the_best(both: tuple[Any, TopologyApi], dataset: str, on: str, hp: str) -> None:
    official, ours = both
    for limits in ((), (100.0,), (None, 0.7), (100.0, 1.0), (0.0,)):
        index, accuracy = official.find_best(dataset, on, *limits, hp=hp)
        found = ours.find_best(dataset, on, *limits, hp=hp)
        if limits and (hp == "12" or (dataset, on) == ("cifar10", "test")):
            continue  # a network has one cost in a table, and several in these made-up files
        assert found[0] == index
        assert found[1] == (None if index == -1 else pytest.approx(accuracy, rel=1e-12))
    assert ours.find_best(dataset, on, FLOP_max=100.0) == ours.find_best(dataset, on, 100.0)


def test_results_of_one_architecture(both: tuple[Any, TopologyApi]) -> None:
    official, ours = both
    theirs, found = (each.query_by_index(5, hp="200") for each in (official, ours))
    assert found.arch_str == theirs.arch_str and found.arch_index == theirs.arch_index
    assert found.get_dataset_names() == theirs.get_dataset_names()
    assert found.get_total_epoch() == theirs.get_total_epoch() == 200
    for dataset, setname in (("cifar10-valid", "x-valid"), ("cifar100", "x-test")):
        assert len(found.get_dataset_seeds(dataset)) == len(theirs.get_dataset_seeds(dataset))
        one, other = (each.get_metrics(dataset, setname) for each in (found, theirs))
        assert one["accuracy"] == pytest.approx(other["accuracy"], rel=1e-12)
        assert one["iepoch"] == other["iepoch"] == 199
    runs = ours.query_by_index(5, "cifar100", hp="200")
    for (_, run), (_, result) in zip(
        sorted(runs.items()), sorted(theirs.query("cifar100").items()), strict=True
    ):
        assert run["x-valid"] == result.get_eval("x-valid")["accuracy"]
    with pytest.raises(NotInTable, match="training images"):
        found.get_metrics("cifar100", "train")


def test_what_a_table_has_not_is_refused_with_the_reason(api: TopologyApi) -> None:
    for call, says in (
        (lambda: api.get_more_info(5, "cifar100", 3, hp="200"), "no curves: .* epoch 199 alone"),
        (lambda: api.get_more_info(5, "cifar100", is_random=777), "by their order"),
        (
            lambda: api.get_more_info(5, "cifar10", hp="200", is_random=False)["train-loss"],
            "losses",
        ),
        (lambda: api.get_more_info(5, "cifar10", hp="200")["test-accuracy"], "mean over runs"),
        (lambda: api.get_net_param(5, "cifar10", None), "no trained weights"),
        (lambda: api.find_best("cifar10-valid", "ori-test"), "no column"),
    ):
        with pytest.raises(NotInTable, match=says) as caught:
            call()
        assert isinstance(caught.value, UserError | KeyError | ValueError)
        assert not str(caught.value).startswith("'")
    for wrong in (("cifar", "200"), ("cifar10", "90")):
        with pytest.raises(ValueError, match=r"invalid data set|no runs of 90"):
            api.get_more_info(5, wrong[0], hp=wrong[1])


def test_a_simulated_search_on_the_built_in_table(api: TopologyApi) -> None:
    api.reset_time()
    random.seed(0)
    with pytest.warns(UserWarning, match="training alone"):
        TopologyApi(api.table).simulate_train_eval(5, "cifar10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accuracy, latency, seconds, total = api.simulate_train_eval(5, "cifar10", hp="12")
        assert accuracy == api.table.query(5, epochs=12).cifar10.val.value
        whole = api.table.query(5).cifar10.train_time_s
        assert latency is None and whole is not None
        assert seconds == total == pytest.approx(whole * 12 / 200)
        _, _, more, total = api.simulate_train_eval(5, "ImageNet16-120", hp="200")
        assert total == pytest.approx(seconds + more) == api.used_time
        assert api.simulate_train_eval(6, "cifar100", account_time=False)[3] == total
    with pytest.raises(ValueError, match="invalid data set"):
        api.simulate_train_eval(5, "svhn")


def test_a_seed_of_the_built_in_table(api: TopologyApi) -> None:
    runs = api.table.seeds(6111)["cifar100__val"]
    seen = {api.get_more_info(6111, "cifar100", hp="200")["valid-accuracy"] for _ in range(60)}
    assert seen == set(runs)
    info = api.get_more_info(6111, "cifar100", hp="200", is_random=False)
    assert pickle.loads(pickle.dumps(info)) == info
    assert "valtest-accuracy" in info


def test_latency_of_a_device(tmp_path: Path) -> None:
    table = Table.open("nb201")
    path = tmp_path / "latencies.npz"
    milliseconds = np.stack([np.arange(nb201.SIZE), 2 * np.arange(nb201.SIZE)]).astype(float)
    np.savez(
        path, arch_str=table.column("arch_str"), arch_ops=table.column("arch_ops"),
        latency_devices=np.array(["a", "b"]), latency_ms=milliseconds, x__val=milliseconds[0],
    )  # fmt: skip
    api = TopologyApi(table, device="b", latencies=path)
    assert api.get_latency(500, "cifar10") == 1.0


def test_words_and_other_tables(api: TopologyApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert "valid-accuracy 91.607" in api.query_by_arch(6111, "200")
    api.show(6111)
    assert "runs of 12 epochs" in capsys.readouterr().out
    assert "15625/15625" in repr(api) and api.avaliable_hps == ["12", "200"]
    assert api.get_net_config(0, "cifar100")["num_classes"] == 100
    with pytest.raises(UserError, match="none of NAS-Bench-201's data sets"):
        TopologyApi("digits")
