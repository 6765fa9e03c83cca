"""The parts as optimizers of NASLib. Importing this package imports neither NASLib nor torch.

The optimizer classes are attributes, made on first use: ``naslib_edd.plugin.EDDDARTSOptimizer``.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.endswith("Optimizer"):
        from naslib_edd.config.methods import METHODS
        from naslib_edd.plugin.registry import class_name, get

        for method in METHODS:
            if class_name(method) == name:
                return get(method)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
