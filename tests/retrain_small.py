"""Small images and settings that the tests of retraining share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from naslib_edd.retrain.result import Retrained
from naslib_edd.retrain.run import retrain

NB201 = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"
#: A training on digits of about a second.
DIGITS = [
    "dataset=digits",
    "channels=4",
    "cells=1",
    "epochs=3",
    "batch_size=32",
    "limit_train=128",
    "threads=1",
    "device=cpu",
]


def cifar(path: Path, *, train: int = 40, test: int = 20, classes: int = 10) -> Path:
    """Random images of CIFAR's size, whose brightness tells the class."""
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for name, count in (("train", train), ("test", test)):
        labels = np.arange(count) % classes
        noise = random.integers(0, 60, (count, 32, 32, 3))
        arrays[f"x_{name}"] = (noise + 19 * labels[:, None, None, None]).astype(np.uint8)
        arrays[f"y_{name}"] = labels
    np.savez(path, **arrays)
    return path


def run(arch: str, recipe: str, settings: list[str], out: Path, **options: Any) -> Retrained:
    """Train in silence."""
    found = retrain(arch, recipe, settings, out=out, console=Console(quiet=True), **options)
    assert found is not None
    return found
