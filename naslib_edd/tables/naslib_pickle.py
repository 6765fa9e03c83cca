"""NASLib's ``nb201_{cifar10,cifar100,ImageNet16}_full_training.pickle``.

A dict from an architecture string to ``{data set: {"eval_acc1es": [200], "cost_info": {…}, …}}``,
one training run each, with or without the ``{"nb201_data": …}`` that NASLib wraps around it.

NASLib keeps one accuracy a data set and answers its validation and its test metric with it, and so
does this reader, except for CIFAR-10's test accuracy: that of the benchmark is of the run on all
training images, and NASLib has the run on half of them. Each record notes this. Compared with the
values that NASLib's branch ``benchmarks`` keeps in ``zc_nasbench201.json``, the one accuracy is the
x-test accuracy of seed 888 for CIFAR-100 and ImageNet16-120, and for CIFAR-10 it is measured on
10,000 images. ``cost_info["train_time"]`` is the time of one epoch, in seconds (compared with
``nb201_test_set_times.npy`` of NASLib's tests).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.storage.pickles import Stream
from naslib_edd.tables import nats_bench, safe_pickle
from naslib_edd.tables.columns import COLUMN_PREFIX, Array, Source
from naslib_edd.tables.formats import unreadable
from naslib_edd.tables.progress import reading
from naslib_edd.tables.results import slim

_ONE = "NASLib's file has one accuracy a data set, of one training run"
#: Bytes of memory for a byte of the file (measured: 1.16, on 2,400 made-up architectures, 50 MiB).
_MEMORY = 1.2
#: A column of all architectures is made for each, so a file must not have any number.
_MOST_DATASETS = 32
_COSTS = {"params_M_reported": "params", "flops_M_reported": "flops"}


def read(path: Path) -> Source:
    """Read a pickle of NASLib's, or NATS-Bench's big file when it was unpacked.

    Raises:
        UserError: the file is damaged, asks to run code, or holds something else.
    """
    size = path.stat().st_size
    with path.open("rb") as file, reading(path, size, memory=_MEMORY) as progress:
        stream = Stream(file, size=size, progress=progress)
        content = safe_pickle.load(stream, path, filled=_slim)
    if isinstance(content, dict) and "arch2infos" in content:
        return nats_bench.from_content(path, content)
    if isinstance(content, dict):
        content = content.get("nb201_data", content)
    if not isinstance(content, dict) or not content:
        raise unreadable(path, f"holds a {type(content).__name__}, not a table")
    return _gather(path, content)


def _slim(state: dict[Any, Any]) -> int:
    """Keep of a training run only what is made use of; also of NATS-Bench's, in its big file."""
    if "eval_acc1es" not in state:
        return 0
    if "cost_info" not in state:
        return slim(state)
    for name in state.keys() - {"eval_acc1es", "cost_info"}:
        del state[name]
    return 1


def _gather(path: Path, content: Mapping[Any, Any]) -> Source:
    columns: dict[str, Array] = {}
    datasets: dict[str, None] = {}
    for arch, entry in content.items():
        try:
            row = nb201.ops_to_index(nb201.str_to_ops(arch))
            for dataset, results in entry.items():
                prefix = COLUMN_PREFIX.get(dataset, dataset.lower().replace("-", "_"))
                datasets[prefix] = None
                if len(datasets) > _MOST_DATASETS:
                    raise ValueError(f"more than {_MOST_DATASETS} data sets")
                for metric, value in _values(prefix, results).items():
                    name = f"{prefix}__{metric}"
                    if name not in columns:
                        columns[name] = np.full(nb201.SIZE, np.nan)
                    columns[name][row] = value
        except (UserError, *BROKEN) as error:
            raise unreadable(
                path,
                f"has an entry {arch!r} unlike NASLib's ({type(error).__name__}: "
                f"{first_line(error)})",
            ) from error
    arrays = {name: values for name, values in columns.items() if np.isfinite(values).any()}
    return Source(
        format="naslib-pickle",
        arrays=arrays,
        missing={
            "cifar10.test": f"{_ONE}: CIFAR-10's is of the run on half of the training images, "
            "and the benchmark's test accuracy is of the run on all of them"
        },
        notes=_notes(datasets),
    )


def _values(prefix: str, results: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of one architecture on one data set."""
    curve = results["eval_acc1es"]
    curve = [curve] if isinstance(curve, int | float | np.number) else curve
    accuracy = float(curve[-1])
    values = {"val": accuracy}
    if prefix != "cifar10_valid":
        values["test"] = accuracy
    cost = results.get("cost_info") or {}
    for metric, key in _COSTS.items():
        values[metric] = _number(cost.get(key))
    values["train_time_200ep_s"] = _number(cost.get("train_time")) * len(curve)
    return values


def _notes(datasets: Mapping[str, None]) -> dict[str, str]:
    notes = {}
    for prefix in datasets:
        if prefix == "cifar10_valid":
            notes["cifar10.val"] = f"{_ONE}; on CIFAR-10 it was seen to be of 10,000 images"
        else:
            for split in ("val", "test"):
                notes[f"{prefix}.{split}"] = (
                    f"{_ONE}, and answers both val and test with it; it was seen to be x-test"
                )
    return notes


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
