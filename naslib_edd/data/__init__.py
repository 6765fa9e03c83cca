"""Image sets for a search: where they are, how they are split, and their batches.

The names below are imported on first use, so that importing a part that needs no PyTorch
(:mod:`~naslib_edd.data.locate`, say) does not load it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naslib_edd.data.datasets import DATASETS, Info, resolve
    from naslib_edd.data.loading import ImageSet, SearchData, load
    from naslib_edd.data.locate import describe
    from naslib_edd.data.sampling import Batches
    from naslib_edd.data.transforms import augment, normalise

_HOME = {
    "DATASETS": "datasets",
    "Info": "datasets",
    "resolve": "datasets",
    "ImageSet": "loading",
    "SearchData": "loading",
    "load": "loading",
    "describe": "locate",
    "Batches": "sampling",
    "augment": "transforms",
    "normalise": "transforms",
}

__all__ = [
    "DATASETS",
    "Batches",
    "ImageSet",
    "Info",
    "SearchData",
    "augment",
    "describe",
    "load",
    "normalise",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
