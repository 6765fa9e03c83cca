"""NASLib's checkpoint files: written whole and with a checksum, and checked before they are read.

The checkpointer (fvcore's) writes over the file's name as it goes, and asks nothing when it reads.
Its ``save`` is replaced on our Trainer's own checkpointer; the files stay its files.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from naslib_edd.engine import checkpoint
from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text

#: Beside the model: the version of this layout, on what the run ran, and what it depends on.
NOTED = "naslib_edd"
_TAG = "last_checkpoint"
_NUMBER = re.compile(r"model_(\d{7,})\.pth")


def make_safe(checkpointer: Any, noted: Mapping[str, Any]) -> None:
    """Have a checkpointer of NASLib write files that are whole or not there.

    Args:
        checkpointer: fvcore's or a subclass.
        noted: goes into each file, see :data:`NOTED`.
    """

    def save(name: str, **more: Any) -> None:
        data = {"model": checkpointer.model.state_dict()}
        data |= {key: held.state_dict() for key, held in checkpointer.checkpointables.items()}
        data |= more | {NOTED: {"version": checkpoint.VERSION, **noted}}
        folder = Path(checkpointer.save_dir)
        checkpoint.write(folder / f"{name}.pth", data)
        write_text(folder / _TAG, f"{name}.pth")

    checkpointer.save = save


def newest(folder: Path) -> tuple[Path | None, dict[str, Any], list[str]]:
    """The newest checkpoint that is whole, what is noted in it, and what there is to say.

    NASLib's own pointer to the last one is turned to it. None without any checkpoint.

    Args:
        folder: the run's.

    Raises:
        UserError: there are checkpoints, and all are damaged.
    """
    files = sorted((folder / "search").glob("*.pth"), key=_age, reverse=True)
    said: list[str] = []
    first: UserError | None = None
    for file in files:
        try:
            noted = _noted(file)
        except UserError as error:
            first = first or error
            said.append(f"{str(error).rpartition(';')[0]}; going on from the one before")
            continue
        if not noted:
            said.append(f"{file.name} was written before checkpoints had a checksum of their own")
        write_text(file.with_name(_TAG), file.name)
        return file, noted, said
    if first is not None:
        raise first
    return None, {}, []


def _age(file: Path) -> float:
    """The epoch of a checkpoint file; the final one is the last."""
    found = _NUMBER.fullmatch(file.name)
    return float(found[1]) if found else float("inf")


def _noted(file: Path) -> dict[str, Any]:
    """What is noted in a checkpoint that is whole; nothing in an older one."""
    content, has_seal = checkpoint.verified(file)
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except checkpoint.NOT_LOADED:
        raise checkpoint.damaged(file, "it is not a checkpoint of NASLib") from None
    if not isinstance(state, dict) or "model" not in state:
        raise checkpoint.damaged(file, "parts of it are missing")
    noted = state.get(NOTED)
    if noted is not None and not has_seal:
        raise checkpoint.damaged(file, "its checksum is gone")
    return noted if isinstance(noted, dict) else {}
