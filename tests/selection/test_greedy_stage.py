"""SGAS: scores and decisions of the release, its schedule, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_search import FakeSearch

from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_stages
from naslib_edd.errors import UserError
from naslib_edd.selection.greedy_stage import Greedy
from naslib_edd.spaces.nb201.space import SPACE

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "sgas.npz")


def stage_of(optimizer: str = "sgas", **search: Any) -> Greedy:
    (stage,) = make_stages(
        load({"optimizer": optimizer, "search": search}).search, seed=0, layout=SPACE.layout
    )
    assert isinstance(stage, Greedy)
    return stage


@pytest.mark.parametrize("criterion", ["cri1", "cri2"])
def test_decisions_are_the_release_s(criterion: str) -> None:
    walk = torch.from_numpy(GOLDEN[f"{criterion}_logits"])
    search = FakeSearch(logits=walk[0])
    stage = stage_of(greedy=criterion)
    assert stage.due == [9, 14, 19, 24, 29, 34]
    for epoch, logits in enumerate(walk):
        search.logits.copy_(logits)
        if epoch == 17:  # a resume between two decisions
            state = stage.state_dict()
            stage = stage_of(greedy=criterion)
            stage.load_state_dict(state)
            stage.restore(search, epoch)
        row = stage.end_epoch(search, epoch)
        assert row["decided"] == GOLDEN[f"{criterion}_ops"][epoch].tolist()
        assert (row["decision"] is not None) == (epoch in stage.due)
        if row["decision"]:
            scores = torch.tensor(row["decision"]["edge_scores"])
            wanted = torch.from_numpy(GOLDEN[f"{criterion}_scores"][epoch])
            torch.testing.assert_close(scores, wanted, rtol=1e-4, atol=1e-5)
    assert min(stage.ops) > 0
    assert list(stage.choose(search)) == stage.ops


def test_none_is_never_chosen() -> None:
    logits = torch.zeros(6, 5)
    logits[:, 0], logits[:, 3], logits[2, 4] = 2.0, 1.0, 1.5
    search, stage = FakeSearch(logits=logits), stage_of()
    stage.end_epoch(search, 0)
    assert list(stage.choose(search)) == [3, 3, 4, 3, 3, 3]
    search.allowed[:, 3] = False
    assert stage.choose(search)[0] == 1


def test_sgas_pt_takes_the_edge_of_sgas_and_the_operation_of_pt() -> None:
    logits = torch.zeros(6, 5)
    logits[4, 2], logits[4, 0] = 3.0, -1.0  # the surest edge; its largest β is operation 2
    search = FakeSearch(logits=logits, accuracy=lambda beta: float(beta[4, 3] + 9 * beta[4, 0]))
    stage = stage_of("sgas_pt")
    assert stage.extra_epochs == 0
    decision = stage.end_epoch(search, 9)["decision"]
    assert (decision["edge"], decision["op"]) == (4, 3)
    assert decision["scores"][0] is None and None not in decision["scores"][1:]


@pytest.mark.parametrize(
    ("epochs", "due"),
    [
        (40, [9, 14, 19, 24, 29, 34]),
        (20, [4, 6, 8, 10, 12, 14]),
        (7, [0, 1, 2, 3, 4, 5]),
        (6, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_the_schedule_stretches_with_the_epochs(epochs: int, due: list[int]) -> None:
    assert stage_of(epochs=epochs).due == due


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"epochs": 5}, r"last of 6 edges after epoch 5 .* only 5 epochs"),
        ({"greedy_warmup": 30}, r"after epoch 55 \(from 0: greedy_warmup 30 \+ 5 x"),
        ({"exclude_none": True}, "ranks edges by how little `none` weighs"),
        ({"early_stop": "eigenvalue"}, r"decisions made since \(search.greedy\)"),
    ],
)
def test_what_makes_no_sense_is_refused(search: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load({"optimizer": "sgas", "search": search})
