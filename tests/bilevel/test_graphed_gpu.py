"""Captured steps on a GPU: the eager ones, but for the order in which a GPU adds."""

from __future__ import annotations

import pytest
import torch
from graphed_runs import FIFTY, eager, engine_of, run_epochs


@pytest.mark.search
@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("method", ["darts_v1", "edd_darts", "drnas"])
def test_fifty_captured_steps_are_the_eager_ones_on_a_gpu(method: str, precision: str) -> None:
    found = engine_of(method, device="cuda", cuda_graph="on", precision=precision, **FIFTY)
    wanted = eager(engine_of(method, device="cuda", cuda_graph="on", precision=precision, **FIFTY))
    rows, expected = run_epochs(found), run_epochs(wanted)
    assert found.graphed is not None and found.graphed.captures >= 1
    # A GPU adds in no fixed order, and Adam turns noise in a small gradient into a step of 3e-4.
    near = 1e-2 if precision == "fp32" else 5e-2
    for row, other in zip(rows, expected, strict=True):
        assert row["train_loss"] == pytest.approx(other["train_loss"], rel=near)
        assert row["val_loss"] == pytest.approx(other["val_loss"], rel=near)
        found_logits, other_logits = (torch.tensor(one["logits"]) for one in (row, other))
        torch.testing.assert_close(found_logits, other_logits, rtol=near, atol=near / 5)
    first, second = rows[0]["train_loss"], expected[0]["train_loss"]
    assert first == pytest.approx(second, rel=near / 10)
