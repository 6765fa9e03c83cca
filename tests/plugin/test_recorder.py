"""The pass of the discretised network after an epoch on NASLib: what it measures and leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from naslib_edd.config.loading import load
from naslib_edd.engine.start import open_data
from naslib_edd.plugin import registry, rng
from naslib_edd.plugin.adapter import Host, optimizer_class
from naslib_edd.plugin.queues import Queues
from naslib_edd.plugin.recorder import Recorder, discretised
from naslib_edd.storage.record import RunFolder, without_timings

KINDS = ("batch", "running")


def give_running_statistics(graph: nn.Module) -> None:
    """What NASLib's cells of NB201 lack, at rest nowhere."""
    generator = torch.Generator().manual_seed(3)
    for norm in graph.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.track_running_stats = True
            norm.running_mean = torch.randn(norm.num_features, generator=generator)
            norm.running_var = 0.5 + torch.rand(norm.num_features, generator=generator)


@pytest.fixture
def make(standin: ModuleType, tmp_path: Path) -> Callable[..., Recorder]:
    def build(method: str = "edd_darts", *, running: bool = True, **search: Any) -> Recorder:
        torch.manual_seed(0)
        host = Host(meta_optimizer=standin.MetaOptimizer, mixed_op=standin.MixedOp)
        settings = {"epochs": 4, "batch_size": 8, "limit_train": 16, "limit_val": 24, **search}
        optimizer = optimizer_class(method, "X", host)(seed=0, **settings)
        optimizer.device = torch.device("cpu")
        optimizer.adapt_search_space(standin.Graph(), "digits")
        if running:
            give_running_statistics(optimizer.graph)
        optimizer.before_training()
        with torch.no_grad():
            optimizer.logits.add_(torch.randn(optimizer.logits.shape))
        config = load({"dataset": "digits", "search": settings})
        data = open_data(config, torch.device("cpu"))
        queues = Queues(data=data, search=config.search, seed=0)
        folder = RunFolder(tmp_path / method)
        return Recorder(optimizer=optimizer, folder=folder, table=None, queues=queues)

    return build


def train_epoch(recorder: Recorder, epoch: int) -> dict[str, Any]:
    assert recorder.queues is not None
    optimizer = recorder.optimizer
    optimizer.new_epoch(epoch)
    for batch in recorder.queues.train:
        optimizer.step(batch, next(iter(recorder.queues.val)))
    trajectory = SimpleNamespace(arch_eval=[], train_acc=[])
    return recorder.catch_up(trajectory)[-1]


@pytest.mark.parametrize("method", ["edd_darts", "edd_pc_darts"])
def test_the_rows_have_both_and_the_search_is_the_same_bit_for_bit(
    method: str, make: Callable[..., Recorder]
) -> None:
    measured, without = make(method), make(method, eval_statistics="off")
    assert measured.statistics == list(KINDS) and without.statistics == []
    for epoch in range(2):
        rows = [train_epoch(recorder, epoch) for recorder in (measured, without)]
        assert all(0 <= rows[0][f"net_val_acc_{kind}"] <= 100 for kind in KINDS)
        kept = {k: v for k, v in without_timings(rows[0]).items() if not k.startswith("net_")}
        assert kept == without_timings(rows[1])
    ours, theirs = (recorder.optimizer.graph.state_dict() for recorder in (measured, without))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert torch.equal(measured.optimizer.logits, without.optimizer.logits)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_leaves_no_trace(kind: Any, make: Callable[..., Recorder]) -> None:
    recorder = make()
    graph = recorder.optimizer.graph
    before = {name: tensor.clone() for name, tensor in graph.state_dict().items()}
    modes = [module.training for module in graph.modules()]
    held = rng.state()
    assert recorder.queues is not None
    recorder.accuracy(recorder.queues.data.val, kind)
    after = rng.state()
    assert torch.equal(after["torch"], held["torch"]) and after["python"] == held["python"]
    assert torch.equal(after["numpy"][1], held["numpy"][1])
    assert graph.state_dict().keys() == before.keys()
    assert all(torch.equal(graph.state_dict()[name], tensor) for name, tensor in before.items())
    assert [module.training for module in graph.modules()] == modes
    assert all(parameter.grad is None for parameter in graph.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_discretised_graph_with_the_shared_weights(
    kind: Any, make: Callable[..., Recorder]
) -> None:
    recorder = make()
    assert recorder.queues is not None
    images, labels = next(recorder.queues.whole(recorder.queues.data.val))
    final = recorder.optimizer.get_final_architecture()
    # A norm in training mode goes by the batch.
    final.train(kind == "batch")
    with torch.no_grad():
        wanted = final(images)
        with discretised(recorder.optimizer, kind):
            found = recorder.optimizer.graph(images)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    accuracy = 100.0 * float((wanted.argmax(1) == labels).double().mean())
    assert recorder.accuracy(recorder.queues.data.val, kind) == pytest.approx(accuracy)


def test_the_statistics_follow_the_setting_and_the_graph(make: Callable[..., Recorder]) -> None:
    for chosen, wanted in (("batch", ["batch"]), ("running", ["running"]), ("off", [])):
        assert make(eval_statistics=chosen).statistics == wanted
    # Norms without running statistics, as NASLib's cells of NB201 have them.
    assert make(running=False).statistics == ["batch"]
    assert make(running=False, eval_statistics="running").statistics == ["batch"]
    recorder = make()
    recorder.queues = None
    assert recorder.statistics == []


@pytest.mark.naslib
@pytest.mark.parametrize("kind", KINDS)
def test_nb301_is_measured_with_the_edges_that_it_keeps(kind: Any, naslib: SimpleNamespace) -> None:
    torch.manual_seed(0)
    optimizer = registry.get("edd_darts")(epochs=2)
    optimizer.adapt_search_space(naslib.spaces.NasBench301SearchSpace(auxiliary=False), "cifar10")
    optimizer.graph.double()
    with torch.no_grad():
        optimizer.logits.add_(torch.randn(optimizer.logits.shape))
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    final = optimizer.get_final_architecture().double().train(kind == "batch")
    with torch.no_grad():
        wanted = final(images)
        with discretised(optimizer, kind):
            found = optimizer.graph(images)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-8)
