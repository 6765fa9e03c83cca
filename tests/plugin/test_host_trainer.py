"""Under NASLib's own Trainer: what it loses, what it shows, what users write and replace."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from naslib_edd.errors import UserError
from naslib_edd.plugin import registry

pytestmark = pytest.mark.naslib

PER_EPOCH = ("train_acc", "train_loss", "valid_acc", "valid_loss", "runtime")


def test_errors_json_holds_all_epochs_after_a_resume(
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    synthetic(images=4)
    config = configure(epochs=3)
    naslib.trainer.Trainer(make_optimizer(config), config).search()
    saved = Path(config.save)
    whole = json.loads((saved / "errors.json").read_text())
    (saved / "search" / "last_checkpoint").write_text("model_0000001.pth")
    (saved / "errors.json").unlink()
    last = naslib.utils.get_last_checkpoint(config)
    naslib.trainer.Trainer(make_optimizer(config), config).search(resume_from=last)
    resumed = json.loads((saved / "errors.json").read_text())
    for key in PER_EPOCH:
        assert len(resumed[key]) == 3
        if key != "runtime":
            assert resumed[key] == pytest.approx(whole[key], rel=1e-5)


def test_the_log_shows_the_rate_that_is_used(
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    synthetic(images=4)
    config = configure(epochs=3)
    optimizer = make_optimizer(config)
    trainer = naslib.trainer.Trainer(optimizer, config)
    shown: list[tuple[float, float]] = []
    step = optimizer.step

    def watched(*batches: Any) -> Any:
        out = step(*batches)
        shown.append((trainer.scheduler.get_last_lr()[0], optimizer.learning_rate))
        return out

    optimizer.step = watched
    trainer.search()
    assert len(shown) == 3 and len({rate for rate, _ in shown}) == 3
    assert all(one == other for one, other in shown)
    assert [rate for rate, _ in shown] == [row["learning_rate"] for row in optimizer.history]


@pytest.mark.parametrize("method", ["darts_v1", "darts_v2", "gdas"])
def test_a_loss_that_a_runner_puts_in_is_used(method: str, naslib: SimpleNamespace) -> None:
    batch = torch.randn(4, 3, 8, 8), torch.arange(4)
    gradients = []
    for scale in (1.0, 3.0):
        torch.manual_seed(1)
        optimizer = registry.get(method)(epochs=2, clip="off", order="weights_first")
        optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
        own = torch.nn.CrossEntropyLoss()
        optimizer.loss = lambda scores, labels, own=own, scale=scale: scale * own(scores, labels)
        optimizer.before_training()
        optimizer.new_epoch(0)
        _, _, train, _ = optimizer.step(batch, batch)
        weight = next(optimizer.graph.parameters())
        gradients.append((float(train), weight.grad.clone()))
    assert gradients[1][0] == pytest.approx(3 * gradients[0][0], rel=1e-5)
    off = gradients[1][1] - 3 * gradients[0][1]
    assert float(off.norm()) < 1e-3 * float(gradients[1][1].norm())


def test_before_training_may_come_first(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_darts")(epochs=2)
    assert len(optimizer.architectural_weights) == 0
    optimizer.before_training()
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    optimizer.new_epoch(0)
    batch = torch.randn(2, 3, 8, 8), torch.arange(2)
    batch = tuple(part.to(optimizer.device) for part in batch)
    assert len(optimizer.step(batch, batch)) == 4


def test_architectural_weights_can_be_written(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_darts")(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    weights = optimizer.architectural_weights
    assert isinstance(weights, torch.nn.ParameterList)
    assert len(list(weights.parameters())) == 6
    assert all(a is b for a, b in zip(weights, optimizer.architectural_weights, strict=True))
    with torch.no_grad():
        weights[2].copy_(torch.tensor([0.0, 0.0, 7.0, 0.0, 0.0]))
    assert optimizer.logits[2, 2] == 7
    weights[3].data = torch.tensor([0.0, 0.0, 0.0, 8.0, 0.0])
    final = optimizer.architectural_weights[3]
    assert final[3] == 8 and optimizer.logits[3, 3] == 8
    assert optimizer.graph.get_all_edge_data("alpha")[3] is final
    # A logit's move is seen in what a user holds.
    before = weights[0].clone()
    optimizer.new_epoch(0)
    batch = torch.randn(2, 3, 8, 8), torch.arange(2)
    optimizer.step(batch, batch)
    assert not torch.equal(weights[0], before)
    assert torch.equal(weights[0], optimizer.logits[0])


def test_a_copied_optimizers_graph_reads_the_copys_logits(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_darts")(epochs=2, supernet="naslib")
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    copied = copy.deepcopy(optimizer)
    images = torch.randn(2, 3, 8, 8)
    before = copied.graph(images)
    with torch.no_grad():
        optimizer.logits.copy_(5 * torch.eye(6, 5))
        assert torch.equal(copied.graph(images), before)
        copied.architectural_weights[0][2] = 5.0
        assert not torch.equal(copied.graph(images), before)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("HierarchicalSearchSpace", "chooses among Graph objects"),
        ("NasBench101SearchSpace", "no edges"),
    ],
)
def test_spaces_that_cannot_be_searched(space: str, words: str, naslib: SimpleNamespace) -> None:
    found = getattr(naslib.spaces, space)()
    with pytest.raises(UserError, match=words) as error:
        registry.get("edd_darts")(epochs=2).adapt_search_space(found, "cifar10")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("nothing", [None, "nasbench201", torch.nn.Linear(1, 1)])
def test_what_is_no_search_space(nothing: Any, naslib: SimpleNamespace) -> None:
    with pytest.raises(UserError, match="no search space"):
        registry.get("edd_darts")(epochs=2).adapt_search_space(nothing, "cifar10")


def test_cells_without_a_name_of_their_own_are_kept_apart(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_darts")(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.SimpleCellSearchSpace(), "cifar10")
    assert {edge.cell for edge in optimizer.layout.edges} == {"normal_cell", "reduction_cell"}
    # SimpleCell keeps all its edges.
    found = optimizer.layout.describe(dict(enumerate(optimizer.layout.chosen(optimizer.logits))))
    assert [len(cell) for cell in found["cells"].values()] == [5, 5]


def test_partial_channels_where_channels_change(naslib: SimpleNamespace) -> None:
    optimizer = registry.get("edd_pc_darts")(epochs=2)
    with pytest.raises(UserError, match="makes 32 of 16 here; set it to 1"):
        optimizer.adapt_search_space(naslib.spaces.SimpleCellSearchSpace(), "cifar10")


def test_what_has_no_effect_is_said(naslib: SimpleNamespace, caplog: Any) -> None:
    idle = {"channels": 8, "cutout": True, "limit_val": 4, "drop_path_prob": 0.2, "cells": 5}
    optimizer = registry.get("gdas")(epochs=2, tau_max=10, weight_decay=0.1, **idle)
    optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
    with caplog.at_level(logging.WARNING):
        optimizer.before_training()
        optimizer.before_training()
    (own,) = [r.getMessage() for r in caplog.records if "off the method's own" in r.getMessage()]
    assert "weight_decay=0.1" in own and "momentum" not in own
    (said,) = [r.getMessage() for r in caplog.records if "no effect here" in r.getMessage()]
    for key in ("channels = 8", "limit_val", "drop_path_prob", "tau_max (search.t0 = 10 is)"):
        assert f"search.{key}" in said
    assert "cells" not in said and "cutout" not in said  # NASLib's loaders have a cutout
    quiet = registry.get("edd_darts")(epochs=50)
    assert quiet.idle() == []


def test_the_nearest_method_of_naslibs_name(naslib: SimpleNamespace) -> None:
    with pytest.raises(UserError, match="did you mean 'darts_v1'"):
        registry.get("darts")
