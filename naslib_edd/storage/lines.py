"""The lines of a record: written with a checksum each, read back with what is wrong with them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.storage import envelope

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a record.

    Attributes:
        number: from 1.
        text: as it lies in the file, without its end.
        row: what it says; None where it is damaged.
        has_seal: whether a checksum vouches for that.
        problem: what is wrong with it.
    """

    number: int
    text: bytes
    row: Row | None
    has_seal: bool = False
    problem: str | None = None


def line_of(row: Row) -> str:
    """A row as a line of the record, with its checksum and its end."""
    return json.dumps(envelope.sealed(plain(row)), allow_nan=False) + "\n"


def read_lines(path: Path) -> list[Line]:
    """Every line of a record, damaged or not; a torn last one is left out.

    Raises:
        UserError: the record cannot be read.
    """
    try:
        texts = path.read_bytes().split(b"\n")
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the record {path}: {error}") from None
    lines: list[Line] = []
    for number, text in enumerate(texts, start=1):
        last = number == len(texts)
        if last and not text:
            break
        try:
            row, has_seal = envelope.opened(text)
        except envelope.Damaged as problem:
            if last and str(problem) == "is not JSON":
                break  # what a killed writer leaves: a line without its end
            lines.append(Line(number=number, text=text, row=None, problem=str(problem)))
            continue
        bare = not has_seal and any(line.has_seal for line in lines)
        lines.append(
            Line(
                number=number,
                text=text,
                row=None if bare else row,
                has_seal=has_seal,
                problem="has lost its checksum" if bare else None,
            )
        )
    return lines


def rows_in(path: Path, lines: Sequence[Line]) -> list[Row]:
    """The rows of a record's lines.

    Raises:
        UserError: one is damaged.
    """
    for line in lines:
        if line.row is None:
            raise UserError(f"line {line.number} of {path} {line.problem}; the file is damaged")
    return [line.row for line in lines if line.row is not None]


def read_rows(path: Path) -> list[Row]:
    """The whole lines of a record; a torn last line is left out.

    Raises:
        UserError: there is no record, or a line is damaged.
    """
    return rows_in(path, read_lines(path))


def check_epochs(path: Path, rows: Sequence[Row]) -> None:
    """Raise UserError unless line n tells of epoch n; names the first that does not."""
    for number, row in enumerate(rows, start=1):
        if row.get("epoch") != number:
            raise UserError(
                f"line {number} of {path} tells of epoch {row.get('epoch')!r}, where {number} "
                "belongs: two processes wrote this run, or it was changed by hand; start over with "
                "--force"
            )


def plain(value: Any) -> Any:
    """JSON-ready: a number that is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
