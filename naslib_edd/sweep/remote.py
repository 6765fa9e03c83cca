"""Runs of a sweep on an engine of others, a few in flight: begun, looked at, tried again."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from filelock import FileLock, Timeout

from naslib_edd.storage.lock import NAME
from naslib_edd.sweep.local import FINAL, LOOK_SECONDS, Stopped, why
from naslib_edd.sweep.plan import Task
from naslib_edd.sweep.status import failure_file, mark_failed

#: Seconds that runs have to write their checkpoints when the sweep is stopped.
GRACE_SECONDS = 60.0


class Remote(ABC):
    """What Slurm and Ray have in common.

    Args:
        jobs: how many runs at once.
        retries: how often a run that died is begun again.
    """

    log_name = "log.txt"

    def __init__(self, *, jobs: int, retries: int) -> None:
        self.jobs, self.retries = jobs, retries
        self._signal: int | None = None

    @abstractmethod
    def submit(self, task: Task) -> Any:
        """Begin a run; what it is known by."""

    @abstractmethod
    def poll(self, handle: Any) -> int | None:
        """The exit code of a run that has ended, in whatever way; None while it goes on."""

    @abstractmethod
    def cancel(self, handle: Any) -> None:
        """Ask a run to write its checkpoint and end."""

    def close(self) -> None:  # noqa: B027 (nothing to leave, by default)
        """Leave the engine."""

    def run(
        self,
        tasks: Sequence[Task],
        *,
        done: Callable[[Task, int, float], None],
        look: Callable[[], None],
    ) -> None:
        """As :meth:`naslib_edd.sweep.local.Local.run`."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        handlers = {number: signal.signal(number, self._note) for number in numbers}
        flight: dict[int, tuple[Any, Task, int, float]] = {}
        waiting = deque((task, 1, 0.0) for task in tasks)
        try:
            while (waiting or flight) and self._signal is None:
                for _ in range(len(waiting)):
                    task, tries, spent = waiting.popleft()
                    # What a dead node or job left may still be writing its checkpoint.
                    if len(flight) >= self.jobs or not _free(task):
                        waiting.append((task, tries, spent))
                        continue
                    failure_file(task).unlink(missing_ok=True)
                    handle = self.submit(task)
                    flight[id(task)] = handle, task, tries, time.monotonic() - spent
                time.sleep(LOOK_SECONDS)
                for key, (handle, task, tries, began) in list(flight.items()):
                    code = self.poll(handle)
                    if code is None:
                        continue
                    del flight[key]
                    seconds = time.monotonic() - began
                    if code not in FINAL and tries <= self.retries:
                        waiting.append((task, tries + 1, seconds))
                        continue
                    if code != 0:
                        mark_failed(task, why(task.folder / self.log_name, code), tries=tries)
                    done(task, code, seconds)
                look()
        finally:
            self._end([handle for handle, *_ in flight.values()])
            self.close()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self._signal is not None:
            raise Stopped(128 + self._signal)

    def _end(self, handles: list[Any]) -> None:
        for handle in handles:
            self.cancel(handle)
        end = time.monotonic() + GRACE_SECONDS
        while handles and time.monotonic() < end:
            handles = [handle for handle in handles if self.poll(handle) is None]
            time.sleep(0.2)

    def _note(self, number: int, _: object) -> None:
        self._signal = number


def _free(task: Task) -> bool:
    """Whether no process writes in the run's folder, as far as can be seen from here."""
    path = task.folder / NAME
    if not path.exists():
        return True
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
