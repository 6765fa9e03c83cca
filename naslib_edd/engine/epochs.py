"""The epoch loop: an engine's steps, a record line an epoch, checkpoints, and a clean stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from naslib_edd.engine import checkpoint, tracking
from naslib_edd.engine.baselines import TableSearch
from naslib_edd.engine.console import EpochLines, StepBar
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.provenance import Digests, Place
from naslib_edd.engine.result import final_result
from naslib_edd.engine.signals import Signals
from naslib_edd.engine.start import describe
from naslib_edd.errors import remedy
from naslib_edd.storage import envelope
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


class EpochLoop:
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
        self._signals = Signals()
        self._saved_at = time.monotonic()

    def run(self) -> Row:
        """All epochs that are left; the final record."""
        with self._signals:
            try:
                with StepBar(console=self.console, steps=self.engine.steps) as bar:
                    while not self.engine.finished:
                        self._run_epoch(bar)
            finally:
                self.sinks.close()
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
            if self._signals.seen is not None:
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
        if self._signals.seen is not None and not engine.finished:
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

    def _stop(self) -> None:
        assert self._signals.seen is not None
        self._save()
        raise Interrupted(128 + self._signals.seen, self.folder.path)
