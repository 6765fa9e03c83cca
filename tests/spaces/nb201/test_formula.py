"""Both supernets against the paper's formulas, written out with torch.nn.functional alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet

MakeTwins = Callable[..., tuple[PlainSupernet, FastSupernet]]
DrawBatch = Callable[..., tuple[Tensor, Tensor, Tensor]]
State = dict[str, Tensor]
EXACT = {"rtol": 1e-10, "atol": 1e-11}


def normalise(x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
    """Batch norm by the batch, from its definition."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    out = (x - mean) / torch.sqrt(var + 1e-5)
    if scale is not None and shift is not None:
        out = out * scale[:, None, None] + shift[:, None, None]
    return out


def pool(x: Tensor) -> Tensor:
    """3×3 mean over the pixels that are there: sums over counts."""
    ones = torch.ones(x.shape[1], 1, 3, 3, dtype=x.dtype)
    sums = F.conv2d(x, ones, padding=1, groups=x.shape[1])
    return sums / F.conv2d(torch.ones_like(x), ones, padding=1, groups=x.shape[1])


def cell_formula(x: Tensor, beta: Tensor, state: State) -> Tensor:
    """β's rows are 1←0, 2←0, 2←1, 3←0, 3←1, 3←2; ``state`` has the plain cell's weights."""

    def edge(row: int, h: Tensor) -> Tensor:
        one, three = (state[f"edges.{row}.{op}.conv.weight"] for op in (2, 3))
        none, skip, conv1, conv3, average = beta[row]
        return (
            none * torch.zeros_like(h)
            + skip * h
            + conv1 * normalise(F.conv2d(F.relu(h), one))
            + conv3 * normalise(F.conv2d(F.relu(h), three, padding=1))
            + average * pool(h)
        )

    node1 = edge(0, x)
    node2 = edge(1, x) + edge(2, node1)
    return edge(3, x) + edge(4, node1) + edge(5, node2)


def below(state: State, prefix: str) -> State:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def network_formula(x: Tensor, beta: Tensor, state: State, cells: int) -> Tensor:
    """The macro network around :func:`cell_formula`: RECIPES' stem, reductions and head."""

    def norm(h: Tensor, name: str) -> Tensor:
        return normalise(h, state[f"{name}.weight"], state[f"{name}.bias"])

    h = norm(F.conv2d(x, state["stem.conv.weight"], padding=1), "stem.norm")
    for stage in range(3):
        if stage:
            name = f"reductions.{stage - 1}"
            shortcut = F.conv2d(F.avg_pool2d(h, 2), state[f"{name}.shortcut.weight"])
            a = F.conv2d(F.relu(h), state[f"{name}.conv_a.conv.weight"], stride=2, padding=1)
            b = F.relu(norm(a, f"{name}.conv_a.norm"))
            b = F.conv2d(b, state[f"{name}.conv_b.conv.weight"], padding=1)
            h = shortcut + norm(b, f"{name}.conv_b.norm")
        for number in range(cells):
            h = cell_formula(h, beta, below(state, f"stages.{stage}.{number}."))
    features = F.relu(norm(h, "head.norm")).mean((2, 3))
    return features @ state["head.linear.weight"].T + state["head.linear.bias"]


def test_plain_cell(make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    plain, _ = make_twins(channels=4, cells=1, classes=10)
    _, _, beta = draw_batch(10)
    for stage, cell in enumerate(plain.search_cells()):
        x = torch.randn(3, 4 * 2**stage, 6, 5, dtype=torch.float64)
        wanted = cell_formula(x, beta, cell.state_dict())
        torch.testing.assert_close(cell(x, beta), wanted, **EXACT)


@pytest.mark.parametrize("cells", [1, 2])
def test_networks(cells: int, make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    plain, fast = make_twins(channels=2, cells=cells, classes=7)
    images, labels, beta = draw_batch(7)
    state = plain.state_dict()
    results = []
    for function in (plain, fast, lambda x, b: network_formula(x, b, state, cells)):
        weights = beta.clone().requires_grad_()
        scores = function(images, weights)
        (gradient,) = torch.autograd.grad(F.cross_entropy(scores, labels), weights)
        results.append((scores.detach(), gradient))
    for scores, gradient in results[:2]:
        torch.testing.assert_close(scores, results[2][0], **EXACT)
        torch.testing.assert_close(gradient, results[2][1], **EXACT)


def test_running_statistics_are_torch_s_own(make_twins: MakeTwins, draw_batch: DrawBatch) -> None:
    plain, fast = make_twins(channels=2, cells=1, classes=7)
    images, _, beta = draw_batch(7)
    conv = plain.stem.conv.weight
    before = {k: v.clone() for k, v in plain.stem.norm.state_dict().items()}
    features = F.conv2d(images, conv, padding=1)
    for network in (plain, fast):
        network(images, beta)
        after = network.stem.norm.state_dict()
        # A tenth of the batch's mean and of its unbiased variance comes in.
        mean, var = features.mean((0, 2, 3)), features.var((0, 2, 3), unbiased=True)
        for name, new in (("running_mean", mean), ("running_var", var)):
            wanted = 0.9 * before[name] + 0.1 * new.detach()
            torch.testing.assert_close(after[name], wanted, **EXACT)


def test_average_pool_does_not_count_the_padding() -> None:
    plain = PlainSupernet(channels=2, cells=1).double()
    cell = plain.search_cells()[0]
    x = torch.arange(32.0, dtype=torch.float64).reshape(1, 2, 4, 4)
    out = cell.discretised(x, (0, 0, 0, 4, 0, 0))
    torch.testing.assert_close(out, pool(x))
    assert out[0, 0, 0, 0] == (0 + 1 + 4 + 5) / 4
