"""A run's folder made, or the run in it picked up, and its checkpoints written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from naslib_edd.engine import checkpoint
from naslib_edd.engine.begin import check_free, check_lost
from naslib_edd.engine.provenance import Digests, Place, check_depends
from naslib_edd.retrain.settings import FREE
from naslib_edd.retrain.trainer import Trainer
from naslib_edd.storage.record import Row, RunFolder

__all__ = ["Begun", "begin", "check_free", "save"]

_FREE = tuple(f"retrain.{name}" for name in FREE)


@dataclass(kw_only=True)
class Begun:
    """A run that can go on: its rows, its best epoch, on what it ran so far, lines to say."""

    rows: list[Row] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def begin(
    folder: RunFolder,
    trainer: Trainer,
    config: dict[str, Any],
    text: str,
    digests: Digests,
    *,
    resume: bool,
    force: bool,
) -> Begun:
    """Make the run's folder, or pick up the run in it. The caller holds the folder's lock.

    Args:
        folder: the run's.
        trainer: at its beginning; a resumed run's state is loaded into it.
        config: what makes the run the run it is.
        text: the same, for ``config.yaml``.
        digests: of the images.
        resume: go on, if there is something to go on with.
        force: start over.

    Raises:
        UserError: the folder holds a run that is neither to be resumed nor to be replaced; what is
            there is damaged, or of other settings or images.
    """
    check_free(folder, resume=resume, force=force)
    checkpoint.check_holds({"run": config, "engine": trainer.state_dict()})
    if not (resume and folder.has_checkpoint()):
        said = check_lost(folder) if resume else []
        folder.clear()
        folder.write_config(text)
        return Begun(said=said)
    loaded = checkpoint.load_last(folder.checkpoint)
    state, path = loaded.state, loaded.path
    checkpoint.check_same_run(state["run"], config, path, free=_FREE)
    depends = state.get("depends")
    said = [
        *loaded.said,
        *check_depends(depends if isinstance(depends, dict) else {}, digests, path),
    ]
    try:
        trainer.load_state_dict(state["engine"])
        best, places, sums = dict(state["best"]), list(state["ran_on"]), list(state["record"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError):
        raise checkpoint.damaged(path, "its state does not fit") from None
    rows = folder.keep(trainer.epoch, sums)
    if path == folder.previous:
        path.replace(folder.checkpoint)  # the next one must not take its place
    folder.sweep()
    return Begun(rows=rows, best=best, places=places, said=said)


def save(
    folder: RunFolder,
    trainer: Trainer,
    config: dict[str, Any],
    sums: Sequence[str],
    best: dict[str, Any],
    places: list[Place],
    digests: Digests,
) -> None:
    """Write a checkpoint; `sums`: the checksum of each row of the record."""
    trainer.check_finite()
    state = {
        "run": config,
        "engine": trainer.state_dict(),
        "best": best,
        "ran_on": places,
        "depends": digests,
        "record": list(sums),
    }
    checkpoint.save(folder.checkpoint, state)
