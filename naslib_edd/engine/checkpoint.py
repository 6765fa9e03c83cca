"""Checkpoints: whole or not there, the last two kept, and read without running code.

``checkpoint.pt`` is the last one and ``checkpoint.previous.pt`` the one before. Each is a file of
``torch.save``. ``torch.load`` does not look at the checksums in it; here they are held against the
content first (:mod:`naslib_edd.storage.envelope`), and a damaged file is not loaded.
"""

from __future__ import annotations

import dataclasses
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from naslib_edd.config.settings import Config
from naslib_edd.errors import UserError
from naslib_edd.storage import envelope, zip_envelope
from naslib_edd.storage.files import write_atomic

#: 2: has a checksum of its own. 1 had those of its zip file's members only.
VERSION = 2
_KNOWN = (1, VERSION)
KIND = "checkpoint"
#: Bytes of a checkpoint but for its tensors; those of the largest of ours are 60,000.
_LARGEST_STRUCTURE = 1 << 20
State = dict[str, Any]
#: What `torch.load` raises at a file that is another's, or asks to run code.
NOT_LOADED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A checkpoint that was read.

    Attributes:
        state: what it holds.
        path: its file.
        said: lines about damage that was passed over, or about what could not be checked.
    """

    state: State
    path: Path
    said: list[str]


def previous(path: Path) -> Path:
    """Where the checkpoint before the last one lies."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def save(path: Path, state: State) -> None:
    """Write a checkpoint; the one before becomes :func:`previous` when this one is whole.

    Raises:
        UserError: it holds what could not be read again, or the file cannot be written.
    """
    check_holds(state)
    write(path, {"version": VERSION, **state}, keep=previous(path))


def write(path: Path, content: Any, *, keep: Path | None = None) -> None:
    """Write a file of ``torch.save`` with our checksum; the old one is kept at `keep`."""
    # Into memory first: torch turns a full disk into an error of its own, write_atomic names it.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    packed = buffer.getbuffer()

    def fill(file: BinaryIO) -> None:
        file.write(packed[:-2])
        file.write(zip_envelope.seal_of_zip(packed, KIND))

    write_atomic(path, fill, keep=keep)


def load(path: Path) -> State:
    """Read a checkpoint to the CPU: tensors, numbers and texts only (``weights_only``).

    Raises:
        UserError: the file is damaged, not ours, or of another version.
    """
    content, has_seal = verified(path)
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except NOT_LOADED:
        raise damaged(path, "it is not a checkpoint of this program") from None
    if not isinstance(state, dict) or state.get("version") not in _KNOWN:
        raise damaged(path, f"it is not of this program's version {VERSION}")
    if state["version"] > 1 and not has_seal:
        raise damaged(path, "its checksum is gone")
    if not (isinstance(state.get("run"), dict) and isinstance(state.get("engine"), dict)):
        raise damaged(path, "parts of it are missing")
    return state


def verified(path: Path) -> tuple[bytes, bool]:
    """The bytes of a file of ``torch.save`` that fits its checksums, and whether it has ours.

    Raises:
        UserError: it cannot be read, or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    try:
        has_seal, sizes = zip_envelope.check_zip(content, KIND)
        # In a pickle, a byte can stand for an object of 200: bound what reading makes of it.
        structure = max((sizes[name] for name in sizes if name.endswith("data.pkl")), default=0)
        if structure > max(_LARGEST_STRUCTURE, len(content) // 8):
            raise envelope.Damaged("holds more objects than tensors")
    except envelope.Damaged as error:
        raise damaged(path, f"it {error}") from None
    return content, has_seal


def load_last(path: Path) -> Loaded:
    """The last checkpoint that is whole: at `path`, or the one before.

    Raises:
        UserError: neither is; says what is wrong with both.
    """
    older, said = previous(path), []
    try:
        return _loaded(path, [])
    except UserError as error:
        if not older.exists():
            raise
        why = f"{path.name} is gone" if not path.exists() else _first(error)
        said = [f"{why}; going on from the checkpoint before, {older.name}"]
    try:
        return _loaded(older, said)
    except UserError as error:
        raise UserError(
            f"cannot go on in {path.parent}: {why}, and of the one before: {_first(error)}; start "
            "over with --force"
        ) from None


def _loaded(path: Path, said: list[str]) -> Loaded:
    state = load(path)
    if state["version"] == 1:
        said = [
            *said,
            f"{path.name} was written before checkpoints had checksums: the parts of the file are "
            "whole, but images and table cannot be compared with those of before",
        ]
    return Loaded(state=state, path=path, said=said)


def _first(error: UserError) -> str:
    """The message without its advice."""
    return str(error).rpartition(";")[0]


def damaged(path: Path, why: str) -> UserError:
    """The error for a checkpoint that nothing can go on from."""
    return UserError(f"cannot read checkpoint {path}: {why}; start over with --force")


def check_holds(values: Any, where: str = "") -> None:
    """Raise UserError where something is not what a checkpoint may hold, and name it.

    That is: tensors, numbers, texts, None, and lists and mappings of these. ``weights_only`` would
    refuse anything else when the checkpoint is read, which is too late.
    """
    if values is None or isinstance(values, Tensor):
        return
    if type(values) in (str, int, float, bool):
        return
    if isinstance(values, Mapping):
        for key, value in values.items():
            if type(key) not in (str, int):
                raise _not_held(key, f"a key of {where or 'the checkpoint'}")
            check_holds(value, f"{where}.{key}" if where else str(key))
    elif type(values) in (list, tuple):
        for number, value in enumerate(values):
            check_holds(value, f"{where}[{number}]")
    else:
        raise _not_held(values, where)


def _not_held(value: Any, where: str) -> UserError:
    where = where.removeprefix("run.")
    return UserError(
        f"{where} is a {type(value).__name__} ({str(value)[:60]!r}), which a checkpoint cannot "
        "hold: write it as a text (in quotes) or a number"
    )


#: Settings that may change between a run and its resumption: they change where, not what.
FREE = ("out_dir", "name", "data", "table", "device", "threads", "download", "evaluation")
FREE_OF_SEARCH = ("search.checkpoint_seconds", "search.cuda_graph", "search.kernels")


def check_same_run(
    saved: Mapping[str, Any], current: Mapping[str, Any], path: Path, *, free: tuple[str, ...] = ()
) -> None:
    """Raise UserError if a checkpoint belongs to a run with other settings (but for `free`)."""
    before, now = (_with_new_settings(_flat(values)) for values in (saved, current))
    for key in sorted(before.keys() | now.keys()):
        if key.split(".")[0] in FREE or key in FREE_OF_SEARCH or key in free:
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
