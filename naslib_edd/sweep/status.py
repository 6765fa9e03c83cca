"""How far each run of a sweep is, read from its files: also from elsewhere, while they run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from naslib_edd.files import write_text
from naslib_edd.record import RunFolder
from naslib_edd.sweep.plan import Task

State = Literal["waiting", "begun", "finished", "failed"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """One run's state.

    Attributes:
        task: the run.
        state: ``begun`` says that there is a record or a checkpoint, not that a process runs.
        epoch: epochs in its record.
        reason: why it failed.
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
        if self.result is not None:
            return f"finished  {_found(self.result)}"
        return f"{self.state:8}  epoch {self.epoch} of {self.task.epochs}"


def status(task: Task) -> Status:
    """What the run's folder says."""
    folder = RunFolder(task.folder)
    epoch = _lines(folder.record)
    result = _json(folder.result)
    if result is not None:
        return Status(task=task, state="finished", epoch=epoch, result=result)
    failure = _json(failure_file(task))
    if failure is not None:
        return Status(task=task, state="failed", epoch=epoch, reason=str(failure.get("reason")))
    return Status(task=task, state="begun" if folder.exists() else "waiting", epoch=epoch)


def failure_file(task: Task) -> Path:
    """Where it is written down that a run was given up."""
    return task.folder / "failed.json"


def mark_failed(task: Task, reason: str, *, tries: int) -> None:
    """Write down that the sweep goes on without this run."""
    values = {"reason": reason, "tries": tries, "go on with": task.command}
    write_text(failure_file(task), json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def _found(result: dict[str, Any]) -> str:
    standing = result.get("standing") or {}
    test = standing.get("test")
    if not test:
        return str(result.get("arch_str"))
    return f"{standing['dataset']} test {test['value']:.2f} %, rank {test['rank']}"


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
