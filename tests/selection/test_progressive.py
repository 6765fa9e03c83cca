"""Progressive learning: what is kept, when the logits rest, and that a run resumes bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build import make_stages
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.loop import Interrupted
from naslib_edd.errors import UserError
from naslib_edd.selection.progressive import Progressive, strongest
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.storage.record import Row


def search_of(**search: Any) -> SearchSettings:
    return load({"optimizer": "drnas_progressive", "search": search}).search


def test_the_strongest_of_the_allowed_are_kept() -> None:
    logits = torch.tensor([[1.0, 5.0, 3.0, 2.0, 4.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    allowed = torch.ones(2, 5, dtype=torch.bool)
    allowed[0, 1] = False
    kept = strongest(logits, allowed, 3)
    assert kept[0].tolist() == [False, False, True, True, True]
    assert kept[1].tolist() == [True, True, True, False, False]  # a tie: the first
    allowed[1, 1:] = False
    assert strongest(logits, allowed, 3)[1].tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("epochs", "at", "boundary", "resting"),
    [(100, 0.5, 50, (10, 10)), (20, 0.5, 10, (2, 2)), (3, 0.5, 2, (0, 0)), (2, 0.99, 1, (0, 0))],
)
def test_parts_scale_with_the_epochs(
    epochs: int, at: float, boundary: int, resting: tuple[int, int]
) -> None:
    stage = Progressive(epochs=epochs, keep=3, at=at)
    assert (stage.boundary, stage.resting) == (boundary, resting)
    rests = [epoch for epoch in range(epochs) if stage.logits_rest(epoch)]
    assert rests == [*range(resting[0]), *range(boundary, boundary + resting[1])]


def test_the_rate_goes_on_where_no_restart_is_asked_for() -> None:
    (stage,) = make_stages(search_of(progressive_restart=False), seed=0, layout=SPACE.layout)
    assert [stage.learning_rate(0.01, epoch) for epoch in (0, 49, 50, 99)] == [0.01] * 4
    (restarting,) = make_stages(search_of(), seed=0, layout=SPACE.layout)
    assert restarting.learning_rate(0.01, 49) == 0.01 and restarting.learning_rate(0.013, 50) > 0.02


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"progressive_keep": 6}, "more than the 5 operations"),
        ({"progressive_keep": 5, "exclude_none": True}, "more than the 4 operations"),
        ({"epochs": 1}, "2 or more"),
        ({"progressive_partial": 3}, "must divide search.partial_channels = 4"),
        ({"progressive_keep": 0, "progressive_partial": 2}, "there is none"),
        ({"drop_path": 0.2}, "does not go with search.partial_channels = 4"),
        ({"progressive_at": 0.0}, "above 0"),
        ({"progressive_warmup": 1.0}, "at most"),
    ],
)
def test_refused(search: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        search_of(**search)


def rows_of(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.search
def test_a_run_keeps_three_operations_and_resumes_from_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before the boundary, at it, and inside each part."""
    search = {
        "epochs": 4,
        "channels": 4,
        "limit_train": 48,
        "limit_val": 48,
        "progressive_warmup": 0.5,
    }
    whole = run(tiny_settings(tmp_path / "whole", optimizer="drnas_progressive", search=search))
    left = [row["operations_left"] for row in whole.rows]
    assert left == [[5] * 6] * 2 + [[3] * 6] * 2
    before = torch.tensor(whole.rows[1]["logits"])
    kept = strongest(before, torch.ones(6, 5, dtype=torch.bool), 3)
    for row in whole.rows[2:]:
        assert all(kept[edge, op] for edge, op in enumerate(row["ops"]))
        assert torch.tensor(row["logits"])[~kept].abs().max() < before.abs().max()
    real = Engine.run_step
    for stop in (2, 6, 7, 9, 11):
        steps = 0

        def step(engine: Engine, stop: int = stop) -> None:
            nonlocal steps
            if steps == stop:
                raise Interrupted(0, tmp_path)
            steps += 1
            real(engine)

        settings = tiny_settings(
            tmp_path / str(stop),
            optimizer="drnas_progressive",
            search={**search, "checkpoint_seconds": 0},
        )
        monkeypatch.setattr(Engine, "run_step", step)
        with pytest.raises(Interrupted):
            run(settings)
        monkeypatch.setattr(Engine, "run_step", real)
        resumed = run(settings, resume=True)
        assert rows_of(list(resumed.rows)) == rows_of(list(whole.rows))
