"""``executor: slurm``: each run is a job, submitted through submitit (the extra ``slurm``)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.sweep.plan import Task
from naslib_edd.sweep.remote import Remote
from naslib_edd.sweep.worker import Search, threads_of

#: Seconds between two questions to the queue; and how long a result may be in coming after it.
_ASK_SECONDS, _LATE_SECONDS = 2.0, 10.0


class Slurm(Remote):
    """Jobs of Slurm. One that dies is submitted again, and goes on from its checkpoint.

    Args:
        folder: for submitit's files.
        resources: parameters of submitit's executor, e.g. ``{"slurm_partition": "gpu",
            "timeout_min": 240, "gpus_per_node": 1}``; ``cpus_per_task`` is the run's threads.
        jobs, retries: as for :class:`~naslib_edd.sweep.remote.Remote`.

    Raises:
        UserError: no submitit, no Slurm, or a parameter that it does not know.
    """

    def __init__(
        self, *, jobs: int, retries: int, folder: Path, resources: Mapping[str, Any]
    ) -> None:
        super().__init__(jobs=jobs, retries=retries)
        try:
            import submitit
        except ImportError:
            raise UserError(
                "executor: slurm needs submitit; install it: pip install 'naslib-edd[slurm]'"
            ) from None
        try:
            self._executor = submitit.AutoExecutor(folder=folder, cluster="slurm")
            self._executor.update_parameters(**{"timeout_min": 24 * 60, **resources})
        except (RuntimeError, NameError, TypeError, ValueError, AssertionError) as error:
            raise UserError(f"executor: slurm: {' '.join(str(error).split())}") from None
        self._resources = dict(resources)
        self._queued: set[int] = set()
        self._asked = time.monotonic()
        self._missed: dict[str, float] = {}

    def submit(self, task: Task) -> Any:
        """Submit one job."""
        threads = threads_of(task.overrides)
        parameters = {"name": "naslib-edd", "cpus_per_task": threads or 1, **self._resources}
        self._executor.update_parameters(**parameters)
        try:
            job = self._executor.submit(Search(task.arguments, str(task.folder), threads))
        except Exception as error:  # submitit's own kinds, and Slurm's refusals
            raise UserError(f"Slurm took no job: {' '.join(str(error).split())[:400]}") from None
        self._queued.add(int(job.job_id))
        return job

    def poll(self, handle: Any) -> int | None:
        """Its result; 1 for a job that has left the queue without one.

        The queue is asked, not Slurm's accounting, which many clusters of one machine lack.
        """
        if not handle.paths.result_pickle.exists():
            if int(handle.job_id) in self._queue():
                self._missed.pop(handle.job_id, None)
                return None
            # A file on a shared disk may be seen later than the end of its job.
            since = self._missed.setdefault(handle.job_id, time.monotonic())
            return 1 if time.monotonic() - since > _LATE_SECONDS else None
        try:
            return int(handle.result())
        except Exception:  # what the job raised, and what submitit makes of it
            return 1

    def _queue(self) -> set[int]:
        """The jobs in Slurm's queue, as it was a moment ago; all that there were if it is mute."""
        if time.monotonic() - self._asked > _ASK_SECONDS:
            told = subprocess.run(
                ["squeue", "--noheader", "--me", "--format=%A"],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
            if told.returncode == 0:
                self._queued = {int(word) for word in told.stdout.split()}
                self._asked = time.monotonic()
        return self._queued

    def cancel(self, handle: Any) -> None:
        """SIGTERM to the job's processes; the run writes its checkpoint."""
        subprocess.run(
            ["scancel", "--full", "--signal=TERM", str(handle.job_id)],
            check=False, capture_output=True,
        )  # fmt: skip
        handle.cancel(check=False)
