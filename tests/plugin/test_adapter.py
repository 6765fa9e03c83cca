"""The adapter without NASLib, on the small stand-in graph."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from naslib_edd.config import loading as configs
from naslib_edd.config.methods import CARDS
from naslib_edd.engine.build import make_stages
from naslib_edd.errors import UserError
from naslib_edd.plugin.adapter import Adapter, Host, optimizer_class
from naslib_edd.plugin.state import PREFIX, Checkpointed
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.storage.record import without_timings

Make = Callable[..., Any]
#: The methods that this host carries.
HOSTED = [name for name, card in CARDS.items() if "naslib" in card.hosts]
#: Those that act at the boundaries of epochs, for which the stand-in's graph has no fast supernet.
STAGED = [
    name
    for name in HOSTED
    if make_stages(configs.load({"optimizer": name}).search, seed=0, layout=SPACE.layout)
]
HERE = [name for name in HOSTED if name not in STAGED]


@pytest.fixture
def make(standin: ModuleType) -> Make:
    def build(method: str = "edd_darts", seed: int = 0, **settings: Any) -> Any:
        torch.manual_seed(seed)
        host = Host(meta_optimizer=standin.MetaOptimizer, mixed_op=standin.MixedOp)
        optimizer = optimizer_class(method, "X", host)(**{"epochs": 12, "seed": seed, **settings})
        optimizer.adapt_search_space(standin.Graph(), "cifar10")
        optimizer.before_training()
        return optimizer

    return build


def batch(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(4, 3, 6, 6, generator=generator),
        torch.randint(10, (4,), generator=generator),
    )


def train(optimizer: Any, first: int, last: int) -> None:
    for epoch in range(first, last):
        optimizer.new_epoch(epoch)
        for step in range(2):
            optimizer.step(batch(10 * epoch + step), batch(100 + 10 * epoch + step))
        optimizer.test_statistics()


@pytest.mark.parametrize("method", STAGED)
def test_stages_want_the_fast_supernet(method: str, make: Make) -> None:
    with pytest.raises(UserError, match="need the fast supernet"):
        make(method, epochs=40)


@pytest.mark.parametrize("method", HERE)
def test_every_method_trains(method: str, make: Make) -> None:
    optimizer = make(method, arch_warmup=0)
    logits, weights = (
        optimizer.logits.detach().clone(),
        [p.detach().clone() for p in optimizer.graph.parameters()],
    )
    state = torch.get_rng_state()
    train(optimizer, 0, 2)
    assert torch.equal(torch.get_rng_state(), state)  # nothing of it draws from the global one
    assert not torch.equal(logits, optimizer.logits.detach())
    moved = [
        not torch.equal(a, b) for a, b in zip(weights, optimizer.graph.parameters(), strict=True)
    ]
    assert any(moved) if "gdas" in method else all(moved)
    row = optimizer.history[-1]
    assert row["arch_str"] == nb201.ops_to_str(nb201.index_to_ops(row["index"]))
    assert math.isfinite(row["t_next"])
    assert isinstance(optimizer.get_model_size(), float)
    assert optimizer.get_op_optimizer() is torch.optim.SGD
    state = torch.get_rng_state()
    final = optimizer.get_final_architecture()
    assert torch.equal(torch.get_rng_state(), state)
    names = {
        "Identity": "skip_connect", "Zero": "none", "ReLUConvBN3x3": "nor_conv_3x3",
        "ReLUConvBN1x1": "nor_conv_1x1", "AvgPool1x1": "avg_pool_3x3",
    }  # fmt: skip
    for row_number, (source, target) in enumerate(nb201.EDGES):
        for cell in final.cells:
            op = cell[source + 1, target + 1].op
            assert names[op.get_op_name] == nb201.OPERATIONS[row["ops"][row_number]]
            if "kernel_size" in op.init_params:
                assert op.op[1].weight.shape[0] == 8  # all channels, partial or not
    assert final(batch(0)[0]).shape == (4, 10)


def test_a_step_returns_what_the_trainer_wants(make: Make) -> None:
    optimizer = make()
    optimizer.new_epoch(0)
    train_scores, val_scores, train_loss, val_loss = optimizer.step(batch(1), batch(2))
    assert train_scores.shape == val_scores.shape == (4, 10)
    expected = torch.nn.functional.cross_entropy(train_scores, batch(1)[1])
    assert float(train_loss) == pytest.approx(float(expected))
    assert float(val_loss) != float(train_loss)


@pytest.mark.parametrize("method", ["edd_darts", "edd_gdas", "edd_pc_darts", "darts_v1"])
def test_resume_is_exact(method: str, make: Make) -> None:
    whole = make(method)
    train(whole, 0, 4)
    cut = make(method)
    train(cut, 0, 2)
    state = cut.get_checkpointables()["model"].state_dict()
    resumed = make(method, seed=5)
    resumed.get_checkpointables()["model"].load_state_dict(state)
    train(resumed, 2, 4)
    assert torch.equal(whole.logits, resumed.logits)
    for a, b in zip(whole.graph.parameters(), resumed.graph.parameters(), strict=True):
        assert torch.equal(a, b)
    rows = [[without_timings(row) for row in o.history] for o in (whole, resumed)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 4


def test_a_checkpoint_before_the_epoch_is_closed_holds_its_row(make: Make) -> None:
    optimizer = make()
    optimizer.new_epoch(0)
    optimizer.step(batch(1), batch(2))
    saved = Checkpointed(optimizer).state_dict()
    assert optimizer.history == []  # looking at the state changes nothing
    optimizer.test_statistics()
    optimizer.test_statistics()
    assert len(optimizer.history) == 1
    other = make(seed=9)
    Checkpointed(other).load_state_dict(saved)
    other.get_final_architecture()
    assert without_timings(other.history[0]) == without_timings(optimizer.history[0])
    assert other.t == optimizer.t


def test_checkpoints_are_tensors_only_and_keys_tell_the_size(make: Make) -> None:
    state = Checkpointed(make()).state_dict()
    assert all(isinstance(value, Tensor) for value in state.values())
    (key,) = [key for key in state if key.startswith(PREFIX)]
    assert int(key.removeprefix(PREFIX)) == len(state[key])


def test_a_checkpoint_of_the_graph_alone_is_told(make: Make) -> None:
    optimizer = make()
    before = optimizer.logits.detach().clone()
    outcome = Checkpointed(optimizer).load_state_dict(optimizer.graph.state_dict())
    assert outcome.missing_keys == [PREFIX + "*"]
    assert torch.equal(before, optimizer.logits)


def test_the_generators_are_restored_when_the_epoch_begins(make: Make) -> None:
    optimizer = make()
    train(optimizer, 0, 1)
    torch.manual_seed(21)
    expected = torch.get_rng_state()
    state = optimizer.state()
    other = make(seed=2)
    other.load_state(state)
    torch.rand(5)  # loaders are made here
    other.new_epoch(1)
    assert torch.equal(torch.get_rng_state(), expected)


def test_learning_rate_by_epoch_or_by_step(make: Make) -> None:
    half, later = 0.05, 0.05 * (1 + math.cos(math.pi * 0.55))
    # Without the number of steps nobody can say how far an epoch is: then by epoch, too.
    for anneal, steps, expected in (("epoch", 2, half), ("step", 2, later), ("step", None, half)):
        optimizer = make(epochs=10, learning_rate=0.1, learning_rate_min=0.0, anneal=anneal)
        optimizer.steps = steps
        optimizer.new_epoch(5)
        optimizer.step(batch(0), batch(1))
        optimizer.step(batch(0), batch(1))
        assert optimizer.op_optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_sampled_operations_alone_are_computed(make: Make, standin: ModuleType) -> None:
    optimizer = make("ets_gdas")
    optimizer.new_epoch(0)
    optimizer.step(batch(0), batch(1))
    # A weight that was not sampled has a zero gradient, and so goes on by its weight decay.
    sampled = [bool(p.grad.any()) for p in optimizer.graph.parameters()]
    assert any(sampled) and not all(sampled)
    # Yet every logit gets a gradient, as in GDAS' release.
    assert (optimizer.logits.grad != 0).all()


def test_a_mixture_is_the_sum_it_says(make: Make) -> None:
    optimizer = make("darts_v1")
    op = optimizer.graph.cells[0][1, 2].op
    x, weights = torch.randn(2, 8, 6, 6), torch.tensor([0.1, 0.2, 0.3, 0.25, 0.15])
    expected = sum(w * p(x, None) for w, p in zip(weights, op.primitives, strict=True))
    torch.testing.assert_close(op.apply_weights(x, weights), expected)


def test_partial_channels_by_hand(make: Make) -> None:
    optimizer = make("pc_darts")
    op = optimizer.graph.cells[0][1, 2].op
    x, weights = torch.randn(2, 8, 6, 6), torch.tensor([0.1, 0.2, 0.3, 0.25, 0.15, 0.7])
    part = sum(w * p(x[:, :2], None) for w, p in zip(weights, op.primitives, strict=False))
    out = torch.cat([part, x[:, 2:]], dim=1)
    # Channel c of group g = c // 2 goes to place 4·(c % 2) + g.
    order = sorted(range(8), key=lambda c: (c % 2, c // 2))
    torch.testing.assert_close(op.apply_weights(x, weights), 0.7 * out[:, order])


def test_channels_that_do_not_divide_are_refused(make: Make) -> None:
    # The graph has its own width, whatever search.channels says of the built-in engine's.
    with pytest.raises(UserError, match="= 3 does not divide the 8 channels"):
        make("pc_darts", partial_channels=3, channels=6)


def test_logits_rest_in_the_warm_up(make: Make) -> None:
    optimizer = make("pc_darts", epochs=10)  # 0.3 of them
    before = optimizer.logits.detach().clone()
    train(optimizer, 0, 3)
    assert torch.equal(before, optimizer.logits.detach())
    assert all(row["val_loss"] > 0 and row["forward_norm"] is None for row in optimizer.history)
    state = optimizer.get_checkpointables()["model"].state_dict()
    resumed = make("pc_darts", epochs=10, seed=5)
    resumed.get_checkpointables()["model"].load_state_dict(state)
    for other in (optimizer, resumed):
        train(other, 3, 4)
        assert (before != other.logits.detach()).sum() >= 30  # an edge alone has nothing to weigh
    assert torch.equal(optimizer.logits, resumed.logits)


def test_closing_twice_moves_the_temperature_once(make: Make) -> None:
    optimizer = make()
    train(optimizer, 0, 1)
    t = optimizer.temperature.t
    optimizer.new_epoch(1)
    optimizer.after_training()
    assert optimizer.temperature.t == t and len(optimizer.history) == 1


@pytest.mark.naslib
def test_the_stand_in_is_like_the_real_one(standin: ModuleType, naslib: SimpleNamespace) -> None:
    from naslib.search_spaces.core.graph import EdgeData, Graph

    pairs = [
        (standin.Graph, Graph, ["update_edges", "clone", "unparse", "parse",
                                "prepare_discretization", "prepare_evaluation"]),
        (standin.EdgeData, EdgeData, ["has", "set"]),
        (standin.MixedOp, naslib.primitives.MixedOp,
         ["get_weights", "process_weights", "apply_weights", "forward"]),
        (standin.MetaOptimizer, naslib.metaclasses.MetaOptimizer,
         ["adapt_search_space", "get_final_architecture", "get_op_optimizer"]),
    ]  # fmt: skip
    for ours, theirs, names in pairs:
        for name in names:
            wanted = inspect.signature(getattr(theirs, name)).parameters
            found = inspect.signature(getattr(ours, name)).parameters
            assert list(found) == list(wanted), name
    abstract = naslib.metaclasses.MetaOptimizer.__abstractmethods__
    assert abstract == standin.MetaOptimizer.__abstractmethods__
    real = naslib.spaces.NasBench201SearchSpace()
    seen: list[list[Any]] = [[], []]
    for graph, names in ((real, seen[0]), (standin.Graph(), seen[1])):
        scope = graph.OPTIMIZER_SCOPE

        def look(edge: Any, names: list[Any] = names) -> None:
            names.append((edge.head, edge.tail, [op.get_op_name for op in edge.data.op]))

        graph.update_edges(look, scope=scope, private_edge_data=False)
    assert seen[0] == seen[1]
    assert isinstance(real.graph, dict)
    assert {"C_in", "C_out"} <= set(real.edges[2, 3].op.edges[1, 2].op[2].init_params)
    assert issubclass(optimizer_class("edd_darts", "X", Host(
        meta_optimizer=naslib.metaclasses.MetaOptimizer, mixed_op=naslib.primitives.MixedOp
    )), Adapter)  # fmt: skip


@pytest.mark.parametrize("setting", [{"precision": "bf16"}, {"cuda_graph": "on"}])
def test_precision_and_graphs_are_not_passed_over_in_silence(
    setting: dict[str, str], make: Make
) -> None:
    with pytest.raises(UserError, match="built-in engine only"):
        make("edd_darts", **setting)
