"""Small undamaged files of what this program writes and reads again, by its own writers.

Each function writes its file, and what belongs beside it, into an empty folder, and returns the
file that is to be damaged.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from helpers import run, tiny_settings

from naslib_edd.engine.build import kernels
from naslib_edd.plugin import saving
from naslib_edd.spaces.nb201.encoding import SIZE
from naslib_edd.storage.record import RunFolder
from naslib_edd.supernet.native import cache
from naslib_edd.sweep.plan import Task
from naslib_edd.sweep.status import failure_file, mark_failed
from naslib_edd.tables import compact
from naslib_edd.tables.columns import Source
from naslib_edd.tables.locate import built_in

#: What the measurement of the kernels in :func:`kernel_choice` is of.
ABOUT: list[Any] = ["a processor", 16]


@lru_cache(maxsize=1)
def _finished() -> dict[str, bytes]:
    """The files of a real run of three epochs."""
    with tempfile.TemporaryDirectory() as place:
        folder = run(tiny_settings(Path(place))).folder
        return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def _run(folder: Path, *without: str) -> RunFolder:
    for name, content in _finished().items():
        if name not in without:
            (folder / name).write_bytes(content)
    return RunFolder(folder)


def checkpoint(folder: Path) -> Path:
    """The only one."""
    return _run(folder, "checkpoint.previous.pt").checkpoint


def two_checkpoints(folder: Path) -> Path:
    """The one before is a copy of the newest."""
    made = checkpoint(folder)
    shutil.copy(made, RunFolder(folder).previous)
    return made


def record(folder: Path) -> Path:
    return _run(folder).record


def record_only_the_checkpoint_vouches_for(folder: Path) -> Path:
    return _run(folder, "result.json", "config.yaml").record


def result(folder: Path) -> Path:
    return _run(folder).result


def config(folder: Path) -> Path:
    return _run(folder).config


def naslib_checkpoint(folder: Path) -> Path:
    """As our Trainer has NASLib's checkpointer write it."""
    place = folder / "search"
    place.mkdir()
    torch.manual_seed(0)
    host = SimpleNamespace(model=torch.nn.Linear(20, 10), checkpointables={}, save_dir=place)
    saving.make_safe(host, {"ran_on": [{"version": "1"}], "depends": {"images": "1f"}})
    host.save("model_0000001", iteration=1)
    return place / "model_0000001.pth"


def compact_table(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "cifar10_valid__val": rng.uniform(10, 92, SIZE),
        "cifar10__test_seeds": rng.uniform(10, 94, (SIZE, 3)),
    }
    notes = {"cifar10.params_M": "by a formula"}
    source = Source(format="compact", arrays=arrays, missing={"cifar10.flops_M": "no"}, notes=notes)
    return compact.write(source, folder / "table.npz")


def built_in_digits(folder: Path) -> Path:
    return _copy("digits", folder)


def built_in_nb201(folder: Path) -> Path:
    return _copy("nb201", folder)


def _copy(name: str, folder: Path) -> Path:
    path = built_in(name)
    assert path is not None
    return Path(shutil.copy(path, folder))


def task(folder: Path) -> Task:
    """A sweep's, whose run is in a folder."""
    return Task(label="edd", seed=0, config=Path("c.yaml"), overrides=(), folder=folder, epochs=3)


def given_up(folder: Path) -> Path:
    """That a sweep gave a run up."""
    mark_failed(task(folder), "images of another size", tries=1)
    return failure_file(task(folder))


def run_lock(folder: Path) -> Path:
    """Copied while it is held: at the end it is gone."""
    from naslib_edd.storage.lock import NAME, only_writer

    with only_writer(folder):
        content = (folder / NAME).read_bytes()
    path = folder / NAME
    path.write_bytes(content)
    return path


def _library(folder: Path) -> Path:
    path = folder / "kernels_0.so"
    cache.keep(path, np.random.default_rng(0).bytes(20_000))
    return path


def kernel_library(folder: Path) -> Path:
    return _library(folder)


def kernel_hash(folder: Path) -> Path:
    return cache.beside(_library(folder))


def kernel_choice(folder: Path) -> Path:
    """How fast the kernels were measured to be."""
    path = folder / "choice_0.json"
    kernels._keep(path, ABOUT, {"on": [0.25, 0.5], "off": [0.75, 1.5]})
    return path
