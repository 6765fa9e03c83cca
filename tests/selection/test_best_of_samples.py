"""The best of random architectures: what is measured, on what, and that it becomes the choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import open_data
from naslib_edd.errors import UserError
from naslib_edd.selection.best_of_samples import BestOf
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.storage.record import read_rows


def engine_of(out: Path, **search: Any) -> Engine:
    config = load(tiny_settings(out, optimizer="rs_ws", search=search))
    return Engine(
        config=config, data=open_data(config, torch.device("cpu")), device=torch.device("cpu")
    )


class Table:
    """In the place of a search: an architecture's accuracy follows from its operations."""

    val_batches = 3

    def __init__(self) -> None:
        self.allowed = torch.ones(6, 5, dtype=torch.bool)
        self.supernet = self
        self.seen: list[tuple[tuple[int, ...], int]] = []

    def val_batch(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(number), torch.zeros(100, dtype=torch.long)

    def discretised(self, x: torch.Tensor, ops: tuple[int, ...], statistics: str) -> torch.Tensor:
        self.seen.append((ops, int(x)))
        right = torch.arange(100) < 4 * sum(ops)
        return torch.stack([right.float(), 1 - right.float()], 1)


def stage(**settings: Any) -> BestOf:
    settings = {"epochs": 3, "count": 40, "count_before": 7, "batches": 1, **settings}
    return BestOf(**settings, layout=SPACE.layout, statistics="batch", seed=5)


def test_the_best_is_chosen_and_batches_take_turns() -> None:
    search: Any = Table()
    best_of = stage()
    assert best_of.choose(search) is None
    fields = best_of.end_epoch(search, 0)
    assert [number for _, number in search.seen] == [0, 1, 2, 0, 1, 2, 0]
    best = max((ops for ops, _ in search.seen), key=sum)
    assert sum(best_of.choose(search) or ()) == sum(best)
    assert fields == {"candidates": 7, "candidate_acc": pytest.approx(4 * sum(best))}
    search.seen.clear()
    assert best_of.end_epoch(search, 2)["candidates"] == len(search.seen) == 40
    assert len({ops for ops, _ in search.seen}) > 35


def test_several_batches_each() -> None:
    search: Any = Table()
    stage(batches=2).end_epoch(search, 0)
    assert [number for _, number in search.seen[:6]] == [0, 1, 2, 0, 1, 2]
    assert search.seen[0][0] == search.seen[1][0] != search.seen[2][0]
    search.seen.clear()
    stage(batches=99).end_epoch(search, 0)
    assert len(search.seen) == 7 * 3  # never more than there are


def test_draws_follow_from_seed_and_epoch_and_the_mask() -> None:
    one, other = Table(), Table()
    for search in (one, other):
        search.allowed[:, 0] = False
        stage().end_epoch(search, 1)  # type: ignore[arg-type]
    assert one.seen == other.seen
    assert all(0 not in ops for ops, _ in one.seen)
    stage().end_epoch(other, 0)  # type: ignore[arg-type]
    assert other.seen[7:] != one.seen


@pytest.mark.search
def test_on_a_supernet_it_measures_the_discretised_network(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, best_of=3, best_of_batches=99)
    (best_of,) = engine.stages
    fields = best_of.end_epoch(engine, 2)
    chosen = engine.choose()
    assert fields["candidate_acc"] == pytest.approx(
        engine.accuracy(engine.data.val, chosen, "batch")
    )


@pytest.mark.search
def test_a_run_of_random_search_with_weight_sharing(tmp_path: Path) -> None:
    result = run(tiny_settings(tmp_path, optimizer="rs_ws", search={"best_of_before": 2}))
    rows = read_rows(result.folder / "record.jsonl")
    assert [row["candidates"] for row in rows] == [2, 2, 100]
    assert rows[0]["logits"] == rows[-1]["logits"]  # they rest
    for row in rows:
        assert row["entropy"] == pytest.approx(1.6094, abs=1e-4)
        assert row["val_loss"] > 0 and row["noise_norm"] is None
        assert row["train_loss"] > 0
        assert 0 <= row["candidate_acc"] <= 100


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"best_of": 0}, "learns no logits to choose by"),
        ({"temperature": "edd"}, "nothing to act on"),
        ({"partial_channels": 2}, "does not go with search.relaxation = uniform"),
        ({"queries": 3}, "belongs to search.strategy"),
        ({"strategy": "local_search"}, "trains none"),
    ],
)
def test_what_makes_no_sense_is_refused(search: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load({"optimizer": "rs_ws", "search": search})
