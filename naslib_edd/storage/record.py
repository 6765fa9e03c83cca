"""The record of a run: one JSON line an epoch in ``record.jsonl``, never a torn line kept.

A run's folder, everything a report needs and no more::

    config.yaml              every setting of the run
    record.jsonl             one line an epoch
    result.json              the final architecture and its record, written at the end
    checkpoint.pt            to resume from
    checkpoint.previous.pt   the one before, in case the last is damaged
    run.lock                 while a process writes here: who
    figures/*.png            made from record.jsonl

Each has a checksum inside (:mod:`naslib_edd.storage.envelope`); older files, without, are read,
too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from naslib_edd.errors import UserError
from naslib_edd.storage import envelope
from naslib_edd.storage.files import write_text
from naslib_edd.storage.lines import (
    Line,
    Row,
    check_epochs,
    line_of,
    plain,
    read_lines,
    read_rows,
    rows_in,
)

__all__ = ["Row", "RunFolder", "plain", "read_rows", "without_timings"]

#: What differs between two runs that are otherwise the same bit for bit.
TIMINGS = ("seconds",)


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.record = path / "record.jsonl"
        self.result = path / "result.json"
        self.checkpoint = path / "checkpoint.pt"
        self.previous = path / "checkpoint.previous.pt"
        self.figures = path / "figures"
        self._files = (self.config, self.record, self.result, self.checkpoint, self.previous)

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return any(file.exists() for file in self._files if file != self.result)

    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from, whole or not."""
        return self.checkpoint.exists() or self.previous.exists()

    def clear(self) -> None:
        """Take away an old run's files (only those that a run writes).

        Raises:
            UserError: a file cannot be removed, or the folder is none.
        """
        try:
            for file in self._files:
                file.unlink(missing_ok=True)
            for figure in self.figures.glob("*.png"):
                figure.unlink()
            self.sweep()
        except (OSError, ValueError) as error:
            raise UserError(f"cannot use {self.path}: {error}; choose another out_dir") from None

    def sweep(self) -> None:
        """Take away what a process that was killed while it wrote left behind."""
        for file in self._files:
            for part in self.path.glob(f".{file.name}.*"):
                part.unlink(missing_ok=True)

    def append(self, row: Row) -> None:
        """Add a line to the record; it is on the disk when this returns."""
        line = line_of(row)
        try:
            before = self.record.stat().st_size if self.record.exists() else 0
            with self.record.open("a", encoding="utf-8") as file:
                try:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.truncate(self.record, before)
                    raise
        except OSError as error:
            raise UserError(
                f"cannot write {self.record}: {error.strerror}; free some space, then --resume"
            ) from error

    def keep(self, epochs: int, sums: Sequence[str] | None = None) -> list[Row]:
        """Cut the record behind epoch ``epochs``, and return its rows.

        A run that was killed may have written a line that no checkpoint knows, or half of one.

        Args:
            epochs: how many the checkpoint knows.
            sums: the checksum of each of their rows, where the checkpoint has them.

        Raises:
            UserError: a line of those epochs is missing, damaged, there twice or another run's.
        """
        lines = read_lines(self.record) if self.record.exists() else []
        kept = lines[:epochs]
        rows = rows_in(self.record, kept)
        if len(rows) < epochs:
            raise UserError(
                f"{self.record} has {len(rows)} whole lines where the checkpoint knows {epochs} "
                "epochs; the folder was changed by hand: start over with --force"
            )
        check_epochs(self.record, rows)
        for number, (row, wanted) in enumerate(zip(rows, sums or (), strict=False), start=1):
            if envelope.of_values(row) != wanted:
                raise UserError(
                    f"line {number} of {self.record} is not what this run wrote there: the record "
                    "is another run's, or was changed by hand; put the run's own back, or start "
                    "over with --force"
                )
        if kept != lines or (kept and not self.record.read_bytes().endswith(b"\n")):
            write_text(self.record, "".join(line.text.decode() + "\n" for line in kept))
        return rows

    def write_config(self, text: str, *, seal: bool = True) -> None:
        """Write ``config.yaml``."""
        write_text(self.config, envelope.seal_config(text) if seal else text)

    def read_config(self) -> tuple[str, bool]:
        """The text of ``config.yaml``, and whether a checksum vouches for it.

        Raises:
            UserError: it cannot be read, or is not as the run wrote it.
        """
        try:
            return envelope.open_config(self.config.read_bytes())
        except OSError as error:
            raise UserError(
                f"cannot read the run's config {self.config}: {error.strerror}"
            ) from None
        except envelope.Damaged as problem:
            raise UserError(
                f"{self.config} {problem}: it was damaged, or changed by hand after the run began, "
                "whose settings it no longer tells; put it back (to search with other settings, "
                "copy it elsewhere)"
            ) from None

    def write_result(self, result: Row) -> None:
        """Write ``result.json``."""
        values = envelope.sealed(plain(result))
        write_text(self.result, json.dumps(values, indent=2, allow_nan=False) + "\n")

    def read_result(self) -> tuple[Row, bool] | None:
        """What ``result.json`` holds, and whether a checksum vouches for it; None without one.

        Raises:
            UserError: it cannot be read, is damaged, or has lost its checksum.
        """
        if not self.result.exists():
            return None
        try:
            values, has_seal = envelope.opened(self.result.read_bytes())
            if not has_seal and self.has_seals():
                raise envelope.Damaged("has lost its checksum")
            return values, has_seal
        except (OSError, envelope.Damaged) as problem:
            raise UserError(
                f"{self.result} is not a run's result, or damaged ({_words(problem)}); "
                "--resume writes it anew, --force starts over"
            ) from None

    def has_seals(self) -> bool:
        """Whether the record's first line has a checksum: then the run's other pieces have one."""
        try:
            with self.record.open("rb") as file:
                return envelope.opened(file.readline())[1]
        except OSError:
            return False
        except envelope.Damaged:
            return True  # whatever the line was: nothing vouches for the others without one

    def check_seals(self, *, config: bool, lines: Sequence[Line], result: bool | None) -> None:
        """Raise UserError where a piece of this run has lost its checksum: others have theirs.

        A run that an older version began has none in its config and its first lines; those that
        a newer version added have.

        Args:
            config, result: whether they have a checksum; None without a result.
            lines: of the record.
        """
        first = lines[0].has_seal if lines else config
        if not (config or first):
            return
        held = [(self.config, config), (self.record, first), (self.result, result is not False)]
        for file, has_seal in held:
            if not has_seal:
                raise _lost_seal(file)


def check_config(path: Path) -> None:
    """Raise UserError if a file is a run's own config, and no longer as that run wrote it.

    It is where the run's other pieces lie beside it. A copy elsewhere is free to be changed.
    """
    run = RunFolder(path.parent)
    if path.name != run.config.name or not (run.record.exists() or run.has_checkpoint()):
        return
    _, has_seal = run.read_config()
    if not has_seal and run.has_seals():
        raise _lost_seal(path)


def without_timings(row: Row) -> Row:
    """A row (or result) without the fields in which two equal runs differ."""
    return {
        key: without_timings(value) if isinstance(value, dict) else value
        for key, value in row.items()
        if key not in TIMINGS
    }


def _lost_seal(file: Path) -> UserError:
    return UserError(f"{file} has lost its checksum: it was damaged, or written by hand")


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)
