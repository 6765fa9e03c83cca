"""DARTS-PT: the release's decisions, its schedule, and an edge that stays as it was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_search import FakeSearch
from torch import Tensor

from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_stages
from naslib_edd.errors import UserError
from naslib_edd.selection.fixing import RemovalScore
from naslib_edd.selection.perturbation_stage import PerturbationSelection
from naslib_edd.spaces.nb201.space import SPACE

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "darts_pt.npz")


def stage_of(**search: Any) -> PerturbationSelection:
    settings = load({"optimizer": "darts_pt", "search": search}).search
    (stage,) = make_stages(settings, seed=0, layout=SPACE.layout)
    assert isinstance(stage, PerturbationSelection)
    return stage


def run(stage: PerturbationSelection, search: FakeSearch) -> list[dict[str, Any]]:
    rows = []
    for epoch in range(stage.epochs + stage.extra_epochs):
        stage.begin_epoch(search, epoch)
        stage.end_step(search)
        rows.append(stage.end_epoch(search, epoch))
    return rows


def test_decisions_and_schedule_are_the_release_s() -> None:
    worth, mixing = torch.from_numpy(GOLDEN["worth"]), torch.from_numpy(GOLDEN["mixing"])

    def accuracy(beta: Tensor) -> float:
        gain = (worth * beta).sum(-1)
        return float(60 + 10 * gain.sum() + 10 * gain @ mixing @ gain)

    search = FakeSearch(logits=torch.from_numpy(GOLDEN["logits"]), accuracy=accuracy)
    stage = stage_of()
    assert stage.epochs == 100 and stage.extra_epochs == int(GOLDEN["total"])
    assert [epoch - 100 for epoch in stage.due] == GOLDEN["epochs"].tolist()
    assert stage.rate == pytest.approx(float(GOLDEN["tuning_rate"]))
    stage.order = GOLDEN["edges"].tolist()  # theirs is numpy's draw
    rows = [row for row in run(stage, search) if row and row["decision"]]
    assert [row["decision"]["op"] for row in rows] == GOLDEN["ops"].tolist()
    scores = torch.tensor([row["decision"]["scores"] for row in rows])
    torch.testing.assert_close(
        scores.double(), torch.from_numpy(GOLDEN["scores"]), rtol=1e-6, atol=0
    )
    assert set(search.statistics) == {"batch"}
    for edge, op in zip(GOLDEN["edges"], GOLDEN["ops"], strict=True):
        assert search.beta[edge, op] == 1 and search.beta[edge].sum() == 1


@pytest.mark.parametrize(
    ("tune", "extra", "due"), [(1, 6, [0, 1, 2, 3, 4, 5]), (2, 10, [0, 2, 4, 6, 8, 9])]
)
def test_every_edge_has_its_time(tune: int, extra: int, due: list[int]) -> None:
    stage = stage_of(epochs=20, pt_tune=tune)
    assert stage.extra_epochs == extra
    assert [epoch - 20 for epoch in stage.due] == due
    assert stage_of(epochs=20).extra_epochs == 6  # by default a twentieth of the epochs


def test_orders_and_rates() -> None:
    assert stage_of(pt_order="forward").order == [0, 1, 2, 3, 4, 5]
    assert stage_of(pt_order="backward").order == [5, 4, 3, 2, 1, 0]
    assert sorted(stage_of().order) == [0, 1, 2, 3, 4, 5] != stage_of().order
    assert stage_of().order == stage_of().order
    stage = stage_of(learning_rate=0.1, epochs=4)
    assert [stage.learning_rate(0.5, epoch) for epoch in (3, 4, 5)] == [0.5, 0.01, 0.01]
    assert stage_of(pt_learning_rate=0.5).rate == 0.5


def test_momentum_begins_anew_and_a_decided_edge_rests() -> None:
    search = FakeSearch(logits=torch.zeros(6, 5), accuracy=lambda beta: float(beta[:, 3].sum()))
    search.weight_optimizer.state[torch.zeros(1)] = {"momentum_buffer": torch.ones(1)}
    stage = stage_of(epochs=2, pt_order="forward")
    stage.begin_epoch(search, 0)
    assert search.weight_optimizer.state and stage.end_epoch(search, 0) == {}
    stage.begin_epoch(search, 2)
    assert not search.weight_optimizer.state
    assert stage.ops == [3, -1, -1, -1, -1, -1]
    search.logits += 1.0  # whatever moved them
    stage.end_step(search)
    assert search.logits[0].tolist() == [0.0] * 5 and search.logits[1:].eq(1).all()
    assert not search.allowed[0, :3].any() and search.allowed[1:].all()


def test_what_is_ruled_out_is_not_tried_and_a_state_goes_on() -> None:
    search = FakeSearch(logits=torch.zeros(6, 5), accuracy=lambda beta: float(beta[:, 4].sum()))
    search.allowed[:, 4] = False
    stage = stage_of(epochs=2, pt_order="forward")
    stage.begin_epoch(search, 2)
    other = stage_of(epochs=2, pt_order="forward")
    other.load_state_dict(stage.state_dict())
    other.restore(search, 2)
    row = other.end_epoch(search, 2)
    assert row == stage.end_epoch(search, 2)
    assert row["decision"]["scores"][4] is None and row["decision"]["op"] == 0
    assert row["decided"] == [0, -1, -1, -1, -1, -1]


def test_the_loss_is_another_criterion() -> None:
    class Net(torch.nn.Module):
        def forward(self, images: Tensor, beta: Tensor) -> Tensor:
            return images * beta[0, 2]

    images, labels = torch.eye(3) * 4, torch.tensor([0, 1, 2])
    search = FakeSearch(logits=torch.zeros(6, 5))
    search.supernet, search.batches = Net(), 2
    search.val_batch = lambda number: (images, labels)  # type: ignore[method-assign]
    op, scores = RemovalScore(criterion="loss").choose(search, 0)
    assert op == 2
    wanted = -torch.nn.functional.cross_entropy(images * 0.2, labels)
    assert scores[0] == pytest.approx(float(wanted), rel=1e-6)
    assert scores[2] == pytest.approx(-np.log(3), rel=1e-6)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"selection": "argmax", "arch_fixed": True}, "learns no logits"),
        ({"arch_fixed": True, "temperature": "edd"}, "would only sharpen the random first logits"),
        ({"arch_fixed": True, "greedy": "cri1"}, "learns no logits"),
        ({"early_stop": "eigenvalue"}, r"decisions made since \(search.selection: perturbation\)"),
    ],
)
def test_what_makes_no_sense_is_refused(search: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load({"optimizer": "darts_pt", "search": search})
