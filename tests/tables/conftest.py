"""Small tables in every format; those of the official packages are written with their classes."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from naslib_edd.spaces.nb201 import encoding as nb201

SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
SEEDS = (777, 888, 999)
#: Architectures of the small official files, with one to three seeds each.
INDICES = (0, 1, 5, 6110)


@cache
def _all_strs() -> tuple[str, ...]:
    return tuple(nb201.ops_to_str(ops) for ops in nb201.all_ops().tolist())


def all_strs() -> list[str]:
    return list(_all_strs())


def arch_results(package: Any, index: int, epochs: int, position: int | None = None) -> Any:
    """An official ``ArchResults`` with made-up numbers."""
    rng = np.random.default_rng([index, epochs])
    arch_str = nb201.ops_to_str(nb201.index_to_ops(index))
    results = package.ArchResults(index if position is None else position, arch_str)
    for dataset, sets in SETS.items():
        for seed in SEEDS[: 1 + index % 3]:
            curve = dict(enumerate(rng.uniform(0, 100, epochs).tolist()))
            run = package.ResultsCount(
                dataset,
                None,
                curve,
                curve,
                float(rng.uniform(0.1, 1.5)),
                float(rng.uniform(8, 200)),
                {"channel": 16, "num_cells": 5, "arch_str": arch_str, "class_num": 10},
                seed,
                epochs,
                [np.float64(rng.uniform(0.01, 0.02))],
            )
            if index % 2:  # results as older files have them: but one set was followed throughout
                run.update_OLD_eval(sets[0], curve, curve)
                for name in sets[1:]:
                    last = {epochs - 1: float(rng.uniform(0, 100))}
                    run.update_OLD_eval(name, last, last)
                run.reset_pseudo_train_times(float(rng.uniform(5, 20)))
            else:
                keys = [f"{name}@{epoch}" for name in sets for epoch in range(epochs)]
                follow = dict(zip(keys, rng.uniform(0, 100, len(keys)).tolist(), strict=True))
                run.update_eval(follow, follow, follow)
                times = dict(enumerate(rng.uniform(5, 20, epochs)))  # NumPy's numbers
                run.update_train_info(curve, curve, curve, times)
            results.update(dataset, seed, run)
    return results


def nb201_content(package: Any) -> dict[str, Any]:
    """What NAS-Bench-201's .pth holds."""
    return {
        "meta_archs": all_strs(),
        "total_archs": nb201.SIZE,
        "arch2infos": {
            index: {
                "full": arch_results(package, index, 200).state_dict(),
                "less": arch_results(package, index, 12).state_dict(),
            }
            for index in INDICES
        },
        "evaluated_indexes": list(INDICES),
    }


@pytest.fixture(scope="session")
def made_up() -> SimpleNamespace:
    """What the tests of the official formats build their files from."""
    return SimpleNamespace(
        indices=INDICES,
        all_strs=all_strs,
        arch_results=arch_results,
        nb201_content=nb201_content,
    )


@pytest.fixture
def write_pth(tmp_path: Path) -> Callable[..., Path]:
    """Write NAS-Bench-201's file with the official classes, in either of torch's layouts."""

    def write(*, zipped: bool = True, content: Any = None, name: str = "any.name") -> Path:
        torch = pytest.importorskip("torch")
        if content is None:
            content = nb201_content(pytest.importorskip("nas_201_api"))
        path = tmp_path / name
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        return path

    return write


@pytest.fixture(scope="session")
def _nats_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nats_bench = pytest.importorskip("nats_bench")
    folder = tmp_path_factory.mktemp("nats")
    meta = {
        "meta_archs": all_strs(),
        "total_archs": nb201.SIZE,
        "arch2infos": None,
        "evaluated_indexes": set(),
    }
    nats_bench.pickle_save(meta, folder / "meta.pickle")
    for index in INDICES:
        results = {
            epochs: arch_results(nats_bench, index, int(epochs)).state_dict()
            for epochs in ("12", "200")
        }
        nats_bench.pickle_save(results, folder / f"{index:06d}.pickle")
    return folder


@pytest.fixture
def nats_folder(_nats_original: Path, tmp_path: Path) -> Path:
    """A NATS-Bench '-simple' folder, written with the official package."""
    return Path(shutil.copytree(_nats_original, tmp_path / "anything"))


def naslib_entry(index: int) -> dict[str, Any]:
    """One architecture as NASLib's pickles have it."""
    rng = np.random.default_rng(index)
    return {
        dataset: {
            "train_acc1es": rng.uniform(0, 100, 200).tolist(),
            "eval_acc1es": rng.uniform(0, 100, 200).tolist(),
            "train_losses": rng.uniform(0, 4, 200).tolist(),
            "eval_losses": rng.uniform(0, 4, 200).tolist(),
            "cost_info": {
                "flops": float(rng.uniform(8, 200)),
                "params": float(rng.uniform(0.1, 1.5)),
                "latency": np.float64(0.01),
                "train_time": np.float64(rng.uniform(5, 20)),
            },
        }
        for dataset in ("cifar10-valid", "cifar100", "ImageNet16-120")
    }


@pytest.fixture
def naslib_content() -> dict[str, Any]:
    return {nb201.ops_to_str(nb201.index_to_ops(index)): naslib_entry(index) for index in INDICES}


@pytest.fixture
def naslib_pickle(tmp_path: Path, naslib_content: Mapping[str, Any]) -> Path:
    path = tmp_path / "whatever.bin"
    path.write_bytes(pickle.dumps(naslib_content))
    return path


@cache
def compact_arrays() -> dict[str, np.ndarray]:
    """The arrays of a whole compact table with made-up accuracies, many of them equal."""
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {
        "arch_str": np.array(all_strs()),
        "arch_ops": nb201.all_ops(),
        "op_names": np.array(nb201.OPERATIONS),
    }
    for dataset in ("cifar10_valid", "cifar100", "imagenet16_120"):
        arrays[f"{dataset}__val"] = rng.integers(1000, 9500, nb201.SIZE) / 100
        arrays[f"{dataset}__val_seeds"] = rng.uniform(10, 95, (nb201.SIZE, 3))
        arrays[f"{dataset}__params_M_reported"] = rng.uniform(0.1, 1.5, nb201.SIZE)
        arrays[f"{dataset}__params_M_formula"] = rng.uniform(0.1, 1.5, nb201.SIZE)
        arrays[f"{dataset}__flops_M_formula"] = rng.uniform(8, 200, nb201.SIZE)
        arrays[f"{dataset}__train_time_200ep_s"] = rng.uniform(1e3, 2e4, nb201.SIZE)
    for dataset in ("cifar10", "cifar100", "imagenet16_120"):
        arrays[f"{dataset}__test"] = rng.integers(1000, 9500, nb201.SIZE) / 100
    arrays["latency_ms"] = rng.uniform(1, 20, (2, 5))
    arrays["latency_devices"] = np.array(["phone", "board"])
    for values in arrays.values():
        values.flags.writeable = False
    return arrays


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """The same arrays for every test: replace one in the dict, but copy before changing it."""
    return dict(compact_arrays())


@pytest.fixture(scope="session")
def compact_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole compact table; made once, not to be changed."""
    path = tmp_path_factory.mktemp("compact") / "no-extension"
    with path.open("wb") as file:
        np.savez_compressed(file, **compact_arrays())
    return path
