"""How a run on NASLib begins: in an empty folder, or where its newest checkpoint left it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from naslib_edd.config.loading import as_dict, dump
from naslib_edd.config.loading import load as load_config
from naslib_edd.engine import checkpoint
from naslib_edd.engine.begin import check_free, check_lost
from naslib_edd.engine.provenance import Digests, Place, check_depends, here, moved, went_on
from naslib_edd.errors import UserError
from naslib_edd.plugin import saving
from naslib_edd.plugin.naslib_config import NaslibConfig
from naslib_edd.plugin.queues import pick_device
from naslib_edd.storage.lines import read_lines
from naslib_edd.storage.record import RunFolder


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A run that can go on: its newest checkpoint, on what it ran and runs, lines to say."""

    last: Path | None
    places: list[Place]
    said: list[str]


def begin(
    config: NaslibConfig, folder: RunFolder, digests: Digests, *, resume: bool, force: bool
) -> Begun:
    """Prepare a run's folder, and find what it goes on from.

    Args:
        config: the run's.
        folder: its folder; cleared where nothing is gone on with.
        digests: of the images and the table now.
        resume: go on from the newest checkpoint.
        force: clear a folder that holds a run.

    Raises:
        UserError: the folder holds another run, or what it began with is not here.
    """
    check_free(folder, resume=resume, force=force)
    checkpoint.check_holds({"run": as_dict(config.ours)})
    if resume and folder.has_checkpoint():
        raise UserError(f"{folder.path} holds a run of the built-in engine; leave --engine out")
    device = pick_device()
    last: Path | None = None
    said: list[str] = []
    if resume and folder.config.exists():
        text, has_seal = folder.read_config()
        before = as_dict(load_config(folder.config))
        checkpoint.check_same_run(before, as_dict(config.ours), folder.config)
        if not has_seal:
            folder.write_config(text)  # an older run's: the record will have checksums, too
        last, noted, said = saving.newest(folder.path)
        if last is None:
            known = int(config.values["search"].get("checkpoint_freq") or 1) - 1
            said += check_lost(folder, known=known)
        else:
            places = noted.get("ran_on", [])
            said += check_depends(noted.get("depends") or {}, digests, last)
            # The checkpoint has the rows: a line of the record that is damaged is written anew.
            lines = read_lines(folder.record) if folder.record.exists() else []
            damaged = [str(line.number) for line in lines if line.row is None]
            if damaged:
                said.append(
                    f"{folder.record.name}: written anew, line {', '.join(damaged)} was bad"
                )
            now = went_on(places, here(device), epoch=_epoch(last, config))
            return Begun(last=last, places=now, said=said + moved(now[len(places) - 1 :]))
    folder.clear()
    for file in (folder.path / "search").glob("*"):
        if file.suffix == ".pth" or file.name == "last_checkpoint":
            file.unlink()
    folder.write_config(dump(config.ours))
    return Begun(last=None, places=went_on([], here(device), epoch=0), said=said)


def _epoch(checkpoint: Path, config: NaslibConfig) -> int:
    """The epochs that are done in a checkpoint of NASLib's, told by its name."""
    number = checkpoint.stem.rpartition("_")[2]
    return int(number) + 1 if number.isdigit() else config.ours.search.epochs
