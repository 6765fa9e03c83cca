"""Two gloo processes train as one with the same batch, which it takes in two parts.

Batch norm goes by the images that a process sees at once. One process that takes a batch in two
parts (``accumulate=2``) has the same statistics as two processes with a part each; so the weights
must be equal, in float64 but for the order of sums. Against one process with the whole batch at
once they differ by batch norm alone: shown on a network from which the norms were taken.
Running statistics: two processes see half as many updates, and average; they are not compared.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import rows_of
from retrain_small import NB201, cifar, run
from torch import nn

from naslib_edd.retrain.images import bounds, mine
from naslib_edd.retrain.memory import Memory
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import make
from naslib_edd.supernet.layers import BatchNorm

HERE = Path(__file__).parent
SETTINGS = [
    *("channels=2", "cells=3", "epochs=2", "batch_size=8", "limit_train=28", "limit_test=10"),
    *("threads=1", "device=cpu", "precision=fp64", "eval_batch_size=4"),
]


def together(arch: str, recipe: str, out: Path, data: Path, settings: list[str]) -> None:
    """Train in two processes, as torchrun would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [arch, recipe, str(out), str(data), *settings]
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "two_processes.py"), *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent}",
                "OMP_NUM_THREADS": "1",
                "WORLD_SIZE": "2",
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
        )
        for rank in range(2)
    ]
    for process in processes:
        said = process.communicate()[1]
        assert process.returncode == 0, said


@pytest.mark.process
@pytest.mark.search
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "arch, recipe, more",
    [
        (NB201, "nb201_12", ["cells=1", "clip_norm=0.5"]),
        pytest.param("DARTS_V2", "darts_cifar", ["drop_path=0.5"], marks=pytest.mark.slow),
    ],
)
def test_two_processes_are_one_that_takes_its_batch_in_two_parts(
    arch: str, recipe: str, more: list[str], tmp_path: Path
) -> None:
    data = cifar(tmp_path / "cifar10.npz")
    settings = [*SETTINGS, *more]
    together(arch, recipe, tmp_path / "two", data, settings)
    run(arch, recipe, [*settings, "accumulate=2"], tmp_path / "one", data=str(data))
    two, one = (
        torch.load(tmp_path / name / "last.pt", weights_only=True)["state_dict"]
        for name in ("two", "one")
    )
    compared = [key for key in one if "running" not in key]
    assert len(compared) > 10
    for key in compared:
        torch.testing.assert_close(two[key], one[key], rtol=1e-9, atol=1e-11)
    for left, right in zip(rows_of(tmp_path / "two"), rows_of(tmp_path / "one"), strict=True):
        assert left["train_loss"] == pytest.approx(right["train_loss"], rel=1e-10)
        assert left["train_acc"] == right["train_acc"]


class _Mean(nn.Module):
    """A network without norms."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.linear = nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.linear(self.conv(x).relu().mean((2, 3)))
        return out


@pytest.mark.search
def test_without_norms_parts_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = str(cifar(tmp_path / "cifar10.npz"))
    monkeypatch.setattr("naslib_edd.retrain.trainer.build", lambda *_, **__: _Mean())
    kept: dict[str, Any] = {}
    monkeypatch.setattr("naslib_edd.retrain.export.save_weights", _kept(kept))
    # Whole batches alone: one too small for its parts is left out.
    settings = [*SETTINGS, "limit_train=24"]
    for parts in (1, 2, 4):
        run(NB201, "nb201_12", [*settings, f"accumulate={parts}"], tmp_path / str(parts), data=data)
    assert not any(isinstance(module, BatchNorm) for module in _Mean().modules())
    for parts in (2, 4):
        for key, value in kept["1"].items():
            torch.testing.assert_close(kept[str(parts)][key], value, rtol=1e-10, atol=1e-13)


def _kept(held: dict[str, dict[str, torch.Tensor]]) -> object:
    def save(path: Path, network: nn.Module, _: object) -> None:
        held[path.parent.name] = {k: v.clone() for k, v in network.state_dict().items()}
        path.write_bytes(b"")

    return save


def test_a_batchs_parts_do_not_depend_on_the_processes(tmp_path: Path) -> None:
    """Three processes with two turns each: the six parts of one with six turns."""
    from naslib_edd.data import load

    data = load(
        "cifar10",
        path=str(cifar(tmp_path / "cifar10.npz")),
        split="all",
        seed=0,
        device=torch.device("cpu"),
    )
    recipe = {"batch_size": 23, "cutout": 9, "seed": 5}
    whole = Memory(make({**recipe, "accumulate": 6}, (), where=""), data, Processes())
    (one, last) = whole.train(2, 0)
    assert (one.total, last.total) == (23, 17)
    found = {}
    for rank in range(3):
        settings = make({**recipe, "accumulate": 2}, (), where="")
        share = next(Memory(settings, data, Processes(rank, 3, rank)).train(2, 0))
        found.update(dict(zip(share.numbers, share.parts, strict=True)))
    assert sorted(found) == list(range(6)) == one.numbers
    for number, (x, labels) in zip(one.numbers, one.parts, strict=True):
        assert torch.equal(found[number][0], x) and torch.equal(found[number][1], labels)
    assert sum(len(labels) for _, labels in one.parts) == 23


def test_parts_cover_a_batch() -> None:
    for count in (6, 7, 23):
        places = [bounds(count, 3, number) for number in range(3)]
        assert [places[0].start, places[-1].stop] == [0, count]
        assert all(a.stop == b.start for a, b in itertools.pairwise(places))
    assert sorted(mine(Processes(0, 2), 3) + mine(Processes(1, 2), 3)) == list(range(6))
