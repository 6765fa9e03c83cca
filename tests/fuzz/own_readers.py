"""What reads each format of our own in the guarded child; the text tells two contents apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from fuzz.child import digest
from fuzz.own_seeds import ABOUT, task

from naslib_edd.config import loading as configs
from naslib_edd.engine import checkpoint as checkpoints
from naslib_edd.engine.build import kernels
from naslib_edd.errors import UserError
from naslib_edd.plugin import saving
from naslib_edd.report.runs import load_run
from naslib_edd.storage.lock import owner_in_words
from naslib_edd.storage.record import RunFolder
from naslib_edd.supernet.native import cache
from naslib_edd.sweep.status import status


def checkpoint(path: Path) -> str:
    """What a resumed run goes on from."""
    return digest(_plain(checkpoints.load_last(path).state))


def naslib_checkpoint(path: Path) -> str:
    """The same on NASLib, whose checkpointer then reads the file that was checked."""
    file, noted, said = saving.newest(path.parents[1])
    assert file is not None
    content = torch.load(file, map_location="cpu", weights_only=True)
    return digest([noted, said, _plain(content)])


def run(path: Path) -> str:
    """A run as reports read it."""
    found = load_run(path.parent)
    return digest([found.config, found.rows, found.result])


def record_on_resume(path: Path) -> str:
    """The record, as a resumed run takes it up."""
    state = checkpoints.load_last(path.with_name("checkpoint.pt")).state
    rows = RunFolder(path.parent).keep(state["engine"]["epoch"], state["record"])
    return digest(rows)


def config_of_another_search(path: Path) -> str:
    return digest(configs.as_dict(configs.load(path)))


def result_in_a_sweep(path: Path) -> str:
    """A sweep's status says what is damaged, and goes on with it."""
    found = status(task(path.parent))
    if found.state == "damaged":
        raise UserError(str(found.reason))
    return digest([found.state, found.words, found.result])


def given_up(path: Path) -> str:
    found = status(task(path.parent))
    assert found.state == "failed"
    if path.name in str(found.reason):
        raise UserError(found.words)
    return digest(found.words)


def run_lock(path: Path) -> str:
    words = owner_in_words(path.parent)
    if words == "another process":
        raise UserError(words)
    return digest(words)


def kernel_library(path: Path) -> str:
    """None of it is loaded where this refuses; it is built anew."""
    found = cache.read(path.parent / "kernels_0.so")
    if found is None:
        raise UserError(f"{path} is damaged")
    return digest(found)


def kernel_choice(path: Path) -> str:
    found = kernels._kept(path, ABOUT)
    if found is None:
        raise UserError(f"{path} is damaged")
    return digest(found)


def _plain(value: Any) -> Any:
    """Tensors as arrays."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
