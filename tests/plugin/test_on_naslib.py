"""Every optimizer under NASLib's own, unmodified Trainer, on small images."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from naslib_edd.config.methods import CARDS
from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, registry
from naslib_edd.spaces.nb201 import encoding as nb201

pytestmark = pytest.mark.naslib

#: The methods that this host carries.
HERE = [name for name, card in CARDS.items() if "naslib" in card.hosts]
#: Schedules of cycles need ten epochs, and an edge decided an epoch six.
LONG = {"pcd_darts": 10, "lpcd_darts": 10, "sgas": 6, "sgas_pt": 6}


def convert(graph: Any) -> str:
    from naslib.search_spaces.nasbench201.conversions import convert_naslib_to_str

    found: str = convert_naslib_to_str(graph)
    return found


@pytest.mark.parametrize("method", HERE)
def test_every_method_searches_nb201(
    method: str,
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    epochs = LONG.get(method, 2)
    synthetic(images=4 if epochs > 2 else 8)
    config = configure(method, epochs=epochs)
    optimizer = make_optimizer(config)
    if optimizer.stages.need_images:
        with pytest.raises(UserError, match="run it by `naslib-edd naslib`"):
            naslib.trainer.Trainer(optimizer, config).search()
        return
    before = optimizer.logits.detach().clone()
    trainer = naslib.trainer.Trainer(optimizer, config)
    trainer.search()

    assert not torch.equal(before, optimizer.logits.detach())
    assert torch.isfinite(optimizer.logits).all()
    rows = optimizer.history
    assert [row["epoch"] for row in rows] == list(range(1, config.search.epochs + 1))
    assert all(math.isfinite(row[key]) for row in rows for key in ("train_loss", "val_loss", "t"))
    assert rows[1]["t"] == rows[0]["t_next"]
    assert rows[-1]["learning_rate"] < rows[0]["learning_rate"] == config_rate(optimizer)

    saved = Path(config.save)
    errors = json.loads((saved / "errors.json").read_text())
    assert len(errors["train_acc"]) == config.search.epochs
    kept = torch.load(saved / "arch_weights.pt")
    assert len(kept) == 6 and kept[0].shape[1] == 5

    # The architecture read off the logits is the one that NASLib makes and names.
    state = torch.get_rng_state()
    final = optimizer.get_final_architecture()
    assert torch.equal(state, torch.get_rng_state())
    assert convert(final) == rows[-1]["arch_str"]
    assert nb201.naslib_to_ops(list(final.get_hash())) == tuple(rows[-1]["ops"])
    scores = final.eval()(torch.randn(2, 3, 8, 8))
    assert scores.shape == (2, 10)


def config_rate(optimizer: Any) -> float:
    rate: float = optimizer.settings.learning_rate
    return rate


@pytest.mark.parametrize("method", ["edd_darts", "edd_pc_darts", "edd_gdas"])
def test_methods_search_nb301(
    method: str,
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    from naslib.search_spaces.nasbench301.conversions import convert_naslib_to_genotype

    synthetic(images=2, size=8, batch=2)
    config = configure(method, space="nasbench301")
    optimizer = make_optimizer(config)
    naslib.trainer.Trainer(optimizer, config).search()
    row = optimizer.history[-1]
    assert {cell: len(edges) for cell, edges in row["cells"].items()} == {
        "normal_cell": 8,
        "reduction_cell": 8,
    }
    assert len(row["logits"]) == 28 and len(row["logits"][0]) == 8
    genotype = convert_naslib_to_genotype(optimizer.get_final_architecture())
    for cell in (genotype.normal, genotype.reduce):
        assert len(cell) == 8  # two edges a node
        assert "zero" not in [name for name, _ in cell]


def test_partial_channels_and_edge_weights_learn(
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    """NASLib's own are cut off from their gradient, or crash (its PartialConnectionOp)."""
    config = configure("edd_pc_darts")
    optimizer = make_optimizer(config)
    before = optimizer.logits.detach().clone()
    optimizer.new_epoch(0)
    batch = torch.randn(4, 3, 8, 8), torch.arange(4)
    optimizer.step(batch, batch)
    edges = optimizer.logits.grad[:, -1]
    # A node with one edge in has nothing to weigh; the two others have.
    entering = [edge.tail for edge in optimizer.layout.edges]
    for row, tail in enumerate(entering):
        assert (edges[row] == 0) == (entering.count(tail) == 1), row
    moved = optimizer.logits.detach()[:, -1] != before[:, -1]
    assert moved.tolist() == [entering.count(tail) > 1 for tail in entering]
    wide = {p.shape[0] for n, p in optimizer.graph.named_parameters() if "primitive-2" in n}
    assert wide == {4, 8, 16}
    final = optimizer.get_final_architecture()
    convolutions = [
        m.weight.shape[0]
        for n, m in final.named_modules()
        if isinstance(m, torch.nn.Conv2d) and n.startswith("makrograph-edge(2,3)")
    ]
    assert set(convolutions) <= {16}


def test_both_constructors_and_all_ways_to_adapt(naslib: SimpleNamespace) -> None:
    from fvcore.common.config import CfgNode

    cls = registry.get("edd_darts")
    config = CfgNode({"seed": 7, "search": {"epochs": 3, "edd_lambda": 0.12, "fidelity": 200}})
    by_name, whole = cls(**config.search), cls(config)
    assert by_name.settings == whole.settings
    assert (by_name.settings.edd_lambda, whole.config.seed) == (0.12, 7)
    space = naslib.spaces.NasBench201SearchSpace()
    scope = ["stage_1", "stage_2", "stage_3"]
    for arguments, keywords in [
        ((space, "cifar10"), {}),
        ((space, "cifar10", scope), {}),
        ((space,), {"dataset_api": {"x": 1}}),
        ((space,), {"dataset": "cifar10", "dataset_api": None}),
        ((space, scope), {}),
    ]:
        optimizer = cls(**config.search)
        optimizer.adapt_search_space(*arguments, **keywords)
        assert optimizer.logits.shape == (6, 5)
        assert optimizer.scope == scope


def test_register_and_optimizers(naslib: SimpleNamespace) -> None:
    import naslib_edd

    own = {title: getattr(naslib.optimizers, title) for title in registry.NASLIB.values()}
    titles = naslib_edd.register()
    assert {title: getattr(naslib.optimizers, title) for title in own} == own
    from naslib.optimizers import EDDDARTSOptimizer

    assert "EDDDARTSOptimizer" in titles
    assert EDDDARTSOptimizer is registry.get("edd_darts")
    assert issubclass(EDDDARTSOptimizer, naslib.metaclasses.MetaOptimizer)
    found = naslib_edd.optimizers({"seed": 1, "search": {"epochs": 12}})
    assert set(found) == {card.name for card in CARDS.values() if "naslib" in card.hosts}
    assert found["edd_gdas"].settings.t0 == 10.0


def test_the_alphas_that_naslib_sees_are_the_logits(
    configure: Callable[..., Any], make_optimizer: Callable[..., Any]
) -> None:
    optimizer = make_optimizer(configure(supernet="naslib"))
    optimizer.new_epoch(0)
    batch = torch.randn(2, 3, 8, 8), torch.arange(2)
    optimizer.step(batch, batch)
    shown = optimizer.graph.get_all_edge_data("alpha")
    assert len(shown) == 6
    for row, (alpha, weight) in enumerate(zip(shown, optimizer.architectural_weights, strict=True)):
        assert torch.equal(alpha, optimizer.logits[row]) and torch.equal(weight, alpha)
    # Outside a step the graph is the mixed network of these logits.
    optimizer.graph.eval()
    with torch.no_grad():
        direct = optimizer.graph(batch[0])
        beta = optimizer.parts.relaxation(optimizer.logits, optimizer.t)
        assert torch.equal(direct, optimizer.supernet(batch[0], beta))


def test_the_checkout_is_the_tested_one() -> None:
    found = checkout.find()
    assert found is not None and found.problem is None
    if checkout.commit(found.path) is not None:
        assert checkout.commit(found.path) == checkout.COMMIT
