"""Making a run's folder, or picking up the run in it, whose pieces are checked first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from naslib_edd.config.loading import dump
from naslib_edd.config.longer import check_longer
from naslib_edd.engine import checkpoint
from naslib_edd.engine.baselines import TableSearch
from naslib_edd.engine.checkpoint import Loaded
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.provenance import Digests, Place, check_depends
from naslib_edd.engine.start import describe
from naslib_edd.errors import UserError
from naslib_edd.storage.lines import read_lines
from naslib_edd.storage.record import Row, RunFolder


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A run that can go on.

    Attributes:
        rows: of its record so far.
        places: on what it ran so far.
        said: lines to say.
    """

    rows: list[Row]
    places: list[Place]
    said: list[str]


def check_free(folder: RunFolder, *, resume: bool, force: bool) -> None:
    """Raise UserError if the folder holds a run that is neither to go on nor to be replaced."""
    if resume and force:
        raise UserError("--resume goes on and --force starts over: give one of them")
    if folder.exists() and not (force or resume):
        raise UserError(
            f"{folder.path} already holds a run; add --resume to go on with it, --force to start "
            "over, or name=… for another folder"
        )


def begin(
    engine: Engine | TableSearch,
    folder: RunFolder,
    *,
    resume: bool,
    force: bool,
    digests: Digests,
) -> Begun:
    """Make the run's folder, or pick up the run in it. The caller holds the folder's lock.

    Args:
        engine: at its beginning; a resumed run's state is loaded into it.
        folder: the run's.
        resume: go on from its checkpoint, if it has one.
        force: start over.
        digests: of images and table, see :func:`naslib_edd.engine.provenance.depends_on`.

    Raises:
        UserError: the folder holds a run that is neither to be resumed nor to be replaced; what
            is there is damaged, or of other settings, images or table.
    """
    check_free(folder, resume=resume, force=force)
    # What cannot be read again must not be found out when it has to be.
    checkpoint.check_holds({"run": describe(engine), "engine": engine.state_dict()})
    if resume and (folder.path / "naslib.yaml").exists():
        raise UserError(f"{folder.path} holds a run of NASLib's engine; add --engine naslib")
    if resume and folder.has_checkpoint():
        return _go_on(engine, folder, checkpoint.load_last(folder.checkpoint), digests)
    said = check_lost(folder) if resume else []
    folder.clear()
    folder.write_config(dump(engine.config))
    return Begun(rows=[], places=[], said=said)


def check_lost(folder: RunFolder, *, known: int = 1) -> list[str]:
    """Of a run without any checkpoint: what to say when it begins anew.

    Args:
        folder: the run's.
        known: a record may have so many epochs before there is a checkpoint.

    Raises:
        UserError: there was a checkpoint, and it is gone.
    """
    if folder.result.exists():
        raise UserError(
            f"{folder.path} holds a finished run without its checkpoint: there is nothing to go on "
            "with; --force starts over"
        )
    lines = len(read_lines(folder.record)) if folder.record.exists() else 0
    if lines > known:
        raise UserError(
            f"{folder.path} has a record of {lines} epochs, but its checkpoint is gone: put it "
            "back, or start over with --force"
        )
    return ["the run had stopped before its first checkpoint; it begins anew"] if lines else []


def _go_on(
    engine: Engine | TableSearch, folder: RunFolder, loaded: Loaded, digests: Digests
) -> Begun:
    state, path = loaded.state, loaded.path
    longer = check_longer(state["run"], engine.config)
    free = ("search.epochs",) if longer else ()
    checkpoint.check_same_run(state["run"], describe(engine), path, free=free)
    said = [*loaded.said, *check_depends(_mapping(state.get("depends")), digests, path)]
    try:
        engine.load_state_dict(state["engine"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError):
        raise checkpoint.damaged(path, "its state does not fit") from None
    sums, places = state.get("record"), state.get("ran_on", [])
    rows = folder.keep(engine.epoch, sums if isinstance(sums, list) else None)
    if path == folder.previous:
        path.replace(folder.checkpoint)  # the next one must not take its place
    if not engine.finished:
        folder.result.unlink(missing_ok=True)  # of the shorter run
    folder.sweep()
    if longer:
        said.append(f"going on to epoch {engine.config.search.epochs}: the run of that length")
    return Begun(rows=rows, places=places, said=[*said, *_renew_config(engine, folder)])


def _renew_config(engine: Engine | TableSearch, folder: RunFolder) -> list[str]:
    """Write the config that the run goes on with, if the file has another; a line if so."""
    text, has_seal, said = None, True, []
    try:
        text, has_seal = folder.read_config()
    except UserError as error:
        said = [f"{str(error).partition(';')[0]}; written anew"]
    lines = read_lines(folder.record) if folder.record.exists() else []
    if lines and not lines[0].has_seal:
        has_seal = False  # a run of before there were checksums stays one
    now = dump(engine.config)
    if text != now:
        folder.write_config(now, seal=has_seal)
        other = [] if text is None else sorted(set(now.splitlines()) - set(text.splitlines()))
        said += [f"config.yaml now has {', '.join(map(str.strip, other))}"] if other else []
    return said


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
