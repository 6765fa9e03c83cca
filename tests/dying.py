"""The command line, killed with SIGKILL while it writes a checkpoint: NUMBER STAGE ARGUMENTS…

NUMBER counts the checkpoints that are written, from 1. STAGE is how far this one gets: ``half`` of
its bytes, ``synced`` under its temporary name, ``between`` the renaming of the old one and its own,
or ``renamed``.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from naslib_edd.cli.commands import main
from naslib_edd.engine import checkpoint
from naslib_edd.storage.files import write_atomic

STAGES = ("half", "synced", "between", "renamed")


def die() -> None:
    """At once: nothing is flushed, no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(number: int, stage: str) -> Callable[..., Path]:
    """A `write_atomic` that does not survive the n-th call."""
    calls = 0
    replace = Path.replace

    def write(path: Path, fill: Callable[[BinaryIO], object], *, keep: Path | None = None) -> Path:
        nonlocal calls
        calls += 1
        if calls < number:
            return write_atomic(path, fill, keep=keep)

        def filled(file: BinaryIO) -> None:
            if stage == "half":
                whole = io.BytesIO()
                fill(whole)
                file.write(whole.getvalue()[: whole.tell() // 2])
                file.flush()
                die()
            fill(file)

        def replaced(source: Path, target: Any) -> Path:
            if stage == "synced" or (stage == "between" and Path(target) == path):
                die()
            return replace(source, target)

        Path.replace = replaced  # type: ignore[method-assign]
        write_atomic(path, filled, keep=keep)
        die()
        return path

    return write


if __name__ == "__main__":
    checkpoint.write_atomic = dying(int(sys.argv[1]), sys.argv[2])  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[3:]))
