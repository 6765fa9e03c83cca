"""NASLib's NB201 graph and the fast supernet on its parameters: one network, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.plugin import registry
from naslib_edd.plugin.fast import TiedSupernet
from naslib_edd.plugin.mixed import GraphSupernet
from naslib_edd.plugin.recorder import discretised
from naslib_edd.supernet.layers import evaluating

pytestmark = pytest.mark.naslib

METHODS = ("edd_darts", "darts_v2", "gdas", "edd_pc_darts", "sdarts_adv", "r_darts_dp")


def double(naslib: SimpleNamespace, method: str, supernet: str, **search: Any) -> Any:
    torch.manual_seed(2)
    optimizer = registry.get(method)(epochs=2, supernet=supernet, **search)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    optimizer.device = torch.device("cpu")
    optimizer.graph.double()
    for tensor in (optimizer.logits, optimizer.t):
        tensor.data = tensor.data.double()
    optimizer.before_training()
    return optimizer


def batches(seed: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(4, 3, 8, 8, generator=generator, dtype=torch.float64),
            torch.randint(10, (4,), generator=generator),
        )
        for _ in range(2)
    ]


def close(a: Tensor, b: Tensor, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_two_epochs_are_the_graphs(method: str, naslib: SimpleNamespace) -> None:
    graph, fast = (double(naslib, method, kind) for kind in ("naslib", "fast"))
    assert type(graph.supernet) is GraphSupernet and type(fast.supernet) is TiedSupernet
    for epoch in range(2):
        for optimizer in (graph, fast):
            optimizer.new_epoch(epoch)
            for step in range(2):
                optimizer.step(*batches(10 * epoch + step))
            optimizer.test_statistics()
    close(fast.logits, graph.logits)
    assert float((fast.logits - fast.logits.mean()).abs().max()) > 0
    theirs, ours = graph.graph.state_dict(), fast.graph.state_dict()
    assert list(theirs) == list(ours)
    for name, tensor in theirs.items():
        close(ours[name], tensor)
    for name, held in graph.graph.named_parameters():
        close(dict(fast.graph.named_parameters())[name].grad, held.grad)
    for mine, other in zip(fast.history, graph.history, strict=True):
        assert mine["index"] == other["index"]
        assert mine["train_loss"] == pytest.approx(other["train_loss"], rel=1e-6)
    state, other = fast.op_optimizer.state_dict(), graph.op_optimizer.state_dict()
    for key, held in other["state"].items():
        close(state["state"][key]["momentum_buffer"], held["momentum_buffer"])


def test_equal_scores_and_gradients(naslib: SimpleNamespace) -> None:
    fast = double(naslib, "edd_darts", "fast")
    graph = GraphSupernet(graph=fast.graph, weights=fast.parts.weights)
    (images, labels), _ = batches(1)
    found = []
    for supernet in (graph, fast.supernet):
        beta = torch.softmax(torch.arange(30.0, dtype=torch.float64).view(6, 5).sin(), -1)
        beta.requires_grad_()
        scores = supernet(images, beta)
        leaves = [beta, *fast.graph.parameters()]
        found.append([scores, *torch.autograd.grad(F.cross_entropy(scores, labels), leaves)])
    for a, b in zip(*found, strict=True):
        close(a, b)
    assert all(float(gradient.abs().max()) > 0 for gradient in found[0][1:])


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_equal_in_evaluation(naslib: SimpleNamespace, statistics: Any) -> None:
    fast = double(naslib, "edd_darts", "fast")
    fast.new_epoch(0)
    fast.step(*batches(1))
    graph = GraphSupernet(graph=fast.graph, weights=fast.parts.weights)
    (images, _), _ = batches(3)
    beta = fast.parts.relaxation(fast.logits, fast.t).detach()
    before = {name: tensor.clone() for name, tensor in fast.graph.state_dict().items()}
    with torch.no_grad(), evaluating(fast.supernet, statistics):
        mine, other = fast.supernet(images, beta), graph(images, beta)
    close(mine, other)
    with discretised(fast, statistics):
        one = fast.graph(images)
    ops = fast.layout.written(fast.logits.detach()).argmax(-1).tolist()
    close(fast.supernet.discretised(images, ops, statistics), one)
    after = fast.graph.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert fast.supernet.training and fast.graph.training


def test_one_storage_and_nothing_twice(naslib: SimpleNamespace) -> None:
    fast = double(naslib, "edd_darts", "fast")
    fast.new_epoch(0)
    fast.step(*batches(1))
    parameters = list(fast.graph.parameters())
    assert [id(p) for p in fast.supernet.parameters()] == [id(p) for p in parameters]
    assert [id(p) for g in fast.op_optimizer.param_groups for p in g["params"]] == [
        id(p) for p in parameters
    ]
    layer = fast.supernet.fast.stages[1][2].conv3[0].conv
    assert len(layer.convs) == 3
    whole = layer.weight.detach()
    for number, conv in enumerate(layer.convs):
        part = whole[32 * number : 32 * (number + 1)]
        assert conv.weight.data_ptr() == part.data_ptr() and torch.equal(conv.weight, part)
    with torch.no_grad():
        layer.convs[1].weight.fill_(0.5)
    assert (layer.weight[32:64] == 0.5).all() and not (layer.weight[:32] == 0.5).any()


def test_whoever_moves_the_parameters_the_network_follows(naslib: SimpleNamespace) -> None:
    """Other types, other data, a checkpoint: the next pass is of what the graph holds."""
    fast = double(naslib, "edd_darts", "fast")
    graph = GraphSupernet(graph=fast.graph, weights=fast.parts.weights)
    (images, _), _ = batches(1)
    beta = fast.parts.relaxation(fast.logits, fast.t).detach()
    for change in ("float", "data", "assign", "contiguous"):
        if change == "float":
            fast.graph.float().double()
        elif change == "data":
            for parameter in fast.graph.parameters():
                parameter.data = parameter.data * 1.5
        elif change == "assign":
            state = {k: v.clone() for k, v in fast.graph.state_dict().items()}
            fast.graph.load_state_dict(state, assign=True)
        else:
            fast.graph.to(memory_format=torch.contiguous_format)
        with torch.no_grad():
            close(fast.supernet(images, beta), graph(images, beta))


def test_clones_are_independent(naslib: SimpleNamespace) -> None:
    fast = double(naslib, "edd_darts", "fast")
    clone, copied = fast.graph.clone(), copy.deepcopy(fast)
    before = [parameter.detach().clone() for parameter in fast.graph.parameters()]
    logits = fast.logits.detach().clone()
    copied.new_epoch(0)
    copied.step(*batches(1))
    with torch.no_grad():
        for parameter in clone.parameters():
            parameter.zero_()
    assert torch.equal(fast.logits, logits)
    assert not torch.equal(copied.logits, logits)
    for parameter, held in zip(fast.graph.parameters(), before, strict=True):
        assert torch.equal(parameter, held)
    # The copy's graph goes by the copy's logits, a clone's by those of the optimizer.
    with torch.no_grad():
        copied.logits.copy_(torch.eye(6, 5))
    assert torch.equal(
        copied.graph.edges[2, 3].op.edges[1, 2].op.edge_weights.logits, copied.logits
    )
    assert clone.edges[2, 3].op.edges[1, 2].op.edge_weights.logits is fast.logits


@pytest.mark.parametrize("first", ["naslib", "fast"])
def test_a_checkpoint_of_either_goes_on_in_the_other(naslib: SimpleNamespace, first: str) -> None:
    other = {"naslib": "fast", "fast": "naslib"}[first]
    whole = double(naslib, "edd_darts", first)
    for epoch in range(2):
        whole.new_epoch(epoch)
        whole.step(*batches(epoch))
        whole.test_statistics()
        if epoch == 0:
            saved = whole.get_checkpointables()["model"].state_dict()
            saved = {name: tensor.clone() for name, tensor in saved.items()}
    resumed = double(naslib, "edd_darts", other)
    outcome = resumed.get_checkpointables()["model"].load_state_dict(saved)
    assert not outcome.missing_keys and not outcome.unexpected_keys
    resumed.new_epoch(1)
    resumed.step(*batches(1))
    resumed.test_statistics()
    close(resumed.logits, whole.logits)
    for a, b in zip(resumed.graph.parameters(), whole.graph.parameters(), strict=True):
        close(a, b)
    assert len(resumed.history) == 2


@pytest.mark.parametrize("method", ["edd_darts", "edd_gdas"])
def test_resume_on_the_graph_itself_is_bit_for_bit(
    method: str,
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    """test_resume.py has the fast supernet, which is the default."""
    synthetic(images=4)
    config = configure(method, epochs=2, supernet="naslib")
    whole = make_optimizer(config)
    assert type(whole.supernet) is GraphSupernet
    trainer = naslib.trainer.Trainer(whole, config)
    trainer.search()
    (Path(config.save) / "search" / "last_checkpoint").write_text("model_0000000.pth")
    resumed = make_optimizer(config)
    last = str(Path(config.save) / "search" / "model_0000000.pth")
    naslib.trainer.Trainer(resumed, config).search(resume_from=last)
    assert torch.equal(whole.logits, resumed.logits)
    for a, b in zip(whole.graph.parameters(), resumed.graph.parameters(), strict=True):
        assert torch.equal(a, b)


def test_other_spaces_keep_their_graph(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_darts")(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.NasBench301SearchSpace(auxiliary=False), "cifar10")
    assert type(optimizer.supernet) is GraphSupernet


def test_a_changed_nb201_keeps_its_graph(naslib: SimpleNamespace) -> None:
    """Norms that keep statistics, a head of another kind: the fast supernet is not that network."""
    for edge, change in (((2, 3), "norm"), ((19, 20), "head")):
        space = naslib.spaces.NasBench201SearchSpace()
        if change == "norm":
            cell = space.edges[edge].op
            cell.edges[1, 2].op[2].op[2] = torch.nn.BatchNorm2d(16)
        else:
            space.edges[edge].op.op.append(torch.nn.Linear(10, 10))
        optimizer = registry.get("edd_darts")(epochs=2)
        optimizer.adapt_search_space(space, "cifar10")
        assert type(optimizer.supernet) is GraphSupernet, change
