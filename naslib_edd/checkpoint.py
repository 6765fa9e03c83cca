"""Checkpoints: whole or not there, and read without running code."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from naslib_edd.errors import UserError
from naslib_edd.files import write_atomic

VERSION = 1
State = dict[str, Any]


def save(path: Path, state: State) -> None:
    """Write a checkpoint; the one before stays until this one is whole."""
    # Into memory first: torch turns a full disk into an error of its own, write_atomic names it.
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **state}, buffer)
    write_atomic(path, lambda file: file.write(buffer.getbuffer()))


def load(path: Path, *, device: torch.device) -> State:
    """Read a checkpoint: tensors, numbers and texts only (``weights_only``).

    Raises:
        UserError: the file is damaged, not ours, or of another version.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"cannot read checkpoint {path}: {reason}; start over with --force"
        ) from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise UserError(
            f"checkpoint {path} is not of this program's version {VERSION}; start over with --force"
        )
    return state


#: Settings that may change between a run and its resumption: they change where, not what.
FREE = ("out_dir", "name", "data", "table", "device", "threads", "download", "evaluation")


def check_same_run(saved: Mapping[str, Any], current: Mapping[str, Any], path: Path) -> None:
    """Raise UserError if a checkpoint belongs to a run with other settings."""
    before, now = _flat(saved), _flat(current)
    for key in sorted(before.keys() | now.keys()):
        if key.split(".")[0] in FREE or key == "search.checkpoint_seconds":
            continue
        if before.get(key) != now.get(key):
            raise UserError(
                f"cannot resume from {path}: {key} was {before.get(key)!r} there and is "
                f"{now.get(key)!r} now; use the same config, another out_dir, or --force"
            )


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{inner}": item for inner, item in _flat(value).items()})
        else:
            flat[key] = value
    return flat
