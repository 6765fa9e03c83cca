"""A method of one's own on NASLib's Trainer: the built-in engine's records, resumed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers import rows_of
from rich.console import Console
from torch import Tensor

from naslib_edd.config.methods import CARDS, METHODS
from naslib_edd.engine.register import register_method
from naslib_edd.errors import UserError
from naslib_edd.plugin.runner import run

pytestmark = pytest.mark.naslib


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    cards, methods = dict(CARDS), dict(METHODS)
    yield
    for held, before in ((CARDS, cards), (METHODS, methods)):
        held.clear()
        held.update(before)  # type: ignore[arg-type]


def cold(logits: Tensor, t: Tensor) -> Tensor:
    """Softmax at half the temperature."""
    return torch.softmax(2 * logits / t, -1)


def first(logits: Tensor, allowed: Tensor) -> list[int]:
    return allowed.float().argmax(-1).tolist()  # type: ignore[no-any-return]


def _run(folder: Path, optimizer: str, **search: Any) -> Path:
    small = {"epochs": 2, "batch_size": 4, "limit_train": 4, "limit_val": 8}
    values = {
        "optimizer": optimizer,
        "search_space": "nasbench201",
        "dataset": "digits",
        "out_dir": str(folder / "runs"),
        "threads": 1,
        "search": {**small, **search},
    }
    config = folder / f"{optimizer}.yaml"
    config.write_text(yaml.safe_dump(values))
    run(config, [], console=Console(quiet=True))
    return folder / "runs" / "nasbench201" / "digits" / optimizer / "0"


@pytest.mark.search
def test_a_relaxation_searches_on_naslib(tmp_path: Path) -> None:
    register_method("cold", relaxation=cold)
    mine = rows_of(_run(tmp_path, "cold"))
    # The same as DARTS at t = ½, but for the rounding of 2·A/1 and A/½: none.
    same = rows_of(_run(tmp_path, "darts_v1", t0=0.5))
    assert [row["logits"] for row in mine] == [row["logits"] for row in same]


@pytest.mark.search
def test_operations_are_limited_on_naslib_too(tmp_path: Path) -> None:
    rows = rows_of(_run(tmp_path, "darts_v1", operations=["skip_connect", "nor_conv_3x3"]))
    assert all(set(row["ops"]) <= {1, 3} for row in rows)


@pytest.mark.search
def test_a_selection_chooses_on_naslib_where_the_supernet_is_fast(tmp_path: Path) -> None:
    """In the record's order of operations: the first of those that are left."""
    register_method("first", selection=first)
    left = ["skip_connect", "nor_conv_3x3"]
    rows = rows_of(_run(tmp_path, "first", operations=left))
    assert [row["ops"] for row in rows] == [[1] * 6] * 2
    register_method("first_on_the_graph", selection=first)
    with pytest.raises(UserError, match="need the fast supernet"):
        _run(tmp_path, "first_on_the_graph", supernet="naslib")
