"""Whole small searches of darts_v2, the GAEA family and gibbs_nas: record, resumption, seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, power_cut, rows_of, run, tiny_settings

pytestmark = pytest.mark.search

#: Name → method and settings; searches of two epochs.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "darts_v2": ("darts_v2", {}),
    "darts_v2_exact": ("darts_v2", {"supernet": "plain", "hessian": "exact"}),
    "edd_v2": ("edd_darts", {"bilevel": "second_order", "order": "logits_first"}),
    "gaea_bilevel": ("gaea_bilevel", {}),
    "gaea_bilevel_no_none": ("gaea_bilevel_no_none", {}),
    "gaea_erm": ("gaea_erm", {}),
    "gaea_erm_no_none": ("gaea_erm_no_none", {}),
    "gaea_erm_same": ("gaea_erm", {"logit_batch": "same"}),
    "gibbs_nas": ("gibbs_nas", {"gibbs_temperature": 1e-3}),
}


def settings(out: Path, case: str, **top: Any) -> dict[str, Any]:
    optimizer, search = CASES[case]
    search = {"epochs": 2, "limit_train": 48, "limit_val": 48, **search}
    return tiny_settings(out, optimizer=optimizer, search=search, **top)


@pytest.mark.parametrize("case", every(2, CASES))
def test_a_run_cut_off_resumes_bit_for_bit(tmp_path: Path, case: str) -> None:
    whole = run(settings(tmp_path / "whole", case))
    rows = rows_of(whole.folder)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(torch.isfinite(torch.tensor(row["logits"])).all() for row in rows)
    assert rows[0]["logits"] != rows[1]["logits"] and rows[0]["forward_norm"] > 0
    if case.endswith("no_none"):
        assert not any(row["none_count"] for row in rows)

    cut = settings(tmp_path / "cut", case)
    cut["search"]["checkpoint_seconds"] = 0.0
    with power_cut(epoch=1, step=2 if "erm" not in case and case != "gibbs_nas" else 3):
        run(cut)
    torch.manual_seed(99)  # whatever the new process drew before
    resumed = run(cut, resume=True)
    assert rows_of(resumed.folder) == rows


def test_a_seed_is_its_noise(tmp_path: Path) -> None:
    first, second, other = (
        rows_of(run(settings(tmp_path / name, "gibbs_nas", seed=seed)).folder)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == second
    assert first[0]["logits"] != other[0]["logits"]


def test_gaea_keeps_probabilities(tmp_path: Path) -> None:
    for row in run(settings(tmp_path, "gaea_bilevel")).rows:
        total = torch.tensor(row["logits"]).exp().sum(-1)
        torch.testing.assert_close(total, torch.ones(6))


def test_none_stays_out_and_below(tmp_path: Path) -> None:
    for row in run(settings(tmp_path, "gaea_erm_no_none")).rows:
        logits = torch.tensor(row["logits"])
        torch.testing.assert_close(logits[:, 1:].exp().sum(-1), torch.ones(6))
        assert (logits[:, 0] < logits[:, 1:].min(-1).values).all()
