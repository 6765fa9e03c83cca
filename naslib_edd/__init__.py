"""EDD-DARTS for NAS-Bench-201: relaxations, temperatures and supernets, on two hosts.

>>> import naslib_edd
>>> naslib_edd.search("configs/quickstart.yaml", ["seed=1"])  # doctest: +SKIP
>>> naslib_edd.query(6111).cifar10.test.value
94.37...

The names below are imported on first use: ``import naslib_edd`` loads no PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from naslib_edd.storage.version import __version__ as __version__

if TYPE_CHECKING:
    from naslib_edd.config.loading import load as load_config
    from naslib_edd.engine.loop import SearchResult, search
    from naslib_edd.engine.register import register_method
    from naslib_edd.errors import UserError
    from naslib_edd.plugin.registry import optimizers, register
    from naslib_edd.relaxation import SnSoftmax, Softmax, entropy, sn_softmax
    from naslib_edd.spaces import register_space
    from naslib_edd.spaces.nb201.fast import FastSupernet
    from naslib_edd.spaces.nb201.network import build
    from naslib_edd.spaces.nb201.plain import PlainSupernet
    from naslib_edd.tables import Record, Table
    from naslib_edd.tables.convert import convert
    from naslib_edd.tables.naslib_api import dataset_api
    from naslib_edd.tables.query import query
    from naslib_edd.tables.topology import TopologyApi
    from naslib_edd.temperature import EDD

_HOME = {
    "EDD": "temperature",
    "FastSupernet": "spaces.nb201.fast",
    "PlainSupernet": "spaces.nb201.plain",
    "Record": "tables",
    "SearchResult": "engine.loop",
    "SnSoftmax": "relaxation",
    "Softmax": "relaxation",
    "Table": "tables",
    "TopologyApi": "tables.topology",
    "UserError": "errors",
    "build": "spaces.nb201.network",
    "convert": "tables",
    "dataset_api": "tables.naslib_api",
    "entropy": "relaxation",
    "load_config": "config.loading",
    "optimizers": "plugin.registry",
    "query": "tables.query",
    "register": "plugin.registry",
    "register_method": "engine.register",
    "register_space": "spaces",
    "search": "engine.loop",
    "sn_softmax": "relaxation",
}

__all__ = [
    "EDD",
    "FastSupernet",
    "PlainSupernet",
    "Record",
    "SearchResult",
    "SnSoftmax",
    "Softmax",
    "Table",
    "TopologyApi",
    "UserError",
    "build",
    "convert",
    "dataset_api",
    "entropy",
    "load_config",
    "optimizers",
    "query",
    "register",
    "register_method",
    "register_space",
    "search",
    "sn_softmax",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    return getattr(module, "load" if name == "load_config" else name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
