"""The records of a build: a JSON line a training, in a file that processes append to.

Beside ``records.jsonl`` lies ``build.json``: the protocol, versions and processor it was made with.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch

from digits_table.digits import Protocol, Training
from naslib_edd import __version__
from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text

Row = dict[str, Any]


class Records:
    """The records in a folder.

    Args:
        folder: made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path, self.about = folder / "records.jsonl", folder / "build.json"

    def begin(self, protocol: Protocol) -> None:
        """Make ready to append: note the protocol, and cut off a line that a kill left half.

        Raises:
            UserError: the folder's records are of another protocol.
        """
        if self.about.exists():
            known = json.loads(self.about.read_text())["protocol"]
            if known != protocol.as_dict():
                raise UserError(
                    f"{self.folder} holds records of another protocol ({known}); "
                    "give another folder with --records"
                )
        else:
            about = {"protocol": protocol.as_dict(), **versions()}
            write_text(self.about, json.dumps(about, indent=2) + "\n")
        if self.path.exists():
            with self.path.open("r+b") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)

    def append(self, trainings: Sequence[Training], cpu_seconds: float) -> None:
        """Add trainings that took so much processor time together; on the disk when it returns."""
        each = round(cpu_seconds / len(trainings), 4)
        text = "".join(json.dumps({**asdict(one), "cpu_s": each}) + "\n" for one in trainings)
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())

    def __iter__(self) -> Iterator[Row]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):  # a line without an end was being written
                    yield json.loads(line)

    def done(self) -> set[tuple[int, int]]:
        """(seed, index) of every training."""
        return {(row["seed"], row["index"]) for row in self}


def versions() -> dict[str, str]:
    """Of what the numbers can depend on."""
    return {
        "naslib_edd": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "sklearn": sklearn.__version__,
        "python": platform.python_version(),
        "processor": processor(),
    }


def processor() -> str:
    """The processor's kind, with the instructions that PyTorch uses on it."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"
