"""Sinks of a record's rows beside the record: TensorBoard and Weights & Biases, off by default.

They get the numbers of each row as it is written and steer nothing. W&B is offline (its files lie
in the run's folder, for ``wandb sync``) unless ``WANDB_MODE`` says otherwise. A sink that fails
later on is left, with a line; the search goes on.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console

from naslib_edd.config.loading import as_dict
from naslib_edd.engine.console import say
from naslib_edd.errors import UserError, nearest
from naslib_edd.storage.lines import Row

if TYPE_CHECKING:
    from naslib_edd.engine.baselines import TableSearch
    from naslib_edd.engine.engine import Engine

#: Name -> the module that it needs.
SINKS = {"tensorboard": "tensorboard", "wandb": "wandb"}


class Sink(Protocol):
    """What takes the numbers of an epoch."""

    def write(self, epoch: int, numbers: dict[str, float]) -> None:
        """Take them; ``epoch`` counts from 1."""

    def close(self) -> None:
        """Write what is left."""


class Tracking:
    """The sinks of one run.

    Args:
        names: of :data:`SINKS`.
        folder: the run's.
        settings: the run's config, for sinks that show it.
        epoch: epochs done; what a sink has of later ones is not the run's any more.
        say: takes a line for the user.

    Raises:
        UserError: an unknown name, or a package that is missing.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        folder: Path,
        settings: dict[str, Any],
        epoch: int,
        say: Callable[[str], None],
    ) -> None:
        check(names)
        self._say = say
        make: dict[str, Callable[[], Sink]] = {
            "tensorboard": lambda: _TensorBoard(folder / "tensorboard", epoch),
            "wandb": lambda: _WandB(folder, settings),
        }
        self._sinks: dict[str, Sink] = {}
        for name in dict.fromkeys(names):
            self._guarded(name, partial(self._open, name, make[name]))

    def write(self, row: Row) -> None:
        """Give a row's numbers to every sink."""
        if self._sinks:
            told = numbers(row)
            for name, sink in list(self._sinks.items()):
                self._guarded(name, partial(sink.write, int(row["epoch"]), told))

    def close(self) -> None:
        """Close every sink."""
        for name, sink in list(self._sinks.items()):
            self._guarded(name, sink.close)
        self._sinks.clear()

    def _open(self, name: str, make: Callable[[], Sink]) -> None:
        self._sinks[name] = make()

    def _guarded(self, name: str, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # another's program: a full disk, a server, anything
            self._sinks.pop(name, None)
            self._say(f"{name} is left out from here: {' '.join(str(error).split())[:300]}")


def of_run(
    names: Sequence[str], engine: Engine | TableSearch, folder: Path, console: Console
) -> Tracking:
    """The sinks of a search that begins or goes on; lines about them go to the console."""
    return Tracking(
        names,
        folder=folder,
        settings=as_dict(engine.config),
        epoch=engine.epoch,
        say=lambda line: say(console, line),
    )


def check(names: Sequence[str]) -> None:
    """Raise UserError for an unknown sink, or one whose package is missing."""
    for name in names:
        if name not in SINKS:
            raise UserError(f"no sink {name!r} to track with{nearest(name, SINKS)}")
        try:
            importlib.import_module(SINKS[name])
        except ImportError:
            raise UserError(
                f"tracking with {name} needs its package: pip install 'naslib-edd[{name}]'"
            ) from None


def numbers(row: Row) -> dict[str, float]:
    """The numbers of a row, flat: ``entropy``, ``table/cifar10/test/value``; no lists, no texts."""
    found = {
        key: float(value)
        for key, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and key != "epoch"
    }
    for name, parts in ((row.get("table") or {}).get("datasets") or {}).items():
        for part in ("val", "test"):
            for key, value in (parts.get(part) or {}).items():
                if isinstance(value, int | float):
                    found[f"table/{name}/{part}/{key}"] = float(value)
    return found


class _TensorBoard:
    """Event files below the run's folder: ``tensorboard --logdir FOLDER``."""

    def __init__(self, folder: Path, epoch: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # Events of epochs after the checkpoint are dropped by the viewer.
        self._writer: Any = SummaryWriter(str(folder), purge_step=epoch + 1 if epoch else None)

    def write(self, epoch: int, numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _WandB:
    """A run of W&B, the same one when the search is resumed."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE", "offline")
        name = "/".join(folder.parts[-3:])
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "naslib-edd"),
            dir=str(folder),
            id=hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16],
            name=name,
            resume="allow",
            config=settings,
            mode=mode,
            settings=wandb.Settings(silent=True, console="off"),
        )

    def write(self, epoch: int, numbers: dict[str, float]) -> None:
        self._run.log(numbers, step=epoch)

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self._run.finish()
