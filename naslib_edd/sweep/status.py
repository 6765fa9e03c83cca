"""How far each run of a sweep is, read from its files: also from elsewhere, while they run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from naslib_edd.errors import UserError
from naslib_edd.storage import envelope
from naslib_edd.storage.files import write_text
from naslib_edd.storage.record import RunFolder
from naslib_edd.sweep.plan import Task

State = Literal["waiting", "begun", "finished", "failed", "damaged"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """One run's state.

    Attributes:
        task: the run.
        state: ``begun`` says that there is a record or a checkpoint, not that a process runs;
            ``damaged``, that its result is not as it was written: the sweep goes on with it, which
            writes the result anew.
        epoch: epochs in its record.
        reason: why it failed, or what is damaged.
        result: what ``result.json`` holds, of a finished one.
    """

    task: Task
    state: State
    epoch: int
    reason: str | None = None
    result: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """State, and how far or how good."""
        if self.state == "failed":
            return f"failed in epoch {self.epoch + 1}: {self.reason}"
        if self.state == "damaged":
            return f"damaged: {self.reason}"
        if self.result is not None:
            return f"finished  {_found(self.result)}"
        return f"{self.state:8}  epoch {self.epoch} of {self.task.epochs}"


def status(task: Task) -> Status:
    """What the run's folder says."""
    folder = RunFolder(task.folder)
    epoch = _lines(folder.record)
    try:
        read = folder.read_result()
    except UserError as error:
        return Status(task=task, state="damaged", epoch=epoch, reason=str(error))
    if read is not None:
        return Status(task=task, state="finished", epoch=epoch, result=read[0])
    reason = _failure(failure_file(task))
    if reason is not None:
        return Status(task=task, state="failed", epoch=epoch, reason=reason)
    return Status(task=task, state="begun" if folder.exists() else "waiting", epoch=epoch)


def failure_file(task: Task) -> Path:
    """Where it is written down that a run was given up."""
    return task.folder / "failed.json"


def mark_failed(task: Task, reason: str, *, tries: int) -> None:
    """Write down that the sweep goes on without this run."""
    values = {"reason": reason, "tries": tries, "go on with": task.command}
    text = json.dumps(envelope.sealed(values), indent=2, ensure_ascii=False)
    write_text(failure_file(task), f"{text}\n")


def _found(result: dict[str, Any]) -> str:
    try:
        standing = result["standing"]
        test = standing["test"]
        return f"{standing['dataset']} test {test['value']:.2f} %, rank {test['rank']}"
    except (KeyError, TypeError, ValueError):  # no table, or a result of another's making
        return str(result.get("arch_str"))


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def _failure(path: Path) -> str | None:
    """Why a run was given up; None where it was not."""
    try:
        values, has_seal = envelope.opened(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, envelope.Damaged) as problem:
        return f"{path} {problem}"
    return str(values.get("reason")) + ("" if has_seal else f" ({path.name} has no checksum)")
