"""SDARTS' two perturbations: held to the release, to the box and to the simplex."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from naslib_edd.bilevel import FirstOrder
from naslib_edd.bilevel.perturbed import AdversarialPerturbation, RandomPerturbation, to_simplex
from naslib_edd.config.loading import load
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Masked, Softmax
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.supernet.layers import evaluating

GOLDEN = np.load(Path(__file__).parents[2] / "golden" / "sdarts.npz")
CASES = ["small", "large", "rugged"]


def golden(name: str) -> Tensor:
    return torch.from_numpy(GOLDEN[name])


def options(seed: int = 0, **others: Any) -> dict[str, Any]:
    return {"generator": torch.Generator().manual_seed(seed), "epochs": 10, **others}


def no_loss(_: Tensor) -> Tensor:
    raise AssertionError("the random perturbation asks for no loss")


def test_the_projection_is_the_release_s() -> None:
    torch.testing.assert_close(to_simplex(golden("rows")), golden("projected"), rtol=0, atol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_random_is_the_release_s(case: str) -> None:
    seed, epsilon = int(GOLDEN[f"{case}_seeds"][0]), float(GOLDEN[f"{case}_epsilon"])
    perturbation = RandomPerturbation(**options(seed, first=epsilon, last=epsilon))
    moved = perturbation(golden(f"{case}_beta"), no_loss)
    torch.testing.assert_close(moved, golden(f"{case}_random"), rtol=0, atol=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_the_ascent_is_the_release_s_step_by_step(case: str) -> None:
    seed, epsilon = int(GOLDEN[f"{case}_seeds"][1]), float(GOLDEN[f"{case}_epsilon"])
    weight, pitch = golden(f"{case}_weight"), float(GOLDEN[f"{case}_pitch"])
    asked: list[Tensor] = []

    def loss(beta: Tensor) -> Tensor:
        asked.append(beta.detach().clone())
        return (weight * torch.sin(pitch * beta + weight)).sum()

    beta = golden(f"{case}_beta")
    attack = AdversarialPerturbation(**options(seed, first=epsilon, last=epsilon))
    moved = attack(beta, loss)
    # The loss is asked for at β, where each of the 7 steps begins, and at the end.
    trajectory = torch.stack(asked)
    assert len(trajectory) == 9
    torch.testing.assert_close(trajectory[0], beta)
    torch.testing.assert_close(trajectory[1:], golden(f"{case}_trajectory"), rtol=0, atol=1e-13)
    torch.testing.assert_close(moved, golden(f"{case}_adversarial"), rtol=0, atol=1e-13)
    if case == "rugged":  # where the ascent ended below its start
        assert torch.equal(moved, beta) and loss(trajectory[-1]) < loss(beta)
    else:
        assert loss(moved) > loss(beta)
    # The release evaluates its network there, on running statistics.
    assert GOLDEN[f"{case}_evaluating"].all() and attack.statistics == "running"


@given(st.integers(0, 10_000), st.floats(0.01, 1.0))
def test_a_moved_beta_is_on_the_simplex_and_the_mask_holds(seed: int, epsilon: float) -> None:
    random = torch.Generator().manual_seed(seed)
    allowed = torch.rand(6, 5, generator=random) > 0.5
    allowed[:, 1] = True
    allowed[0] = torch.tensor([False, True, False, False, False])
    logits = 5 * torch.randn(6, 5, generator=random)
    beta = Masked(relaxation=Softmax(), allowed=allowed)(logits, torch.tensor(1.0))
    for kind in (RandomPerturbation, AdversarialPerturbation):
        perturbation = kind(**options(seed, first=epsilon, last=epsilon, allowed=allowed))
        moved = perturbation(beta, lambda other: (other**2).sum())
        torch.testing.assert_close(moved.sum(1), torch.ones(6))
        assert (moved >= 0).all() and not moved[~allowed].any()
        assert moved[0].tolist() == [0, 1, 0, 0, 0]


def test_epsilon_grows_with_the_epochs_and_then_stays() -> None:
    perturbation = RandomPerturbation(**options())
    found = []
    for epoch in (0, 5, 10, 13):
        perturbation.begin_epoch(epoch)
        found.append(perturbation.epsilon)
    assert found == pytest.approx([0.03, 0.165, 0.3, 0.3])


def test_edge_weights_are_left_alone() -> None:
    beta = torch.cat([torch.full((6, 5), 0.2), torch.arange(6.0)[:, None]], 1)
    for kind in (RandomPerturbation, AdversarialPerturbation):
        seen: list[Tensor] = []

        def loss(other: Tensor, seen: list[Tensor] = seen) -> Tensor:
            seen.append(other[:, -1].detach())
            return (other**2).sum()

        moved = kind(**options(edge_column=True))(beta, loss)
        assert torch.equal(moved[:, -1], beta[:, -1]) and moved.shape == beta.shape
        assert not torch.equal(moved[:, :5], beta[:, :5])
        assert all(torch.equal(column, beta[:, -1]) for column in seen)


def test_the_noise_goes_on_where_a_state_left_it() -> None:
    beta = torch.full((6, 5), 0.2)
    first = RandomPerturbation(**options(1))
    first(beta, no_loss)
    state = first.state_dict()
    wanted = first(beta, no_loss)
    other = RandomPerturbation(**options(2))
    other.load_state_dict(state)
    assert torch.equal(other(beta, no_loss), wanted)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_the_weights_train_at_the_worst_beta_and_the_attack_leaves_no_trace(
    statistics: Any,
) -> None:
    torch.manual_seed(0)
    net = FastSupernet(channels=2, cells=1, classes=3).double()
    logits = torch.randn(6, 5, dtype=torch.float64).requires_grad_()
    batch = torch.randn(4, 3, 8, 8, dtype=torch.float64), torch.tensor([0, 1, 2, 0])
    attack = AdversarialPerturbation(**options(first=0.3, statistics=statistics))
    bilevel = FirstOrder(
        supernet=net,
        logits=logits,
        relaxation=Softmax(),
        weight_optimizer=torch.optim.SGD(net.parameters(), lr=0.1),
        logit_optimizer=torch.optim.Adam([logits]),
        clip="off",
        perturbation=attack,
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    bilevel.step_weights(batch, torch.tensor(1.0))
    after = {name: value.clone() for name, value in net.state_dict().items()}
    # By hand: the attack on a copy that is evaluated, then one plain step of the weights.
    net.load_state_dict(before)
    twin = AdversarialPerturbation(**options(first=0.3, statistics=statistics))
    with evaluating(net, statistics):
        worst = twin(
            torch.softmax(logits.detach(), -1),
            lambda beta: F.cross_entropy(net(batch[0], beta), batch[1]),
        )
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    loss = F.cross_entropy(net(batch[0], worst), batch[1])
    for parameter, gradient in zip(
        net.parameters(), torch.autograd.grad(loss, list(net.parameters())), strict=True
    ):
        parameter.data -= 0.1 * gradient
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, after[name], msg=name)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epsilon_first": 0.4}, "epsilon_first = 0.4 is above search.epsilon_last = 0.3"),
        ({"relaxation": "gumbel"}, "trains one sampled operation"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load({"optimizer": "darts_v1", "search": {"perturbation": "random", **settings}})
