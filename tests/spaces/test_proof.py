"""A space unlike NAS-Bench-201 through every preset: search, record, resume, report, figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import power_cut, rows_of, run, tiny_settings
from proof_space import LAYOUT, PROOF

from naslib_edd import spaces
from naslib_edd.config.loading import changed, load
from naslib_edd.config.methods import CARDS
from naslib_edd.engine.baselines import ProxyEngine
from naslib_edd.engine.engine import Engine
from naslib_edd.errors import UserError
from naslib_edd.report import draw_run, load_runs, report
from naslib_edd.storage.record import without_timings

#: They look architectures up, and no table is of this space.
BY_TABLE = ("random_search", "local_search")
METHODS = [n for n, card in CARDS.items() if "builtin" in card.hosts and n not in BY_TABLE]
#: Scores of untrained networks.
UNTRAINED = ("zero_cost_pt", "nwot", "synflow", "jacov")
#: The default run has these; `slow` has all kinds of part that know their space.
QUICK = ("edd_darts", "gdas", "edd_pc_darts", "sgas", "rs_ws", "zero_cost_pt")


def settings(out: Path, method: str) -> dict[str, Any]:
    search: dict[str, Any] = {"channels": 4, "batch_size": 16, "limit_train": 32, "limit_val": 32}
    search |= {"epochs": 3, "checkpoint_seconds": 0.0, "eval_statistics": "batch"}
    if method.startswith("sgas") or "progressive" in method:
        search["epochs"] = 6  # a decision each
    if method in ("darts_pt", "darts_pt_fixed", "sdarts_rs_pt"):
        search["epochs"] = 1  # and one more a decision
    if method in ("pcd_darts", "lpcd_darts"):
        search["epochs"] = 10  # of one cycle
    if method in UNTRAINED:
        search["epochs"] = 2
    if method == "rs_ws":
        search["best_of"] = 10
    if method == "zero_cost_pt":
        search["proxy_rounds"] = 2
    return tiny_settings(out, optimizer=method, search_space="proof", search=search)


def check(arch: list[int | None]) -> None:
    """Each node has its two edges, each an operation that the edge has."""
    PROOF.check(arch)
    for node, rows in LAYOUT.nodes.items():
        assert sum(arch[row] is not None for row in rows) == LAYOUT.keep(node)


@pytest.mark.search
@pytest.mark.parametrize(
    "method",
    [pytest.param(m, marks=() if m in QUICK else pytest.mark.slow) for m in METHODS],
)
def test_every_preset(tmp_path: Path, method: str) -> None:
    whole = run(settings(tmp_path / "whole", method))
    rows = rows_of(whole.folder)
    check(list(rows[-1]["ops"]))
    assert whole.index is None and whole.arch_str == PROOF.text(rows[-1]["ops"])
    assert "table" not in rows[-1] and "tables" not in whole.result
    assert rows[-1]["none_count"] is None
    if "logits" in rows[-1]:
        assert torch.tensor(rows[-1]["logits"]).shape == (12, 4)
        assert torch.tensor(rows[-1]["logits"]).isfinite().all()
        assert 0 <= rows[-1]["entropy"] <= 1.4
    kind = ProxyEngine if method in UNTRAINED else Engine
    with power_cut(epoch=1, step=1, kind=kind):
        run(settings(tmp_path / "cut", method))
    torch.manual_seed(1)  # whatever the new process drew before
    resumed = run(settings(tmp_path / "cut", method), resume=True)
    assert rows_of(resumed.folder) == rows
    assert without_timings(resumed.result) == without_timings(whole.result)
    draw_run(whole.folder)
    report([whole.folder], tmp_path / "report")
    (found,) = load_runs(whole.folder)
    assert found.space is PROOF


@pytest.mark.parametrize("method", BY_TABLE)
def test_no_table_is_of_this_space(tmp_path: Path, method: str) -> None:
    with pytest.raises(UserError, match="none was found"):
        run(settings(tmp_path, method))
    with pytest.raises(UserError, match="is of nasbench201"):
        run({**settings(tmp_path, "edd_darts"), "table": "nb201"})


def test_bounds_and_defaults_are_the_space_s() -> None:
    config = load({"search_space": "proof", "optimizer": "edd_darts"})
    assert config.search.weight_decay == 1e-4 and "weight_decay" not in changed(config)
    # Five edges of a cell are decided, two of them at nodes that keep two of three.
    assert LAYOUT.decisions == 5
    with pytest.raises(UserError, match="the last of 5 edges"):
        load({"search_space": "proof", "optimizer": "sgas", "search": {"greedy_warmup": 2000}})
    with pytest.raises(UserError, match="no operation of the search space"):
        load({"search_space": "proof", "search": {"operations": ["avg_pool_3x3"]}})
    one = load(
        {"search_space": "proof", "search": {"operations": ["max_pool_3x3", "skip_connect"]}}
    )
    assert one.search.columns_in(LAYOUT) == (1, 2)


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spaces.get("proof") is PROOF and "proof" in spaces.names()
    with pytest.raises(UserError, match="did you mean 'nasbench201'"):
        load({"search_space": "nasbench_201"})
    with pytest.raises(UserError, match="NASLib's engine only"):
        spaces.get("nasbench301")
    monkeypatch.setattr(spaces, "_others", lambda: {"mine": "proof_space:PROOF", "off": "no:x"})
    assert spaces.get("mine") is PROOF
    with pytest.raises(UserError, match="cannot be read"):
        spaces.get("off")


def test_a_record_of_another_space_is_refused(tmp_path: Path) -> None:
    done = run(settings(tmp_path, "edd_darts"))
    record = done.folder / "record.jsonl"
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert all(len(row["ops"]) == 12 for row in rows)
    with pytest.raises(UserError):
        PROOF.check([0] * 6)
    with pytest.raises(UserError):
        PROOF.check([2] * 12)  # the first edge has no pool
