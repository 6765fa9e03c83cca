"""Small engines that run with a graph or without, and their states compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from helpers import tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data

#: Settings of fifty steps in five epochs.
FIFTY = {"limit_train": 150, "limit_val": 150}


def engine_of(method: str, *, device: str = "cpu", **search: Any) -> Engine:
    """Six steps an epoch; ten with :data:`FIFTY`."""
    settings = tiny_settings(Path("unused"), optimizer=method, device=device)
    size = {"epochs": 5, "limit_train": 90, "limit_val": 90, "batch_size": 15}
    settings["search"] |= {**size, "anneal": "step", "split": None, **search}
    if method in ("pc_darts", "edd_pc_darts", "gaea_pc_darts"):
        settings["search"]["channels"] = 4
    config = load(settings)
    where = torch.device(device)
    return Engine(config=config, data=open_data(config, where), device=where)


def run_epochs(engine: Engine, *, until: int = 5) -> list[dict[str, Any]]:
    rows = []
    while engine.epoch < until:
        while engine.step < engine.steps:
            engine.run_step()
        rows.append(engine.end_epoch())
    return rows


def eager(engine: Engine) -> Engine:
    """The same engine, the same optimizers, without a graph."""
    engine.graphed = None
    return engine


def tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [t for one in inner for t in tensors(one)] if isinstance(value, dict | list) else []


def assert_same_state(one: Engine, other: Engine) -> None:
    first, second = tensors(one.state_dict()), tensors(other.state_dict())
    assert len(first) == len(second) > 20
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
