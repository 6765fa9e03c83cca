"""The record of a run: one JSON line an epoch in ``record.jsonl``, never a torn line kept.

A run's folder, everything a report needs and no more::

    config.yaml      every setting of the run
    record.jsonl     one line an epoch
    result.json      the final architecture and its record, written at the end
    checkpoint.pt    to resume from
    figures/*.png    made from record.jsonl
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.files import write_text

Row = dict[str, Any]

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
        self.figures = path / "figures"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.config.exists() or self.record.exists() or self.checkpoint.exists()

    def clear(self) -> None:
        """Take away an old run's files (only those that a run writes).

        Raises:
            UserError: a file cannot be removed, or the folder is none.
        """
        try:
            for file in (self.config, self.record, self.result, self.checkpoint):
                file.unlink(missing_ok=True)
            for figure in self.figures.glob("*.png"):
                figure.unlink()
            self.sweep()
        except (OSError, ValueError) as error:
            raise UserError(f"cannot use {self.path}: {error}; choose another out_dir") from None

    def sweep(self) -> None:
        """Take away what a process that was killed while it wrote left behind."""
        for file in (self.config, self.record, self.result, self.checkpoint):
            for part in self.path.glob(f".{file.name}.*"):
                part.unlink(missing_ok=True)

    def append(self, row: Row) -> None:
        """Add a line to the record; it is on the disk when this returns."""
        line = json.dumps(plain(row), allow_nan=False) + "\n"
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

    def keep(self, epochs: int) -> list[Row]:
        """Cut the record to its first ``epochs`` lines, and return them.

        A run that was killed may have written a line that no checkpoint knows, or half of one.
        """
        rows = read_rows(self.record)[:epochs] if self.record.exists() else []
        if len(rows) < epochs:
            raise UserError(
                f"{self.record} has {len(rows)} whole lines where the checkpoint knows {epochs} "
                "epochs; the folder was changed by hand: start over with --force"
            )
        write_text(self.record, "".join(json.dumps(row) + "\n" for row in rows))
        return rows

    def write_result(self, result: Row) -> None:
        """Write ``result.json``."""
        write_text(self.result, json.dumps(plain(result), indent=2, allow_nan=False) + "\n")


def read_rows(path: Path) -> list[Row]:
    """The whole lines of a record; a torn last line is left out.

    Raises:
        UserError: there is no record, or a line before the last is not JSON.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the record {path}: {error}") from None
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            if number == len(lines):
                break
            raise UserError(f"line {number} of {path} is not JSON; the file is damaged") from None
    return rows


def without_timings(row: Row) -> Row:
    """A row (or result) without the fields in which two equal runs differ."""
    return {
        key: without_timings(value) if isinstance(value, dict) else value
        for key, value in row.items()
        if key not in TIMINGS
    }


def plain(value: Any) -> Any:
    """JSON-ready: a number that is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
