"""The meters by hand: losses, accuracies, norms and opposite signs of the gradient's two terms."""

from __future__ import annotations

import pytest
import torch

from naslib_edd.bilevel import Meters
from naslib_edd.bilevel.meters import NAMES


def filled() -> Meters:
    meters = Meters(device=torch.device("cpu"))
    labels = torch.tensor([0, 1, 1, 0])
    for number, right in enumerate([4, 1]):
        scores = torch.zeros(4, 2)
        for row, label in enumerate(labels.tolist()):
            scores[row, label if row < right else 1 - label] = 1.0
        meters.add_batch("train", torch.tensor(0.5 + number), scores, labels)
        meters.add_batch("val", torch.tensor(3.0), scores.flip(1), labels)
        meters.steps += 1
    forward = torch.tensor([[3.0, 4.0, 0.0, 0.0], [0.0] * 4])
    meters.add_terms(forward, torch.tensor([[-1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]))
    meters.add_terms(forward, torch.zeros(2, 4))
    return meters


def test_means() -> None:
    means = filled().means()
    assert tuple(means) == NAMES
    assert means == pytest.approx(
        {
            "train_loss": 1.0,
            "train_acc": (100 + 25) / 2,
            "val_loss": 3.0,
            "val_acc": (0 + 75) / 2,
            "forward_norm": 5.0,
            "noise_norm": 2.0 / 2,
            "opposite_entries": (1 / 8 + 0) / 2,
            "opposite_steps": 0.5,
        }
    )


def test_gradients_are_not_kept() -> None:
    meters = Meters(device=torch.device("cpu"))
    scores = torch.randn(4, 2, requires_grad=True)
    meters.add_batch("val", scores.sum(), scores, torch.zeros(4, dtype=torch.int64))
    assert not meters.sums.requires_grad


def test_reset_and_no_step_at_all() -> None:
    meters = filled()
    meters.reset()
    assert meters.steps == 0 and set(meters.means().values()) == {0.0}


def test_state() -> None:
    meters, other = filled(), Meters(device=torch.device("cpu"))
    other.load_state_dict(meters.state_dict())
    assert other.means() == meters.means() and other.steps == 2
    # A copy: what comes after is counted by one of them only.
    other.add_terms(torch.ones(2, 4), torch.ones(2, 4))
    assert other.means() != meters.means()
