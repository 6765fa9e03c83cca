"""What has to be said beside a value: that it is an estimate, or counted wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables.columns import NB201_DATASETS, Array, column_for

#: Number of classes of a data set, on which the size of its networks depends.
CLASSES = dict(zip(NB201_DATASETS, (10, 100, 120), strict=True))
#: Height and width of its images, in pixels.
SIZES = dict(zip(NB201_DATASETS, (32, 32, 16), strict=True))
_MISCOUNTED = frozenset(nb201_cost.MISCOUNTED)
_ENOUGH = 50  # architectures: so many equal ratios are no chance


def estimates(arrays: Mapping[str, Array]) -> dict[str, str]:
    """Each training time that is another data set's times a constant -> a note that says so.

    NAS-Bench-201 has the times of CIFAR-100 and ImageNet16-120 from CIFAR-10's, by the number of
    training images: exactly 2 and 6.068 times on every architecture.
    """
    base = column_for(arrays, "cifar10", "train_time_s")
    notes = {}
    for dataset in NB201_DATASETS[1:]:
        column = column_for(arrays, dataset, "train_time_s")
        if base is None or column is None:
            continue
        known = np.isfinite(arrays[base]) & np.isfinite(arrays[column]) & (arrays[base] > 0)
        if known.sum() < _ENOUGH:
            continue
        ratios = arrays[column][known] / arrays[base][known]
        if np.ptp(ratios) <= 1e-9 * ratios.max():
            notes[f"{dataset}.train_time_s"] = (
                f"the benchmark's estimate, not measured: {ratios[0]:.3f} × CIFAR-10's time on "
                "every architecture"
            )
    return notes


def miscounts(index: int, params: Mapping[str, float | None]) -> dict[str, str]:
    """Each parameter count of an architecture that is not its network's -> a note with the true.

    Args:
        index: the architecture's.
        params: data set -> what the table says, in millions.
    """
    if index not in _MISCOUNTED:
        return {}
    notes = {}
    for dataset, said in params.items():
        if said is None or dataset not in CLASSES:
            continue
        true = true_parameters(index, dataset)
        if abs(said - true) > 1e-5:
            notes[f"{dataset}.params_M"] = (
                f"NAS-Bench-201's file counts one edge's convolutions wrong here: the network has "
                f"{true:.6f} M parameters, not {said:.6f} M"
            )
    return notes


def true_parameters(index: int, dataset: str) -> float:
    """Parameters of an architecture's network, in millions, counted.

    Raises:
        KeyError: the data set is none of NAS-Bench-201's.
    """
    ops = nb201.all_ops()[index]
    return float(nb201_cost.parameters(ops, classes=CLASSES[dataset])) / 1e6


def true_flops(index: int, dataset: str) -> float:
    """Multiply-adds of its convolutions and linear layer on one image, in millions, counted.

    Raises:
        KeyError: the data set is none of NAS-Bench-201's.
    """
    ops = nb201.all_ops()[index]
    found = nb201_cost.flops(ops, classes=CLASSES[dataset], size=SIZES[dataset])
    return float(found) / 1e6
