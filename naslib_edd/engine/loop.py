"""`search()`: the one place where data, engine, table, record and console meet.

Data flow: config → engine → one record line an epoch → result and figures made from the record.
The table is read for the record alone; it never steers the search, its stopping or its choice. (The
floors of :mod:`naslib_edd.engine.baselines` are by definition what it does steer.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from naslib_edd import spaces
from naslib_edd.config.loading import load as load_config
from naslib_edd.config.settings import Config
from naslib_edd.engine import tracking
from naslib_edd.engine.baselines import TableSearch, make_floor, needs_images
from naslib_edd.engine.begin import begin, check_free
from naslib_edd.engine.console import say
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.epochs import EpochLoop, Interrupted
from naslib_edd.engine.provenance import depends_on, here, moved, went_on
from naslib_edd.engine.result import show_result
from naslib_edd.engine.start import (
    announce,
    folder_of,
    open_data,
    open_table,
    pick_device,
)
from naslib_edd.engine.surroundings import as_found, memory_errors
from naslib_edd.storage.lock import only_writer
from naslib_edd.storage.record import Row, RunFolder

__all__ = ["Interrupted", "SearchResult", "search"]


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search found, and where its files are.

    Attributes:
        arch_str: the final architecture, as its space writes it.
        index: its number, where the space numbers its architectures.
        result: what ``result.json`` holds.
        rows: the record, a row an epoch.
        folder: the run's folder.
    """

    arch_str: str
    index: int | None
    result: Row = field(repr=False)
    rows: Sequence[Row] = field(repr=False)
    folder: Path


def search(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
    overrides: Sequence[str] = (),
    *,
    data: Any = None,
    resume: bool = False,
    force: bool = False,
    console: Console | None = None,
    figures: bool = True,
    track: Sequence[str] = (),
) -> SearchResult:
    """Search an architecture.

    The process is left as it was: torch's global generators, its threads, the signal handlers.

    Args:
        config: a YAML file, a mapping of its shape, a Config, or None for the defaults.
        overrides: ``key=value`` texts over it.
        data: one's own images, for ``dataset: custom`` (which need not be said): arrays, two
            PyTorch datasets, or a path; see :func:`naslib_edd.data.custom.own_images`.
        resume: go on from the run's checkpoint (on a CPU with one thread bit for bit), or begin
            where there is none. More ``search.epochs`` than before go on with a finished run,
            where nothing so far depended on their number (:mod:`naslib_edd.config.longer`).
        force: start over in a folder that holds a run.
        console: where to print; standard output by default. ``Console(quiet=True)``: nowhere.
        figures: draw the figures at the end.
        track: sinks that get each row, too; see :mod:`naslib_edd.engine.tracking`.

    Raises:
        UserError: bad input, missing data, a full disk, a loss that is no number, a folder that
            another process writes.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint.
    """
    if data is not None:
        overrides = [*overrides, "dataset=custom"]
    checked = load_config(config, overrides)
    spaces.get(checked.search_space)  # NASLib's own run on its Trainer only
    folder = RunFolder(folder_of(checked))
    with as_found():
        return _search(
            checked,
            folder,
            given=data,
            resume=resume,
            force=force,
            console=console or Console(),
            figures=figures,
            track=track,
        )


def _search(
    config: Config,
    folder: RunFolder,
    *,
    given: Any,
    resume: bool,
    force: bool,
    console: Console,
    figures: bool,
    track: Sequence[str],
) -> SearchResult:
    tracking.check(track)
    device = pick_device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    # Data, table and folder are checked before anything is written.
    data = open_data(config, device, given) if needs_images(config.search) else None
    table = open_table(config)
    digests = depends_on(data, table)
    with memory_errors():
        engine: Engine | TableSearch
        if data is None or config.search.strategy != "one_shot":
            engine = make_floor(config=config, table=table, data=data, device=device)
        else:
            engine = Engine(config=config, data=data, device=device)
        check_free(folder, resume=resume, force=force)
        with only_writer(folder.path) as said:
            begun = begin(engine, folder, resume=resume, force=force, digests=digests)
            kernels = engine.kernels.as_dict() if isinstance(engine, Engine) else None
            places = went_on(begun.places, here(device, kernels), epoch=engine.epoch)
            if len(places) > len(begun.places):
                said += moved(places)
            announce(console, engine, table, folder, [*said, *begun.said])
            loop = EpochLoop(
                engine=engine,
                folder=folder,
                table=table,
                console=console,
                rows=begun.rows,
                places=places,
                digests=digests,
                sinks=tracking.of_run(track, engine, folder.path, console),
            )
            result = loop.run()
            show_result(console, engine, result)
            if figures:
                # matplotlib: a second to import
                from naslib_edd.report import draw_overview, draw_run

                draw_run(folder.path)
                draw_overview(folder.path)
    files = "record, result, checkpoint" + (" and figures" if figures else "")
    say(console, f"{files}: {folder.path}")
    return SearchResult(
        arch_str=result["arch_str"],
        index=result["index"],
        result=result,
        rows=begun.rows,
        folder=folder.path,
    )
