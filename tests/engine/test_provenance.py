"""A run says on what it ran, and on what else it went on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.engine.provenance import here, went_on


@pytest.mark.search
def test_a_result_names_processor_threads_and_commit(tmp_path: Path) -> None:
    (place,) = run(tiny_settings(tmp_path, search={"epochs": 1})).result["ran_on"]
    kernels = place["kernels"]
    assert place == {"from_epoch": 0, **here(torch.device("cpu"), kernels)}
    assert set(kernels) == {"on", "instructions", "why", "convolutions"}
    assert place["threads"] == 1
    assert place["processor"]
    assert place["instructions"] == torch.backends.cpu.get_cpu_capability()


def test_a_run_that_goes_on_elsewhere_has_two_places() -> None:
    first, second = {"processor": "a", "threads": 1}, {"processor": "b", "threads": 1}
    places = went_on([], first, epoch=0)
    assert places == [{"from_epoch": 0, **first}]
    assert went_on(places, first, epoch=3) == places
    assert went_on(places, second, epoch=3) == [*places, {"from_epoch": 3, **second}]
