"""Every preset that the built-in engine has: a whole small search, cut off and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import power_cut, rows_of, run, tiny_settings

from naslib_edd.config.methods import CARDS
from naslib_edd.storage.record import without_timings

#: The floors look cells up and train nothing: tests/floors cuts them off.
FLOORS = ("random_search", "local_search", "zero_cost_pt", "nwot", "synflow", "jacov")
METHODS = [name for name, card in CARDS.items() if "builtin" in card.hosts and name not in FLOORS]
#: Six edges are decided one by one with an epoch left after; cyclic schedules need 10 and more.
EPOCHS = 12


def settings(out: Path, method: str) -> dict[str, Any]:
    channels = {"channels": 4, "batch_size": 16, "limit_train": 32, "limit_val": 32}
    search = {**channels, "epochs": EPOCHS, "checkpoint_seconds": 0.0}
    return tiny_settings(out, optimizer=method, search=search)


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_resumes_bit_for_bit(tmp_path: Path, method: str) -> None:
    """Cut off in the middle of an epoch, twice: early, and where stages have begun."""
    whole = run(settings(tmp_path / "whole", method))
    rows = rows_of(whole.folder)
    assert whole.arch_str and len(rows) >= 2
    cut = settings(tmp_path / "cut", method)
    for at in sorted({1, len(rows) - 2}):
        with power_cut(epoch=at, step=1):
            run(cut, resume=at > 1)
        torch.manual_seed(at)  # whatever the new process drew before
    resumed = run(cut, resume=True)
    assert rows_of(resumed.folder) == rows
    assert without_timings(resumed.result) == without_timings(whole.result)
