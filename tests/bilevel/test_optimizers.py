"""The SGD that a graph can hold against torch's, and states that either kind can load."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from naslib_edd.bilevel.optimizers import GraphSGD, load_portable, portable_state, set_rate

RATES = [0.1, 0.07, 0.05, 0.02]


def weights() -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    shapes = [(3, 2, 3, 3), (4,), (2, 5)]
    return [torch.randn(s, generator=random, dtype=torch.float64).requires_grad_() for s in shapes]


def train(optimizer: torch.optim.Optimizer, parameters: list[Tensor], steps: range) -> None:
    for step in steps:
        random = torch.Generator().manual_seed(step)
        for place, weight in enumerate(parameters):
            drawn = torch.randn(weight.shape, generator=random, dtype=torch.float64)
            # The last one takes no part at first: torch leaves it alone, momentum and all.
            weight.grad = None if place == 2 and step == 0 else drawn
        set_rate(optimizer, RATES[step])
        optimizer.step()


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("decay", [0.0, 5e-3])
def test_torchs_steps(momentum: float, nesterov: bool, decay: float) -> None:
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    ours, theirs = weights(), weights()
    rate = torch.tensor(1.0, dtype=torch.float64)
    train(GraphSGD(ours, lr=rate, **options), ours, range(4))  # type: ignore[arg-type]
    train(torch.optim.SGD(theirs, lr=1.0, **options), theirs, range(4))  # type: ignore[arg-type]
    assert float(rate) == RATES[-1]
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert not any(torch.equal(one, first) for one, first in zip(ours, weights(), strict=True))


@pytest.mark.parametrize("saver", ["graph", "torch"])
@pytest.mark.parametrize("loader", ["graph", "torch"])
def test_a_state_goes_on_in_either_kind(saver: str, loader: str) -> None:
    def make(kind: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        if kind == "torch":
            return torch.optim.SGD(parameters, lr=1.0, momentum=0.9)
        rate = torch.tensor(1.0, dtype=torch.float64)
        return GraphSGD(parameters, lr=rate, momentum=0.9)

    wanted = weights()
    train(make("torch", wanted), wanted, range(4))
    first = weights()
    before = make(saver, first)
    train(before, first, range(2))
    state = copy.deepcopy(portable_state(before, rate=RATES[1]))
    assert state["param_groups"][0]["lr"] == RATES[1]
    second = [tensor.detach().clone().requires_grad_() for tensor in first]
    after = make(loader, second)
    load_portable(after, state)
    held = after.param_groups[0]["lr"]
    assert isinstance(held, Tensor) == (loader == "graph") and float(held) == RATES[1]
    train(after, second, range(2, 4))
    torch.testing.assert_close(second, wanted, rtol=1e-12, atol=1e-12)


def test_adams_step_count_is_where_its_kind_wants_it() -> None:
    def make(capturable: bool) -> torch.optim.Adam:
        logits = torch.ones(2, 3, requires_grad=True)
        logits.grad = torch.ones(2, 3)
        return torch.optim.Adam([logits], capturable=capturable)

    usual, captured = make(False), make(True)
    usual.step()
    load_portable(captured, portable_state(usual))
    assert captured.param_groups[0]["capturable"] is True
    assert usual.param_groups[0]["capturable"] is False
    (state,) = captured.state.values()
    assert float(state["step"]) == 1
    saved = portable_state(captured)
    assert saved["param_groups"] == portable_state(usual)["param_groups"]
    assert captured.param_groups[0]["capturable"] is True, "the optimizer's own stays"
