"""Runs of a sweep as processes of this machine; what dies is tried again from its checkpoint."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from naslib_edd.errors import UserError
from naslib_edd.storage.files import cannot_write
from naslib_edd.sweep.plan import Task
from naslib_edd.sweep.status import failure_file, mark_failed
from naslib_edd.sweep.worker import start, threads_of

#: Exit codes that no second try would change: done, bad input.
FINAL = (0, 2)
#: Seconds between two looks at how far the runs are.
LOOK_SECONDS = 1.0


class Stopped(Exception):
    """Ctrl-C or SIGTERM: every run has written its checkpoint."""

    def __init__(self, code: int) -> None:
        super().__init__("stopped; the same command goes on")
        self.code = code


class Local:
    """Processes side by side.

    Args:
        jobs: how many at once.
        retries: how often a run that died is begun again.
        log_name: of the file in a run's folder that takes what it prints.
    """

    def __init__(self, *, jobs: int, retries: int, log_name: str = "log.txt") -> None:
        self.jobs, self.retries, self.log_name = jobs, retries, log_name
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._signal: int | None = None

    def run(
        self,
        tasks: Sequence[Task],
        *,
        done: Callable[[Task, int, float], None],
        look: Callable[[], None],
    ) -> None:
        """Run all.

        Args:
            tasks: in the order in which they begin.
            done: called in this thread after each run: its exit code, its seconds.
            look: called every second or so.

        Raises:
            Stopped: a signal came; the children were told, and have ended.
            UserError: a run's folder cannot be written; no further run was begun.
        """
        handlers = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            with ThreadPoolExecutor(self.jobs) as pool:
                left: dict[Future[tuple[int, float]], Task] = {
                    pool.submit(self._run, task): task for task in tasks
                }
                while left:
                    ended, _ = wait(left, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
                    for future in ended:
                        task = left.pop(future)
                        try:
                            code, seconds = future.result()
                        except UserError:
                            pool.shutdown(wait=False, cancel_futures=True)
                            raise
                        if self._signal is None:
                            done(task, code, seconds)
                    look()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self._signal is not None:
            raise Stopped(128 + self._signal)

    def _run(self, task: Task) -> tuple[int, float]:
        began = time.monotonic()
        try:
            failure_file(task).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(failure_file(task), error) from None
        code = 1
        for number in range(self.retries + 1):
            code = self._once(task)
            if code in FINAL or self._signal is not None:
                break
            if number < self.retries:
                time.sleep(min(2.0**number, 30))  # what killed it may pass
        if code != 0 and self._signal is None:
            mark_failed(task, why(task.folder / self.log_name, code), tries=number + 1)
        return code, time.monotonic() - began

    def _once(self, task: Task) -> int:
        with self._lock:
            if self._signal is not None:
                return 128 + self._signal
            child = start(
                task.arguments,
                task.folder,
                threads=threads_of(task.overrides),
                log_name=self.log_name,
            )
            self._children.add(child)
        try:
            return child.wait()
        finally:
            with self._lock:
                self._children.discard(child)

    def _note(self, number: int, _: object) -> None:
        # The first signal ends the step under way of every run; a second one ends them at once.
        again = self._signal is not None
        self._signal = number
        for child in list(self._children):
            child.send_signal(signal.SIGKILL if again else signal.SIGTERM)


def why(log: Path, code: int) -> str:
    """The last line that a run printed, or how it ended."""
    try:
        lines = log.read_text("utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if code == 2 and last:
        return last.removeprefix("naslib-edd: ")[:300]
    return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
