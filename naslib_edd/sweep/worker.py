"""One run of a sweep where it is carried out: on this machine, a cluster's node, a Ray worker."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from naslib_edd.storage.files import cannot_write

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(
    arguments: Sequence[str], folder: Path, *, threads: int | None, log_name: str = "log.txt"
) -> subprocess.Popen[bytes]:
    """Begin ``naslib-edd ARGUMENTS`` or go on with it; what it prints is added to its log.

    Raises:
        UserError: the log cannot be written.
    """
    command = [sys.executable, "-m", "naslib_edd.cli", *arguments]
    one = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    path = folder / log_name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("ab")
    except OSError as error:
        raise cannot_write(path, error) from None
    with opened as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **one},
            start_new_session=True,  # Ctrl-C comes from the sweep, once
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )


class Search:
    """A run as a cluster's job: called there, it returns the run's exit code.

    It is pickled, so it holds plain values only. A job that is preempted or requeued is called
    again, and goes on from the run's checkpoint.
    """

    def __init__(self, arguments: Sequence[str], folder: str, threads: int | None) -> None:
        self.arguments, self.folder, self.threads = list(arguments), folder, threads

    def __call__(self) -> int:
        """Run to the end; a signal to the job's process ends the run after its checkpoint."""
        child = start(self.arguments, Path(self.folder), threads=self.threads)
        try:
            return child.wait()
        except BaseException:
            child.send_signal(signal.SIGTERM)
            child.wait()
            raise

    def checkpoint(self) -> object:
        """What submitit submits again, when Slurm takes the job's place or its time is over."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def die_with_parent() -> None:
    """A sweep that is killed leaves no process behind that the next one would fight with."""
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def threads_of(overrides: Sequence[str]) -> int | None:
    """The number that a run's ``threads=`` sets."""
    given = [text for text in overrides if text.startswith("threads=")]
    return int(given[-1].partition("=")[2]) if given else None
