"""OLES: which operations are stopped, when, and that nothing moves them then."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.bilevel.operation_stop import OperationStop
from naslib_edd.config.loading import load
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Softmax
from naslib_edd.spaces.nb201.plain import PlainSupernet

Batch = tuple[Tensor, Tensor]
ONE = torch.tensor(1.0)


def _step(**options: Any) -> OperationStop:
    torch.manual_seed(0)
    supernet = PlainSupernet(channels=2, cells=1)
    logits = (1e-3 * torch.randn(6, 5)).requires_grad_()
    return OperationStop(
        supernet=supernet,
        logits=logits,
        relaxation=Softmax(),
        weight_optimizer=torch.optim.SGD(
            supernet.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2
        ),
        logit_optimizer=torch.optim.Adam([logits], lr=0.01),
        **{"threshold": 0.2, "count": 2, "order": "logits_first", **options},
    )


def _batches(count: int) -> list[tuple[Batch, Batch]]:
    torch.manual_seed(1)

    def batch() -> Batch:
        return torch.randn(8, 3, 8, 8), torch.randint(10, (8,))

    return [(batch(), batch()) for _ in range(count)]


def test_every_convolution_of_every_cell_counts() -> None:
    weights = PlainSupernet(channels=2, cells=2).operation_weights()
    assert len(weights) == 6 * 6 * 2  # cells, edges, the two convolutions
    assert {w.shape[2] for w in weights} == {1, 3}


@pytest.mark.parametrize("order", ["logits_first", "weights_first"])
def test_the_mean_cosine_decides(order: Any) -> None:
    """By gradients that the test takes itself; the threshold is put between them."""
    step, batches = _step(threshold=-1.0, order=order), _batches(2)
    cosines = torch.zeros(len(step.weights), dtype=torch.float64)
    for train, val in batches:
        grads: dict[str, list[Tensor]] = {}

        def gradient(batch: Batch) -> list[Tensor]:
            beta = step.relaxation(step.logits, ONE).detach()
            loss = F.cross_entropy(step.supernet(batch[0], beta), batch[1])
            return list(torch.autograd.grad(loss, step.weights))

        # Each gradient where the step takes it.
        if order == "logits_first":
            grads["val"] = gradient(val)
            step.step_logits(train, val, ONE)
            grads["train"] = gradient(train)
            step.step_weights(train, ONE)
        else:
            grads["train"] = gradient(train)
            step.step_weights(train, ONE)
            grads["val"] = gradient(val)
            step.step_logits(train, val, ONE)
        for number, (a, b) in enumerate(zip(grads["train"], grads["val"], strict=True)):
            cosines[number] += float((a * b).sum() / (a.norm() * b.norm())) / 2
    assert not step.stopped.any()
    middle = float(cosines.median())
    again = _step(threshold=middle, order=order)
    for train, val in batches:
        again.step(train, val, ONE)
    far = (cosines - middle).abs() > 1e-5
    assert torch.equal(again.stopped[far], (cosines < middle)[far])
    assert 0 < int(again.stopped.sum()) < len(again.stopped)


def test_a_stopped_operation_moves_no_more() -> None:
    """Neither by its gradient nor by momentum nor by weight decay; the others do."""
    step, batches = _step(count=1, threshold=-1.0), _batches(4)
    step.step(*batches[0], ONE)
    step.stopped[3] = True
    before = [w.detach().clone() for w in step.weights]
    for train, val in batches[1:]:
        step.step(train, val, ONE)
    still = [torch.equal(a, b) for a, b in zip(before, step.weights, strict=True)]
    assert still == [number == 3 for number in range(len(still))]
    assert step.stopped[3]  # for good, though its cosines are above the threshold


def test_a_step_without_logits_compares_nothing() -> None:
    """Nor is its gradient left to be compared with the next step's."""
    step, batches = _step(count=5), _batches(2)
    step.logits_rest = True
    step.step(*batches[0], ONE)
    step.logits_rest = False
    twin = _step(count=5)
    twin.supernet.load_state_dict(step.supernet.state_dict())
    for one in (step, twin):
        one.step(*batches[1], ONE)
        assert one.state_dict()["seen"] == 1
    torch.testing.assert_close(step.state_dict()["sums"], twin.state_dict()["sums"])


def test_its_state_goes_on() -> None:
    one, batches = _step(count=3), _batches(4)
    for train, val in batches[:2]:
        one.step(train, val, ONE)
    state = one.state_dict()
    other = _step(count=3)
    other.load_state_dict(state)
    for name in ("supernet", "weight_optimizer", "logit_optimizer"):
        getattr(other, name).load_state_dict(copy.deepcopy(getattr(one, name).state_dict()))
    with torch.no_grad():
        other.logits.copy_(one.logits)
    for train, val in batches[2:]:
        one.step(train, val, ONE)
        other.step(train, val, ONE)
    assert torch.equal(one.stopped, other.stopped) and torch.equal(one.logits, other.logits)


def test_it_needs_a_module_an_operation() -> None:
    with pytest.raises(UserError, match="needs a module an operation"):
        load({"optimizer": "oles", "search": {"supernet": "fast"}})
    assert load({"optimizer": "oles"}).search.operation_stop == 0.4
