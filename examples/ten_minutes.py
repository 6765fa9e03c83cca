"""Own data, an own relaxation, three seeds, and the cell in the forms of other libraries.

    python examples/ten_minutes.py [FOLDER]

Under a minute on one core; nothing is downloaded. Everything is written below FOLDER
(ten_minutes by default).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from torch import Tensor

import naslib_edd
from naslib_edd.relaxation import Relaxation
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201 import forms as nb201_forms
from naslib_edd.spaces.nb201.drawing import draw_cells


def table_as_frame() -> None:
    """Part 1: the benchmark as a DataFrame."""
    table = naslib_edd.Table.open("nb201")
    try:
        frame = table.to_dataframe()
    except naslib_edd.UserError as error:  # pandas is optional
        print(f"1. no DataFrame: {error}")
        return
    columns = ["cifar10_val", "cifar10_test"]
    best = frame.sort_values("cifar10_test", ascending=False)[columns].head(3)
    print(f"1. the table has {len(frame)} architectures; the best on CIFAR-10:\n{best}\n")


def own_images() -> tuple[np.ndarray, ...]:
    """Part 2: 28×28 grey images that no data set of the package has."""
    digits = load_digits()
    small = np.rint(digits.images * (255 / 16))
    large = zoom(small, (1, 3.5, 3.5), order=1).clip(0, 255).astype(np.uint8)
    x_train, x_test = large[:1200], large[1200:]
    print(f"2. own data: {x_train.dtype} {x_train.shape}, {len(x_test)} images for testing")
    return x_train, digits.target[:1200], x_test, digits.target[1200:]


class Sparsemax(Relaxation):
    """β = the point of the simplex nearest to A/t: weights that can be exactly 0.

    Source: Martins & Astudillo 2016, "From Softmax to Sparsemax".
    """

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights of logits [edges, operations]."""
        z = logits / t
        ordered = z.sort(dim=-1, descending=True).values
        count = torch.arange(1, z.shape[-1] + 1, device=z.device)
        sums = ordered.cumsum(dim=-1) - 1
        kept = (count * ordered > sums).sum(dim=-1, keepdim=True)
        threshold = sums.gather(-1, kept - 1) / kept
        return (z - threshold).clamp_min(0.0)

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same: nothing is drawn."""
        return self(logits, t)


def searched(data: tuple[np.ndarray, ...], folder: Path) -> list[naslib_edd.SearchResult]:
    """Part 3: the same search with three seeds."""
    naslib_edd.register_method(
        "sparsemax_darts",
        base="darts_v1",
        relaxation=Sparsemax,
        settings={"arch_learning_rate": 0.03},
    )
    config = {
        "optimizer": "sparsemax_darts",
        "out_dir": str(folder / "runs"),
        "threads": 1,
        "search": {"channels": 8, "cells": 1, "epochs": 6, "batch_size": 32},
    }
    table, results = naslib_edd.Table.open("nb201"), []
    for seed in range(3):
        found = naslib_edd.search(
            {**config, "seed": seed},
            data=data,
            force=True,
            figures=False,
            console=Console(quiet=True),
        )
        test = found.result["net_test_acc_batch"]
        print(f"3. seed {seed}: {found.arch_str}, shared weights: {test:.1f} % on the test images")
        other = table.query(found.arch_str).cifar10.test.value
        print(f"   on other images, by NAS-Bench-201's table: CIFAR-10 test {other:.2f} %")
        results.append(found)
    return results


def drawn(result: naslib_edd.SearchResult, folder: Path) -> Path:
    """Part 4: the cell as a figure."""
    path = draw_cells([result.arch_str], folder / "cell.svg")
    print(f"4. the cell: {path}")
    return path


def exported(
    result: naslib_edd.SearchResult,
) -> tuple[list[tuple[tuple[str, int], ...]], list[int]]:
    """Part 5: what AutoDL-Projects' ``Structure`` and NASLib's ``set_op_indices`` take."""
    ops = result.result["ops"]
    nodes, naslib = nb201_forms.to_nodes(ops), list(nb201.ops_to_naslib(ops))
    print(f"5. AutoDL: Structure({nodes})\n   NASLib: set_op_indices({naslib})")
    return nodes, naslib


def main(folder: Path) -> None:
    """All five parts."""
    folder.mkdir(parents=True, exist_ok=True)
    table_as_frame()
    results = searched(own_images(), folder)
    best = max(results, key=lambda found: float(found.result["net_val_acc_batch"]))
    drawn(best, folder)
    exported(best)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "ten_minutes"))
