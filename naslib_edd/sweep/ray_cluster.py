"""``executor: ray``: each run is a task of a Ray cluster, running or local (the extra ``ray``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.sweep.plan import Task
from naslib_edd.sweep.remote import Remote
from naslib_edd.sweep.worker import Search, threads_of

_KEYS = ("address", "num_cpus", "num_gpus", "resources")


class RayCluster(Remote):
    """Tasks of Ray. Those of a node or worker that dies are begun again, from their checkpoints.

    Args:
        resources: ``address`` of a running cluster (``auto``: the one that is found; left out: a
            local one), and of each run ``num_cpus`` (default: its threads), ``num_gpus`` (may be
            a fraction), ``resources`` (the cluster's own).
        jobs, retries: as for :class:`~naslib_edd.sweep.remote.Remote`.

    Raises:
        UserError: no ray, no such cluster, or an unknown key.
    """

    def __init__(self, *, jobs: int, retries: int, resources: Mapping[str, Any]) -> None:
        super().__init__(jobs=jobs, retries=retries)
        unknown = [key for key in resources if key not in _KEYS]
        if unknown:
            raise UserError(
                f"executor: ray knows no resource {unknown[0]!r}; it knows {', '.join(_KEYS)}"
            )
        try:
            import ray
        except ImportError:
            raise UserError(
                "executor: ray needs ray; install it: pip install 'naslib-edd[ray]'"
            ) from None
        self._ray = ray
        self._resources = {key: value for key, value in resources.items() if key != "address"}
        address = resources.get("address")
        try:
            ray.init(
                address=address, log_to_driver=False, include_dashboard=False,
                num_cpus=None if address else max(1, jobs), configure_logging=False,
            )  # fmt: skip
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"executor: ray: {' '.join(str(error).split())[:400]}") from None

    def submit(self, task: Task) -> Any:
        """A task that is not retried by Ray: we do, and count."""
        threads = threads_of(task.overrides)
        options = {"num_cpus": threads or 1, "max_retries": 0, **self._resources}
        remote = self._ray.remote(**options)(_run)
        return remote.remote(task.arguments, str(task.folder.absolute()), threads)

    def poll(self, handle: Any) -> int | None:
        """Its result; 1 for a task whose worker or node has died."""
        ready, _ = self._ray.wait([handle], timeout=0)
        if not ready:
            return None
        try:
            return int(self._ray.get(handle))
        except self._ray.exceptions.RayError:
            return 1

    def cancel(self, handle: Any) -> None:
        """End the worker; its run gets SIGTERM with it, and writes its checkpoint."""
        self._ray.cancel(handle, force=True)

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        self._ray.shutdown()


def _run(arguments: list[str], folder: str, threads: int | None) -> int:
    return Search(arguments, folder, threads)()
