"""The two hosts agree: NASLib's graph and our supernets, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.config import loading as configs
from naslib_edd.engine.build import make_bilevel, make_relaxation, make_supernet
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.plugin import registry
from naslib_edd.plugin.queues import Queues
from naslib_edd.plugin.recorder import discretised
from naslib_edd.relaxation import EdgeWeights
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain

pytestmark = pytest.mark.naslib

#: NASLib's primitives: 2 is the 3×3 convolution, 3 the 1×1.
CONVOLUTIONS = {nb201.CONV3: 2, nb201.CONV1: 3}


def pairs_of_parameters(graph: Any, plain: PlainSupernet) -> Iterator[tuple[Tensor, Tensor]]:
    """(NASLib's, ours) for every parameter of the network."""

    def op(u: int, v: int) -> Any:
        return graph.edges[u, v].op

    yield from zip(op(1, 2).parameters(), plain.stem.parameters(), strict=True)
    cell = 0
    for first, last, stage in ((2, 7, 0), (8, 13, 1), (14, 19, 2)):
        for u in range(first, last):
            ours = plain.stages[stage][u - first]  # type: ignore[index]
            for row, (source, target) in enumerate(nb201.EDGES):
                primitives = op(u, u + 1).edges[source + 1, target + 1].op.primitives
                for number, index in CONVOLUTIONS.items():
                    yield primitives[index].op[1].weight, ours.operations(row)[number].conv.weight
            cell += 1
    assert cell == 15
    for u, reduction in ((7, plain.reductions[0]), (13, plain.reductions[1])):
        block = op(u, u + 1)
        theirs = [*block.conv_a.parameters(), *block.conv_b.parameters()]
        theirs += list(block.downsample.parameters())
        yield from zip(theirs, reduction.parameters(), strict=True)
    yield from zip(op(19, 20).parameters(), plain.head.parameters(), strict=True)


@torch.no_grad()
def copy_weights(graph: Any, plain: PlainSupernet) -> None:
    """NASLib's weights into ours; all of them."""
    seen = 0
    for theirs, ours in pairs_of_parameters(graph, plain):
        ours.copy_(theirs)
        seen += theirs.numel()
    assert seen == sum(p.numel() for p in graph.parameters())
    assert seen == sum(p.numel() for p in plain.parameters())


@pytest.mark.parametrize("method", ["darts_v1", "edd_darts", "edd_pc_darts"])
@pytest.mark.parametrize("t", [1.0, 0.0084])
def test_equal_outputs_and_logit_gradients(naslib: SimpleNamespace, method: str, t: float) -> None:
    torch.manual_seed(2)
    optimizer = registry.get(method)(epochs=2, arch_init=0.01)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    optimizer.graph.double()
    plain, fast = (
        make_supernet(
            replace(optimizer.settings, supernet=kind, running_statistics=False), classes=10
        ).double()
        for kind in ("plain", "fast")
    )
    assert isinstance(plain, PlainSupernet) and isinstance(fast, FastSupernet)
    copy_weights(optimizer.graph, plain)
    copy_from_plain(fast, plain)

    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    labels = torch.tensor([0, 3, 7, 9])
    relaxation, temperature = optimizer.parts.relaxation, torch.tensor(t, dtype=torch.float64)
    hosts = optimizer.logits.detach().double().requires_grad_()
    scores = optimizer.supernet(images, relaxation(hosts, temperature))
    (gradient,) = torch.autograd.grad(F.cross_entropy(scores, labels), hosts)

    # Ours goes by the nodes of its own order of the edges.
    own = make_relaxation(optimizer.settings, targets=[target for _, target in nb201.EDGES])
    for supernet in (plain, fast):
        logits = optimizer.layout.written(optimizer.logits.detach()).double().requires_grad_()
        ours = supernet(images, own(logits, temperature))
        (expected,) = torch.autograd.grad(F.cross_entropy(ours, labels), logits)
        torch.testing.assert_close(scores, ours, rtol=1e-9, atol=1e-9)
        scale = float(expected.abs().max())
        torch.testing.assert_close(
            optimizer.layout.written(gradient), expected, rtol=1e-8, atol=1e-9 * scale
        )
        assert scale > 0
        # So does the discretised network with the shared weights.
        ops, edges = logits[:, :5].argmax(-1).tolist(), None
        if isinstance(own, EdgeWeights):
            edges = own.edge_weights(logits)
        optimizer.logits.data = optimizer.logits.data.double()
        with torch.no_grad(), discretised(optimizer, "batch"):
            chosen = optimizer.graph(images)
        mine = supernet.discretised(images, ops, "batch", edges)
        torch.testing.assert_close(chosen, mine, rtol=1e-9, atol=1e-9)
    # A row or a column out of place would show: the gradients of the edges differ.
    assert not torch.allclose(gradient, optimizer.layout.written(gradient), rtol=1e-3)


def test_equal_second_order_gradients(naslib: SimpleNamespace) -> None:
    torch.manual_seed(2)
    optimizer = registry.get("darts_v2")(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    optimizer.graph.double()
    plain = PlainSupernet(running=False).double()
    copy_weights(optimizer.graph, plain)
    fast = copy_from_plain(FastSupernet(running=False).double(), plain)
    batches = [
        (torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.tensor(labels))
        for labels in ([1, 4], [0, 7])
    ]
    beta = torch.softmax(torch.randn(6, 5, dtype=torch.float64), -1)
    before = [p.detach().clone() for p in optimizer.graph.parameters()]
    here = optimizer.layout.placed(beta).requires_grad_()
    found = optimizer.training.bilevel.gradient_of_beta(here, *batches)
    after = optimizer.graph.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    for supernet in (plain, fast):
        ours = make_bilevel(
            optimizer.settings,
            supernet=supernet,
            logits=torch.zeros(6, 5, dtype=torch.float64, requires_grad=True),
            relaxation=optimizer.parts.relaxation,
        )
        wanted = ours.gradient_of_beta(beta.clone().requires_grad_(), *batches)
        scale = float(wanted.abs().max())
        torch.testing.assert_close(
            optimizer.layout.written(found), wanted, rtol=1e-5, atol=1e-6 * scale
        )


class _Double:
    """Batches in float64."""

    def __init__(self, batches: Any) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def batch(self, epoch: int, step: int) -> tuple[Tensor, Tensor]:
        images, labels = self.batches.batch(epoch, step)
        return images.double(), labels


#: The last one and the slow ones act at the boundaries of epochs.
SEARCHES = ["edd_darts", "ets_darts", "darts_minus", "beta_darts", "sparse_nas"]
SEARCHES += ["sgas"]
SLOW = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("darts_pt", "darts_pt_fixed", "sgas_pt", "darts_es")
]


@pytest.mark.search
@pytest.mark.parametrize("method", [*SEARCHES, *SLOW])
def test_equal_searches_epoch_by_epoch(
    method: str, naslib: SimpleNamespace, tmp_path: Path
) -> None:
    """From equal weights and logits on equal batches: equal rows, temperature by temperature."""
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 8, "val_sampling": "replace"}
    settings |= {"limit_train": 16, "limit_val": 16}
    if method.startswith("sgas"):
        settings["epochs"] = 6  # an edge after each
    if method == "darts_es":
        settings |= {"epochs": 2, "limit_train": 8, "limit_val": 8}  # a Hessian takes seconds
    config = configs.load(
        {
            "optimizer": method,
            "dataset": "digits",
            "seed": 4,
            "out_dir": str(tmp_path),
            "search": {**settings, "supernet": "plain", "eval_statistics": "batch"},
        }
    )
    device = torch.device("cpu")
    data = open_data(config, device)
    engine = Engine(config=config, data=data, device=device)

    optimizer = registry.get(method)(**settings, seed=4)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "digits")
    optimizer.device = device
    optimizer.graph.double()
    optimizer.images = data
    optimizer.before_training()
    queues = Queues(data=data, search=config.search, seed=4)
    optimizer.steps = len(queues.train)

    engine.supernet.double()
    assert isinstance(engine.supernet, PlainSupernet)
    copy_weights(optimizer.graph, engine.supernet)
    for logits in (engine.logits, optimizer.logits):
        logits.data = logits.data.double()
    optimizer.logits.data = optimizer.layout.placed(engine.logits.detach()).clone()
    engine.train, engine.val = _Double(engine.train), _Double(engine.val)  # type: ignore[assignment]
    engine.accuracy = lambda *_: 0.0  # type: ignore[method-assign, assignment]
    engine._layout = lambda x: x.double()  # type: ignore[method-assign]
    assert optimizer.stages.extra_epochs == engine.epochs - engine.config.search.epochs

    for epoch in range(engine.epochs):
        optimizer.new_epoch(epoch)
        for images, labels in queues.train:
            val = next(iter(queues.val))
            optimizer.step((images.double(), labels), (val[0].double(), val[1]))
        optimizer.test_statistics()
        while engine.step < engine.steps:
            engine.run_step()
        ours, theirs = engine.end_epoch(), optimizer.history[-1]
        for key in ("epoch", "arch_str", "ops", "index", "skip_count", "none_count"):
            assert theirs[key] == ours[key], key
        for key in ("t", "t_next", "entropy", "entropy_untempered", "learning_rate", "train_loss",
                    "val_loss", "train_acc", "val_acc", "forward_norm", "noise_norm",
                    "hessian_eigenvalue"):  # fmt: skip
            if ours.get(key) is None:
                assert theirs.get(key) is None, key
                continue
            assert theirs[key] == pytest.approx(ours[key], rel=1e-6), key
        assert theirs["d"] == (None if ours["d"] is None else pytest.approx(ours["d"], rel=1e-6))
        torch.testing.assert_close(
            torch.tensor(theirs["logits"]), torch.tensor(ours["logits"]), rtol=1e-6, atol=1e-9
        )
        assert set(ours) - set(theirs) == {"net_val_acc_batch"}
        assert ours.get("decided") == theirs.get("decided")
    if method in ("darts_pt", "darts_pt_fixed"):
        assert -1 not in ours["decided"]


def test_a_seed_gives_the_same_first_logits_on_both_hosts(
    naslib: SimpleNamespace, make_optimizer: Callable[..., Any], configure: Callable[..., Any]
) -> None:
    """They are drawn in the written order, from the state that the generator has."""
    space = naslib.spaces.NasBench201SearchSpace()
    optimizer = registry.get("edd_darts")()
    torch.manual_seed(8)
    optimizer.adapt_search_space(space, "cifar10")
    torch.manual_seed(8)
    assert torch.equal(
        optimizer.layout.written(optimizer.logits.detach()), 1e-3 * torch.randn(6, 5)
    )
