"""The epoch loop, `search()`: the one place where data, engine, table, record and console meet.

Data flow: config → engine → one record line an epoch → result and figures made from the record.
The table is read for the record alone; it never steers the search, its stopping or its choice. (The
floors of :mod:`naslib_edd.engine.baselines` are by definition what it does steer.)
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from naslib_edd import spaces
from naslib_edd.config.loading import load as load_config
from naslib_edd.config.settings import Config
from naslib_edd.engine import checkpoint, tracking
from naslib_edd.engine.baselines import TableSearch, make_floor, needs_images
from naslib_edd.engine.begin import begin, check_free
from naslib_edd.engine.console import EpochLines, StepBar, say
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.provenance import Digests, Place, depends_on, here, moved, went_on
from naslib_edd.engine.result import final_result, show_result
from naslib_edd.engine.start import (
    announce,
    describe,
    folder_of,
    open_data,
    open_table,
    pick_device,
)
from naslib_edd.engine.surroundings import as_found, memory_errors
from naslib_edd.errors import remedy
from naslib_edd.storage import envelope
from naslib_edd.storage.lock import only_writer
from naslib_edd.storage.record import Row, RunFolder, plain

if TYPE_CHECKING:
    from naslib_edd.tables import Table

#: Seconds between two looks at the loss inside an epoch (a look waits for the device).
LOOK_SECONDS = 2.0


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: a checkpoint was written; the command line exits with ``code``."""

    def __init__(self, code: int, folder: Path) -> None:
        super().__init__(remedy(f"stopped; a checkpoint is in {folder}: go on with --resume"))
        self.code = code


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
            loop = _Loop(
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


class _Loop:
    """Runs an engine to its end, and keeps its folder in step with it."""

    def __init__(
        self,
        *,
        engine: Engine | TableSearch,
        folder: RunFolder,
        table: Table | None,
        console: Console,
        rows: list[Row],
        places: list[Place],
        digests: Digests,
        sinks: tracking.Tracking,
    ) -> None:
        self.sinks = sinks
        self.engine, self.folder, self.table, self.rows = engine, folder, table, rows
        self.places, self.digests = places, digests
        #: The checksum of each row, by which a checkpoint knows its record.
        self.sums = [envelope.of_values(plain(row)) for row in rows]
        self.console = console
        self.lines = EpochLines(
            console=console,
            epochs=engine.epochs,
            statistics=list(engine.eval_statistics()),
            datasets=list(table.datasets) if table is not None else [],
            searched=engine.config.dataset if engine.data is None else engine.data.name,
        )
        self._signal: int | None = None
        self._saved_at = time.monotonic()

    def run(self) -> Row:
        """All epochs that are left; the final record."""
        handlers = self._listen()
        try:
            with StepBar(console=self.console, steps=self.engine.steps) as bar:
                while not self.engine.finished:
                    self._run_epoch(bar)
        finally:
            self.sinks.close()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        result = final_result(self.engine, self.rows, self.table) | {"ran_on": self.places}
        self.folder.write_result(result)
        return result

    def _run_epoch(self, bar: StepBar) -> None:
        engine, began = self.engine, time.monotonic()
        before = engine.step
        bar.begin(engine.epoch, before)
        looked = began
        while engine.step < engine.steps:
            engine.run_step()
            now = time.monotonic()
            look = now - looked >= LOOK_SECONDS
            if look:
                engine.check_finite()
                looked = now
            bar.advance(engine.meters.means()["train_loss"] if look else None)
            if self._signal is not None:
                self._stop()
            if now - self._saved_at >= engine.config.search.checkpoint_seconds:
                self._save()
        row = engine.end_epoch()
        if self.table is not None:
            row["table"] = self.table.query(row["index"]).as_dict()
        row["warning"] = engine.space.warning(row["ops"])
        row["seconds"] = round(time.monotonic() - began, 3)
        self.folder.append(row)
        self.sinks.write(row)
        self.rows.append(row)
        self.sums.append(envelope.of_values(plain(row)))
        self._save()
        self.lines.show(row)
        if self._signal is not None and not engine.finished:
            self._stop()

    def _save(self) -> None:
        self.engine.check_finite()
        state = {
            "run": describe(self.engine),
            "engine": self.engine.state_dict(),
            "ran_on": self.places,
            "depends": self.digests,
            "record": self.sums,
        }
        checkpoint.save(self.folder.checkpoint, state)
        self._saved_at = time.monotonic()

    def _listen(self) -> dict[int, Any]:
        """Ctrl-C and SIGTERM end the step under way first; a second Ctrl-C ends at once."""

        def note(number: int, _: FrameType | None) -> None:
            if self._signal is not None:
                raise KeyboardInterrupt
            self._signal = number

        try:
            return {
                number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)
            }
        except ValueError:  # not in the main thread: the caller's signals are its own
            return {}

    def _stop(self) -> None:
        assert self._signal is not None
        self._save()
        raise Interrupted(128 + self._signal, self.folder.path)
