"""Perturbations and stages in whole searches, alone and under EDD, cut off and resumed."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, rows_of, run, tiny_settings

from naslib_edd.engine.engine import Engine
from naslib_edd.engine.loop import Interrupted
from naslib_edd.storage.record import without_timings

pytestmark = pytest.mark.search

#: es_* so that any eigenvalues stop the search after its third epoch, and take it back by one.
SOON = {"es_window": 1, "es_start": 1, "es_delta": 1, "es_factor": 1e-9, "es_interval": 1}
EDD = "edd_darts"
#: name -> (optimizer, settings of the search, epochs of its record)
RUNS: dict[str, tuple[str, dict[str, Any], int]] = {
    "sdarts_rs": ("sdarts_rs", {"epochs": 2}, 2),
    "sdarts_adv": ("sdarts_adv", {"epochs": 2}, 2),
    "darts_pt": ("darts_pt", {"epochs": 1}, 7),
    "darts_pt_fixed": ("darts_pt_fixed", {"epochs": 1, "pt_criterion": "loss"}, 7),
    "sdarts_rs_pt": ("sdarts_rs_pt", {"epochs": 1}, 7),
    "sgas": ("sgas", {"epochs": 7}, 7),
    "sgas_pt": ("sgas_pt", {"epochs": 7}, 7),
    "darts_es": ("darts_es", {"epochs": 9, **SOON}, 3),
    "edd, adversarial": (EDD, {"perturbation": "adversarial", "epochs": 3}, 3),
    "edd, pt": (EDD, {"selection": "perturbation", "epochs": 2}, 8),
    "edd, sgas": (EDD, {"greedy": "cri2", "epochs": 8}, 8),
    "edd, sgas, pt, random": (
        EDD,
        {"greedy": "cri1", "selection": "perturbation", "perturbation": "random", "epochs": 7},
        7,
    ),
    "edd, es": (EDD, {"early_stop": "eigenvalue", "epochs": 9, **SOON}, 3),
}


def settings(out: Path, name: str) -> dict[str, Any]:
    optimizer, search, _ = RUNS[name]
    # Two steps an epoch.
    size = {"limit_train": 32, "limit_val": 32, "eval_statistics": "batch"}
    return tiny_settings(out, optimizer=optimizer, search={**size, **search})


@pytest.mark.parametrize("name", every(2, RUNS))
def test_a_run_ends_as_it_should_and_resumes_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    whole = run(settings(tmp_path / "whole", name))
    assert len(whole.rows) == RUNS[name][2]
    original = Engine.run_step
    # First inside the second epoch (after a decision, if any), then at the end of the third.
    for steps in (3, 3):
        done: list[None] = []

        def step(engine: Engine, done: list[None] = done, steps: int = steps) -> None:
            original(engine)
            done.append(None)
            if len(done) == steps:
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(Engine, "run_step", step)
        torch.manual_seed(99)  # whatever another process drew before
        with contextlib.suppress(Interrupted):  # a run of two epochs ends before the second stop
            run(settings(tmp_path / "cut", name), resume=True)
        assert len(done) in (steps, 2 * RUNS[name][2] - 3)
        monkeypatch.undo()
    torch.manual_seed(98)
    resumed = run(settings(tmp_path / "cut", name), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)
    assert without_timings(resumed.result) == without_timings(whole.result)


@pytest.mark.parametrize("name", ["darts_pt", "edd, pt", "sgas", "edd, sgas"])
def test_the_last_row_holds_the_decisions(tmp_path: Path, name: str) -> None:
    result = run(settings(tmp_path, name))
    rows = [row for row in result.rows if "decided" in row]
    decided = [{e: op for e, op in enumerate(row["decided"]) if op >= 0} for row in rows]
    for (before, row), (after, _) in zip(
        zip(decided, rows, strict=True), zip(decided[1:], rows[1:], strict=True), strict=False
    ):
        assert before.items() <= after.items() and len(after) - len(before) <= 1
        assert (row["decision"] or {"op": None})["op"] in (None, *before.values())
    assert rows[-1]["ops"] == rows[-1]["decided"] == result.result["ops"]
    # Entropy is that of edges still open; at the end there is none.
    assert rows[-1]["entropy"] == 0 or RUNS[name][1]["epochs"] > 6
    # The logits of an edge rest from its decision on.
    edge, first = next((e, n) for n, row in enumerate(decided) for e in row)
    assert all(row["logits"][edge] == rows[first]["logits"][edge] for row in rows[first:])
    if "edd" in name:
        assert len({row["t"] for row in result.rows}) > 3


def test_tuning_has_a_rate_of_its_own_and_fixed_logits_rest(tmp_path: Path) -> None:
    result = run(settings(tmp_path, "darts_pt_fixed"))
    assert [row["learning_rate"] for row in result.rows] == pytest.approx([0.025] + [0.0025] * 6)
    assert all(row["logits"] == result.rows[0]["logits"] for row in result.rows)
    scores = [row["decision"]["scores"] for row in result.rows[1:]]
    assert all(len(row) == 5 and max(row) < 0 for row in scores)


def test_a_stopped_search_reports_the_architecture_it_went_back_to(tmp_path: Path) -> None:
    result = run(settings(tmp_path, "darts_es"))
    assert all(row["hessian_eigenvalue"] is not None for row in result.rows)
    stop = result.rows[-1]["stop_epoch"]
    assert stop == 2 and result.result["ops"] == result.rows[stop - 1]["ops"]
    assert result.result["epochs"] == 3
