"""A search from Python leaves the process as it found it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from helpers import run, tiny_settings


@pytest.mark.search
def test_a_search_leaves_generators_threads_and_signals(tmp_path: Path) -> None:
    torch.manual_seed(11)
    torch.set_num_threads(2)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    expected = torch.get_rng_state()
    try:
        run(tiny_settings(tmp_path, seed=3, threads=1))
        assert torch.equal(torch.get_rng_state(), expected)
        assert torch.get_num_threads() == 2
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    finally:
        torch.set_num_threads(1)
