"""Many architectures at once against each by itself, as plain modules."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from digits_table.classes import classes
from digits_table.network import StackedNetwork
from digits_table.plain import PlainArchitecture
from torch import Tensor, nn

from naslib_edd.spaces.nb201.encoding import index_to_ops

#: From the whole space: with and without convolutions, dead ends, the cell of `none` alone.
INDICES = [*classes().representatives[::431].tolist(), 0, 1, 1835, 6111, 10676, 13714]


def stacked(indices: list[int], dtype: torch.dtype = torch.float64) -> StackedNetwork:
    generators = [torch.Generator().manual_seed(index) for index in indices]
    ops = [index_to_ops(index) for index in indices]
    return StackedNetwork(ops, generators, channels=2, dtype=dtype)


def twin(network: StackedNetwork, model: int) -> PlainArchitecture:
    plain = PlainArchitecture(network.ops[model], channels=network.channels).double()
    found = plain.load_state_dict(network.parameters.of(model), strict=False)
    assert not found.unexpected_keys
    assert all("running" in key for key in found.missing_keys)
    return plain


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(1, 8, 8, 12, generator=generator, dtype=torch.float64)
    return images, torch.randint(10, (12,), generator=generator)


def row_of(network: StackedNetwork, name: str, model: int) -> tuple[str, int]:
    """The stacked parameter that is a twin's ``name``, and the model's row in it."""
    for key, members in network.parameters.members.items():
        if (key.partition(":")[2] or key) == name and (members == model).any():
            return key, int((members == model).nonzero()[0])
    raise AssertionError(f"model {model} has no {name}")


def test_outputs_gradients_and_statistics_are_those_of_the_plain_twin() -> None:
    network, (images, labels) = stacked(INDICES), batch()
    losses, hits = network.losses(images, labels)
    leaves = network.parameters.views
    found = torch.autograd.grad(losses.mean(1).sum(), list(leaves.values()))
    grads = dict(zip(leaves, found, strict=True))
    later, _ = batch(1)
    network.training = False
    scores = network.forward(later)
    for model in range(len(INDICES)):
        plain = twin(network, model)
        out = plain(images.permute(3, 0, 1, 2))
        torch.testing.assert_close(losses[model], F.cross_entropy(out, labels, reduction="none"))
        assert torch.equal(hits[model], out.argmax(1) == labels)
        F.cross_entropy(out, labels).backward()
        for name, parameter in plain.named_parameters():
            key, row = row_of(network, name, model)
            wanted = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(grads[key][row], wanted, msg=f"{INDICES[model]}: {name}")
        plain.eval()  # with the statistics that the pass has left
        torch.testing.assert_close(scores[model], plain(later.permute(3, 0, 1, 2)).T)


def test_every_parameter_of_the_twin_is_there() -> None:
    network = stacked(INDICES)
    count = sum(p.numel() for m in range(len(INDICES)) for p in twin(network, m).parameters())
    assert network.parameters.flat.numel() == count


def test_weights_are_drawn_as_pytorch_draws_them() -> None:
    """U(−1/√fan_in, 1/√fan_in), norms at one and zero."""
    torch.manual_seed(0)
    generators = [torch.Generator().manual_seed(seed) for seed in range(200)]
    network = StackedNetwork([index_to_ops(6111)] * 200, generators, channels=2)
    name = "stages.2.0.edges.0.conv.weight"
    key, _ = row_of(network, name, 0)
    ours = network.parameters.views[key].detach()
    _, out, into, kernel, _ = ours.shape
    theirs = nn.Conv2d(into, out, kernel).weight.detach()
    assert float(ours.max()) == pytest.approx(float(theirs.max()), rel=0.05)
    assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.1)
    assert (network.parameters.views["head.norm.weight"] == 1).all()
    assert (network.parameters.views["head.norm.bias"] == 0).all()


def test_an_architecture_does_not_depend_on_its_company() -> None:
    images, labels = batch()
    together, _ = stacked(INDICES).losses(images, labels)
    for model, index in enumerate(INDICES):
        alone, _ = stacked([index]).losses(images, labels)
        torch.testing.assert_close(alone[0], together[model], rtol=1e-12, atol=1e-12)
