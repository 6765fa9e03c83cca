"""Whole small searches in bf16 on a CPU: they run, differ from fp32, and resume bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, power_cut, rows_of, run, tiny_settings

from naslib_edd.errors import UserError

pytestmark = pytest.mark.search

#: Name → method and settings.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "edd_darts": ("edd_darts", {}),
    "plain": ("darts_v1", {"supernet": "plain"}),
    "gdas": ("gdas", {}),
    "pc_darts": ("pc_darts", {"channels": 4}),
    "drnas": ("drnas", {"split": None}),
    "darts_v2_exact": ("darts_v2", {"supernet": "plain", "hessian": "exact"}),
    "sdarts_adv": ("sdarts_adv", {}),
    "gibbs_nas": ("gibbs_nas", {}),
}


@pytest.fixture(autouse=True)
def bf16_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right on every processor, if slow where the instructions are emulated."""
    monkeypatch.setattr("naslib_edd.engine.build.step.no_bf16", lambda: None)


def settings(out: Path, case: str, precision: str = "bf16") -> dict[str, Any]:
    method, search = CASES[case]
    size = {"epochs": 2, "limit_train": 48, "limit_val": 48, "precision": precision}
    return tiny_settings(out, optimizer=method, search={**size, **search})


@pytest.mark.parametrize("case", every(2, CASES))
def test_runs_and_resumes_bit_for_bit(tmp_path: Path, case: str) -> None:
    rows = rows_of(run(settings(tmp_path / "whole", case)).folder)
    exact = rows_of(run(settings(tmp_path / "fp32", case, "fp32")).folder)
    assert all(torch.isfinite(torch.tensor(row["logits"])).all() for row in rows)
    assert rows[0]["train_loss"] != exact[0]["train_loss"]
    assert rows[0]["train_loss"] == pytest.approx(exact[0]["train_loss"], rel=3e-2)

    cut = settings(tmp_path / "cut", case)
    cut["search"]["checkpoint_seconds"] = 0.0
    with power_cut(epoch=1, step=2):
        run(cut)
    torch.manual_seed(99)
    assert rows_of(run(cut, resume=True).folder) == rows


def test_a_run_keeps_its_precision(tmp_path: Path) -> None:
    run(settings(tmp_path, "edd_darts"))
    with pytest.raises(UserError, match=r"search\.precision was 'bf16' there and is 'fp32' now"):
        run(settings(tmp_path, "edd_darts", "fp32"), resume=True)
