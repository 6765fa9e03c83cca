"""NASLib's own optimizers, on its own Trainer, with our table in the place of its pickle."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import Table
from naslib_edd.tables.naslib_api import dataset_api

pytestmark = pytest.mark.naslib

SEARCH = {
    "epochs": 24,
    "population_size": 8,
    "sample_size": 4,
    "num_init": 6,
    "k": 4,
    "num_ensemble": 1,
    "predictor_type": "mlp",
    "acq_fn_type": "its",
    "acq_fn_optimization": "mutation",
    "encoding_type": "adjacency_one_hot",
    "num_arches_to_mutate": 2,
    "max_mutations": 1,
    "num_candidates": 8,
    "fidelity": -1,
    "max_time": 1e9,
    "checkpoint_freq": 1000,
    "batch_size": 4,
    "train_portion": 0.5,
    "data_size": 8,
    "cutout": False,
    "cutout_length": 16,
    "cutout_prob": 1.0,
    "seed": 3,
    "debug_predictor": False,
}


def config_of(naslib: SimpleNamespace, folder: Path, **search: Any) -> Any:
    from fvcore.common.config import CfgNode

    for name in ("search", "eval"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return CfgNode(
        {
            "seed": 3,
            "search_space": "nasbench201",
            "dataset": "cifar10",
            "save": str(folder),
            "save_arch_weights": False,
            "data": str(folder),
            "optimizer": "x",
            "search": {**SEARCH, **search},
            "evaluation": {"dist": ""},
        }
    )


@pytest.fixture(scope="module")
def table() -> Table:
    return Table.open("nb201")


@pytest.fixture
def space(naslib: SimpleNamespace) -> Any:
    from naslib.search_spaces import NasBench201SearchSpace

    return NasBench201SearchSpace()


@pytest.mark.parametrize("name", ["RandomSearch", "RegularizedEvolution", "LocalSearch", "Bananas"])
def test_naslibs_discrete_optimizers_search_and_report(
    name: str, naslib: SimpleNamespace, space: Any, table: Table, tmp_path: Path
) -> None:
    config = config_of(naslib, tmp_path, epochs=12 if name == "Bananas" else 24)
    optimizer = getattr(naslib_optimizers(), name)(config)
    space.instantiate_model = False
    api = dataset_api(table)
    optimizer.adapt_search_space(space, dataset_api=api)
    # NumPy from 2.4 on refuses NASLib's own count (np.sum of a generator).
    optimizer.get_model_size = lambda: 0.0
    trainer = naslib.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search()
    found = trainer.evaluate(dataset_api=api, metric=metric("VAL_ACCURACY"))
    del found
    best = optimizer.get_final_architecture()
    record = table.query(nb201.naslib_to_ops(list(best.get_hash())))
    errors = json.loads((tmp_path / "errors.json").read_text())
    reached = errors[1]["valid_acc"]
    assert len(reached) == config.search.epochs
    # What it says of its best is what the table says, to the last digit.
    assert reached[-1] == record.cifar10.val.value
    assert reached == sorted(reached)
    assert all(math.isnan(each) for each in errors[1]["train_acc"])


def naslib_optimizers() -> Any:
    import naslib.optimizers

    return naslib.optimizers


def metric(name: str) -> Any:
    from naslib.search_spaces.core.query_metrics import Metric

    return getattr(Metric, name)
