"""PC-DARTS on the built-in engine: its settings, its record, its warm-up, its resumption."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import rows_of, run, tiny_settings

from naslib_edd.config.loading import as_dict, load
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.loop import Interrupted
from naslib_edd.engine.start import open_data
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.partial import PlainPartialSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.storage.record import without_timings

METHODS = ("pc_darts", "edd_pc_darts")


def settings(out: Path, method: str, **search: Any) -> dict[str, Any]:
    return tiny_settings(out, optimizer=method, search={"channels": 4, "batch_size": 32, **search})


def make(out: Path, method: str, **search: Any) -> Engine:
    config, device = load(settings(out, method, **search)), torch.device("cpu")
    return Engine(config=config, data=open_data(config, device), device=device)


@pytest.mark.search
@pytest.mark.parametrize("method", METHODS)
def test_a_record_with_edge_logits_and_the_same_bit_for_bit_resumed(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(settings(tmp_path / "whole", method))
    assert [len(row["edge_logits"]) for row in whole.rows] == [6, 6, 6]
    assert [len(row["logits"][0]) for row in whole.rows] == [5, 5, 5]
    assert all(row["val_loss"] > 0 for row in whole.rows)

    # Broken off inside the second epoch.
    step = Engine.run_step
    count = [0]

    def stop(engine: Engine) -> None:
        step(engine)
        count[0] += 1
        if count[0] == 5:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Engine, "run_step", stop)
    with pytest.raises(Interrupted):
        run(settings(tmp_path / "cut", method))
    resumed = run(settings(tmp_path / "cut", method), resume=True)
    assert rows_of(whole.folder) == rows_of(resumed.folder)
    assert without_timings(whole.result) == without_timings(resumed.result)


@pytest.mark.search
def test_logits_rest_in_a_share_of_the_epochs(tmp_path: Path) -> None:
    rows = run(settings(tmp_path, "pc_darts")).rows  # 0.3 of 3 epochs: the first
    first = make(tmp_path, "pc_darts").logits.detach()
    assert rows[0]["logits"] == first[:, :5].tolist()
    assert rows[0]["edge_logits"] == first[:, 5].tolist()
    assert rows[0]["forward_norm"] is None and rows[1]["forward_norm"] > 0
    assert rows[1]["logits"] != rows[0]["logits"]
    moved = [a != b for a, b in zip(rows[0]["edge_logits"], rows[1]["edge_logits"], strict=True)]
    # The weight decay moves an edge that is alone, too; its gradient is 0.
    assert all(moved[1:])


@pytest.mark.parametrize(
    ("warmup", "epochs", "wanted"),
    [(0, 50, 0), (0.3, 50, 15), (0.3, 20, 6), ("0.3", 25, 8), (0.5, 1, 0), (3, 5, 3), (2.0, 5, 2)],
)
def test_the_warm_up_in_epochs(warmup: Any, epochs: int, wanted: int) -> None:
    search = {"arch_warmup": warmup, "epochs": epochs}
    config = load({"optimizer": "darts_v1", "search": search})
    assert config.search.arch_warmup_epochs == wanted
    assert load(as_dict(config)) == config
    assert load({"optimizer": "pc_darts"}).search.arch_warmup_epochs == 15  # the release's


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"partial_channels": 3}, "= 3 does not divide search.channels = 16"),
        ({"partial_channels": 4, "channels": 2}, "= 4 does not divide search.channels = 2"),
        ({"partial_channels": 0}, "must be at least 1"),
        ({"partial_channels": 2, "relaxation": "gumbel"}, "does not go with search.relaxation"),
        ({"arch_warmup": 1.5}, "search.arch_warmup = 1.5 must be a whole number of epochs, or"),
        ({"arch_warmup": -0.1}, "search.arch_warmup = -0.1 must be at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(search: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load({"search": search})


@pytest.mark.search
def test_without_a_pass_of_the_discretised_network(tmp_path: Path) -> None:
    """``eval_statistics: off``: no such accuracy anywhere, the search itself the same."""
    rows = [
        run(settings(tmp_path / kind, "edd_pc_darts", eval_statistics=kind, epochs=2)).rows
        for kind in ("off", "both")
    ]
    for off, both in zip(*rows, strict=True):
        assert not [key for key in off if key.startswith("net_")]
        kept = {k: v for k, v in without_timings(both).items() if not k.startswith("net_")}
        assert kept == without_timings(off)


@pytest.mark.search
def test_twins_search_alike(tmp_path: Path) -> None:
    """Two epochs on both twins from the same weights, in float64: the same logits and rows."""
    engines = [make(tmp_path, "edd_pc_darts", supernet=kind) for kind in ("plain", "fast")]
    plain, fast = engines
    for engine in engines:
        engine.supernet.double()
        engine.logits.data = engine.logits.data.double()
        batch = engine._batch
        engine._batch = lambda b, f=batch: (f(b)[0].double(), f(b)[1])  # type: ignore[method-assign]
        part = engine._part
        engine._part = lambda i, n, f=part: (f(i, n)[0].double(), f(i, n)[1])  # type: ignore[method-assign]
    assert isinstance(plain.supernet, PlainPartialSupernet)
    copy_from_plain(fast.supernet, plain.supernet)  # type: ignore[arg-type]
    fast.logits.data.copy_(plain.logits.data)
    for _ in range(2):
        rows = []
        for engine in engines:
            while engine.step < engine.steps:
                engine.run_step()
            rows.append(engine.end_epoch())
        for key in ("train_loss", "val_loss", "t_next", "entropy", "forward_norm", "noise_norm"):
            assert rows[1][key] == pytest.approx(rows[0][key], rel=1e-6), key
        for key in ("ops", "net_val_acc_batch", "net_val_acc_running"):
            assert rows[1][key] == rows[0][key], key
    torch.testing.assert_close(fast.logits, plain.logits, rtol=1e-6, atol=1e-9)


@pytest.mark.search
def test_edge_weights_are_in_the_discretised_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make(tmp_path, "pc_darts")
    with torch.no_grad():
        engine.logits[:, -1] = torch.randn(6)
    seen: list[torch.Tensor] = []
    plain = engine.supernet.discretised

    def look(x: Any, ops: Any, statistics: Any, edges: Any) -> torch.Tensor:
        seen.append(edges)
        return plain(x, ops, statistics, edges)

    monkeypatch.setattr(engine.supernet, "discretised", look)
    engine.accuracy(engine.data.val, (3,) * 6, "batch")
    beta = engine.relaxation(engine.logits, engine.t)
    assert torch.equal(seen[0], beta[:, -1])
