"""Checkpoints: whole or not there, and read without running code."""

from __future__ import annotations

import dataclasses
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from naslib_edd.errors import UserError
from naslib_edd.files import write_atomic
from naslib_edd.settings import Config

VERSION = 1
State = dict[str, Any]


def save(path: Path, state: State) -> None:
    """Write a checkpoint; the one before stays until this one is whole."""
    # Into memory first: torch turns a full disk into an error of its own, write_atomic names it.
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **state}, buffer)
    write_atomic(path, lambda file: file.write(buffer.getbuffer()))


def load(path: Path) -> State:
    """Read a checkpoint to the CPU: tensors, numbers and texts only (``weights_only``).

    Raises:
        UserError: the file is damaged, not ours, or of another version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError):
        raise damaged(path, "it is cut short, or not a checkpoint of this program") from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise damaged(path, f"it is not of this program's version {VERSION}")
    if not (isinstance(state.get("run"), dict) and isinstance(state.get("engine"), dict)):
        raise damaged(path, "parts of it are missing")
    return state


def damaged(path: Path, why: str) -> UserError:
    """The error for a checkpoint that nothing can go on from."""
    return UserError(f"cannot read checkpoint {path}: {why}; start over with --force")


#: Settings that may change between a run and its resumption: they change where, not what.
FREE = ("out_dir", "name", "data", "table", "device", "threads", "download", "evaluation")
FREE_OF_SEARCH = ("search.checkpoint_seconds", "search.cuda_graph")


def check_same_run(saved: Mapping[str, Any], current: Mapping[str, Any], path: Path) -> None:
    """Raise UserError if a checkpoint belongs to a run with other settings."""
    before, now = (_with_new_settings(_flat(values)) for values in (saved, current))
    for key in sorted(before.keys() | now.keys()):
        if key.split(".")[0] in FREE or key in FREE_OF_SEARCH:
            continue
        if before.get(key) != now.get(key):
            raise UserError(
                f"cannot resume from {path}: {key} was {before.get(key)!r} there and is "
                f"{now.get(key)!r} now; use the same config, another out_dir, or --force"
            )


def _with_new_settings(saved: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run; one that an older version did not have is at its default."""
    return {**_flat(dataclasses.asdict(Config())), **saved}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{inner}": item for inner, item in _flat(value).items()})
        else:
            flat[key] = value
    return flat
