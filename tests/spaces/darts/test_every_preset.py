"""The DARTS space and S1 to S4 through every preset: search, record, resume, report, figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import power_cut, rows_of, run, tiny_settings

from naslib_edd import spaces
from naslib_edd.config.methods import CARDS
from naslib_edd.engine.baselines import ProxyEngine
from naslib_edd.engine.engine import Engine
from naslib_edd.report import draw_run, load_runs, report
from naslib_edd.storage.record import without_timings

BY_TABLE = ("random_search", "local_search")
METHODS = [n for n, card in CARDS.items() if "builtin" in card.hosts and n not in BY_TABLE]
UNTRAINED = ("zero_cost_pt", "nwot", "synflow", "jacov")
#: Each method on one of the spaces, in turn; those of the default run on the space named.
QUICK = {"edd_darts": "s1"}
#: It is about skip_connect, which S4 has not.
NEEDS = {"darts_minus": "darts"}
TURN = ("darts", "s1", "s2", "s3", "s4")
CASES = [
    pytest.param(
        method,
        (QUICK | NEEDS).get(method, TURN[number % len(TURN)]),
        marks=() if method in QUICK else pytest.mark.slow,
    )
    for number, method in enumerate(METHODS)
]


def settings(out: Path, method: str, space: str) -> dict[str, Any]:
    search: dict[str, Any] = {"channels": 8, "cells": 3, "batch_size": 8}
    search |= {"limit_train": 16, "limit_val": 16, "epochs": 3, "checkpoint_seconds": 0.0}
    search |= {"eval_statistics": "batch"}
    if method in ("darts_pt", "darts_pt_fixed", "sdarts_rs_pt"):
        search["epochs"] = 1  # and one more a decision
    if method.startswith("sgas"):
        search["epochs"] = 9  # a decision each
    if method in ("pcd_darts", "lpcd_darts"):
        search["epochs"] = 10  # of one cycle
    if method in UNTRAINED:
        search["epochs"] = 2
    if method == "zero_cost_pt":
        search["proxy_rounds"] = 2
    return tiny_settings(out, optimizer=method, search_space=space, search=search)


@pytest.mark.search
@pytest.mark.parametrize(("method", "name"), CASES)
def test_every_preset(tmp_path: Path, method: str, name: str) -> None:
    space = spaces.get(name)
    layout = space.layout
    whole = run(settings(tmp_path / "whole", method, name))
    rows = rows_of(whole.folder)
    arch = space.check(list(rows[-1]["ops"]))
    for node, entering in layout.nodes.items():
        assert sum(arch[row] is not None for row in entering) == layout.keep(node)
    assert whole.index is None and space.parse(whole.arch_str) == arch
    if "logits" in rows[-1]:
        logits = torch.tensor(rows[-1]["logits"])
        assert logits.shape == (28, len(layout.operations)) and logits.isfinite().all()
    kind = ProxyEngine if method in UNTRAINED else Engine
    with power_cut(epoch=1, step=1, kind=kind):
        run(settings(tmp_path / "cut", method, name))
    torch.manual_seed(1)  # whatever the new process drew before
    resumed = run(settings(tmp_path / "cut", method, name), resume=True)
    assert rows_of(resumed.folder) == rows
    assert without_timings(resumed.result) == without_timings(whole.result)
    draw_run(whole.folder)
    report([whole.folder], tmp_path / "report")
    (found,) = load_runs(whole.folder)
    assert found.space is space
