"""The Hessian against the release's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.selection.hessian import dominant_eigenvalue, hessian

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "darts_es.npz")


def test_the_release_s_hessian_of_a_stand_in() -> None:
    first, second = torch.from_numpy(GOLDEN["first"]), torch.from_numpy(GOLDEN["second"])

    def loss(logits: Tensor) -> Tensor:
        return torch.tanh(torch.softmax(logits, -1).reshape(-1) @ first) @ second

    point = torch.from_numpy(GOLDEN["logits"])
    decay = float(GOLDEN["weight_decay"])
    exact = hessian(loss, point)
    theirs = torch.from_numpy(GOLDEN["hessian"])
    torch.testing.assert_close(exact + decay * torch.eye(30), theirs, rtol=0, atol=1e-6)
    found = dominant_eigenvalue(exact) + decay
    assert found == pytest.approx(float(GOLDEN["eigenvalue"]), rel=1e-5)


def test_the_largest_eigenvalue_counts_with_its_sign() -> None:
    assert dominant_eigenvalue(torch.diag(torch.tensor([-5.0, 1.0, 0.5]))) == pytest.approx(1.0)
    assert dominant_eigenvalue(torch.diag(torch.tensor([-5.0, -1.0]))) == pytest.approx(-1.0)
