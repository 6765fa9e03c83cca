"""Every preset that the built-in engine has: a whole small search, cut off and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.engine import Engine
from naslib_edd.presets import CARDS
from naslib_edd.record import read_rows, without_timings

#: The floors look cells up and train nothing: tests/floors cuts them off.
FLOORS = ("random_search", "local_search")
METHODS = [name for name, card in CARDS.items() if "builtin" in card.hosts and name not in FLOORS]
#: Six edges are decided one by one with an epoch left after; cyclic schedules need 10 and more.
EPOCHS = 12


def settings(out: Path, method: str) -> dict[str, Any]:
    channels = {"channels": 4, "batch_size": 16, "limit_train": 32, "limit_val": 32}
    search = {**channels, "epochs": EPOCHS, "checkpoint_seconds": 0.0}
    return tiny_settings(out, optimizer=method, search=search)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [without_timings(row) for row in read_rows(folder / "record.jsonl")]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_resumes_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Cut off in the middle of an epoch, twice: early, and where stages have begun."""
    whole = run(settings(tmp_path / "whole", method))
    rows = rows_of(whole.folder)
    assert whole.arch_str and len(rows) >= 2
    original = Engine.run_step
    cut = settings(tmp_path / "cut", method)
    for at in sorted({1, len(rows) - 2}):

        def step(engine: Engine, at: int = at) -> None:
            original(engine)
            if engine.epoch == at and engine.step == 1:
                raise RuntimeError("power cut")

        monkeypatch.setattr(Engine, "run_step", step)
        with pytest.raises(RuntimeError, match="power cut"):
            run(cut, resume=at > 1)
        monkeypatch.undo()
        torch.manual_seed(at)  # whatever the new process drew before
    resumed = run(cut, resume=True)
    assert rows_of(resumed.folder) == rows
    assert without_timings(resumed.result) == without_timings(whole.result)
