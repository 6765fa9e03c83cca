"""Searches by proxies: the best of what was scored, decided as defined, resumed bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, power_cut, rows_of, run, tiny_settings, write_table

from naslib_edd.config.loading import load
from naslib_edd.data import load as load_data
from naslib_edd.engine.baselines import ProxyEngine
from naslib_edd.engine.baselines.proxies import Under, nwot
from naslib_edd.errors import UserError
from naslib_edd.report import draw_overview, draw_run, report
from naslib_edd.spaces.nb201.encoding import CONV3, SKIP, ops_to_index
from naslib_edd.storage.record import without_timings

PROXIES = ("nwot", "synflow", "jacov")
CPU = torch.device("cpu")


def _settings(out: Path, optimizer: str, **search: Any) -> dict[str, Any]:
    small = {"epochs": 3, "batch_size": 16, "proxy_rounds": 2, **search}
    if optimizer != "zero_cost_pt":
        small.setdefault("queries", 7)
    return tiny_settings(out, optimizer=optimizer, search=small)


def _engine(optimizer: str, **search: Any) -> ProxyEngine:
    config = load(_settings(Path("unused"), optimizer, **search))
    data = load_data("digits", seed=0, device=CPU, limit_train=96, limit_val=96)
    return ProxyEngine(config=config, data=data, device=CPU)


@pytest.mark.search
@pytest.mark.parametrize("optimizer", every(2, [*PROXIES, "zero_cost_pt"]))
def test_a_search_leaves_its_record_and_resumes_bit_for_bit(tmp_path: Path, optimizer: str) -> None:
    table = str(write_table(tmp_path / "table.npz"))
    settings = _settings(tmp_path / "whole", optimizer, checkpoint_seconds=0.0)
    before = torch.get_rng_state()
    whole = run({**settings, "table": table})
    assert torch.equal(torch.get_rng_state(), before)
    assert [row["epoch"] for row in whole.rows] == [1, 2, 3]
    scored = [1, 2, 3] if optimizer == "zero_cost_pt" else [3, 5, 7]
    assert [row["scored"] for row in whole.rows] == scored
    best = [row["proxy_score"] for row in whole.rows]
    assert best == sorted(best) and whole.result["proxy_score"] == best[-1]
    assert whole.rows[0]["steered_by"] == ("nwot" if optimizer == "zero_cost_pt" else optimizer)
    assert whole.rows[-1]["table"]["index"] == whole.index
    cut = {**settings, "out_dir": str(tmp_path / "cut"), "table": table}
    with power_cut(epoch=1, step=1, kind=ProxyEngine):
        run(cut)
    torch.manual_seed(7)
    resumed = run(cut, resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)
    assert without_timings(resumed.result) == without_timings(whole.result)
    # The table is for the record alone.
    without = run({**settings, "out_dir": str(tmp_path / "no table"), "table": "digits"})
    assert without.index == whole.index
    draw_run(whole.folder)
    draw_overview(whole.folder)
    report([whole.folder], tmp_path / "out")
    assert json.loads((whole.folder / "result.json").read_text())["index"] == whole.index


def test_the_best_of_a_random_order_is_chosen() -> None:
    engine = _engine("synflow", queries=12)
    while not engine.finished:
        while engine.step < engine.steps:
            engine.run_step()
        row = engine.end_epoch()
    again = _engine("synflow", queries=12)
    scores = {index: again._score(index) for index in engine._order}
    assert len(scores) == 12 and row["ops"] == list(max(scores, key=lambda arch: scores[arch]))
    assert row["proxy_score"] == max(scores.values())


@pytest.mark.search
def test_edges_are_decided_by_what_is_missed_most() -> None:
    """The slow twin: the paper's loop, written out."""
    engine = _engine("zero_cost_pt", exclude_none=True)
    ops: list[int] = []
    for step in range(6):
        before = list(engine.ops)
        engine.run_step()
        (edge,) = [e for e in range(6) if engine.ops[e] != before[e]]
        draws = torch.Generator()
        draws.manual_seed(_seed(engine))
        torch.randperm(6, generator=draws)
        beta = 1e-3 * torch.randn(6, 5, generator=draws)
        beta[:, 0] = -torch.inf
        beta = beta.softmax(-1)
        for row, op in enumerate(before):
            if op >= 0:
                beta[row] = 0
                beta[row, op] = 1
        images, _ = engine.batches.batch(0, step)
        scores = []
        for op in range(1, 5):
            without = beta.clone()
            without[edge, op] = 0
            scores.append(nwot(Under(engine.supernet, without), images, "running"))
        ops.append(1 + scores.index(min(scores)))
        assert engine.ops[edge] == ops[-1]
    assert engine.end_epoch()["candidate"] == ops_to_index(
        engine.chosen
    )  # the first is the best so far


def _seed(engine: ProxyEngine) -> int:
    from naslib_edd.data.sampling import stable_seed

    return stable_seed(engine.config.seed, "zero_cost_pt", engine.epoch)


@pytest.mark.search
@pytest.mark.parametrize("optimizer", ["nwot", "zero_cost_pt"])
def test_only_named_operations(tmp_path: Path, optimizer: str) -> None:
    names = ["nor_conv_3x3", "skip_connect"]
    found = run(_settings(tmp_path, optimizer, operations=names))
    assert all(set(row["ops"]) <= {SKIP, CONV3} for row in found.rows)


def test_what_does_not_go_together() -> None:
    with pytest.raises(UserError, match="zero_cost_pt has a candidate an epoch"):
        load({"optimizer": "zero_cost_pt", "search": {"queries": 3}})
    with pytest.raises(UserError, match="best_of measures with shared weights"):
        load({"optimizer": "nwot", "search": {"best_of": 3}})
