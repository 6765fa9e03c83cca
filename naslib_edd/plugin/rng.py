"""All the random generators that a search on NASLib draws from, saved, restored and kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def state() -> dict[str, Any]:
    """Torch's, Python's and NumPy's generators, as tensors, numbers and texts only."""
    numpy: Any = np.random.get_state()
    version, internal, gauss = random.getstate()
    found: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": [version, list(internal), gauss],
        "numpy": [str(numpy[0]), torch.from_numpy(numpy[1].astype(np.int64)), *numpy[2:]],
    }
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def restore(saved: dict[str, Any]) -> None:
    """Go on from :func:`state`."""
    torch.set_rng_state(saved["torch"].cpu())
    version, internal, gauss = saved["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = saved["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    if "cuda" in saved and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([part.cpu() for part in saved["cuda"]])


@contextmanager
def kept() -> Iterator[None]:
    """Whatever is drawn inside, the generators are as before afterwards."""
    before = state()
    try:
        yield
    finally:
        restore(before)
