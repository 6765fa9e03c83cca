"""``naslib-edd sweep``: run it, list its commands, or say how far it is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from naslib_edd.engine.console import duration, say
from naslib_edd.errors import UserError
from naslib_edd.report import report
from naslib_edd.storage.files import cannot_write
from naslib_edd.storage.literal import literal
from naslib_edd.sweep.local import Local, Stopped
from naslib_edd.sweep.plan import Sweep, Task, read
from naslib_edd.sweep.remote import Remote
from naslib_edd.sweep.status import Status, status

#: Below out_dir; held while a sweep runs there.
LOCK = ".sweep.lock"
#: Below out_dir; what a cluster's jobs are made of, and what they said.
JOBS = ".jobs"


def show_list(path: Path) -> int:
    """Print one command a run; each can be given again and goes on where it stopped."""
    for task in read(path).tasks():
        print(literal(task.command, most=10_000))
    return 0


def show_status(path: Path, console: Console | None = None) -> int:
    """Print a line a run and a summary; 1 if one has failed or is damaged. Reads files only."""
    console = console or Console()
    states = [status(task) for task in read(path).tasks()]
    width = max(len(found.task.name) for found in states)
    for found in states:
        say(console, f"{found.task.name:{width}}  {found.words}")
    say(console, _summary(states))
    return 1 if any(found.state in ("failed", "damaged") for found in states) else 0


def sweep(path: Path, console: Console | None = None) -> int:
    """Run what is not finished, then write a table and figures; 1 if a run has failed.

    Raises:
        UserError: a bad file, or another sweep that runs in the same folder.
        Stopped: by a signal, after the checkpoints.
    """
    console = console or Console()
    plan = read(path)
    tasks = plan.tasks()
    lock = FileLock(plan.out_dir / LOCK)
    try:
        plan.out_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"another sweep is running in {plan.out_dir}; wait for it") from None
    except OSError as error:
        raise cannot_write(plan.out_dir, error) from None
    try:
        say(console, f"{len(tasks)} runs, {plan.jobs} at once, in {plan.out_dir}")
        _run(tasks, _executor(plan), console)
    finally:
        lock.release()
    states = [status(task) for task in tasks]
    say(console, _summary(states))
    finished = [found.task.folder for found in states if found.state == "finished"]
    if finished:
        for file in report(finished, plan.out_dir):
            say(console, str(file))
    return 0 if len(finished) == len(tasks) else 1


def _executor(plan: Sweep) -> Local | Remote:
    if plan.executor == "slurm":
        from naslib_edd.sweep.slurm import Slurm

        folder = (plan.out_dir / JOBS).absolute()
        return Slurm(jobs=plan.jobs, retries=plan.retries, folder=folder, resources=plan.resources)
    if plan.executor == "ray":
        from naslib_edd.sweep.ray_cluster import RayCluster

        return RayCluster(jobs=plan.jobs, retries=plan.retries, resources=plan.resources)
    return Local(jobs=plan.jobs, retries=plan.retries)


def _run(tasks: Sequence[Task], executor: Local | Remote, console: Console) -> None:
    left = [task for task in tasks if status(task).state != "finished"]
    if len(left) < len(tasks):
        say(console, f"{len(tasks) - len(left)} are finished already")
    width = max((len(task.name) for task in tasks), default=0)
    number = len(tasks) - len(left)
    with _bar(console) as bar:
        total = sum(task.epochs for task in tasks)
        shown = bar.add_task("epochs", total=total, completed=_epochs(tasks), left="")
        began, before = time.monotonic(), _epochs(tasks)

        def done(task: Task, _: int, seconds: float) -> None:
            nonlocal number
            number += 1
            where = f"[{number:{len(str(len(tasks)))}}/{len(tasks)}]"
            say(console, f"{where} {task.name:{width}}  {status(task).words}  {duration(seconds)}")

        def look() -> None:
            made = _epochs(tasks)
            if made > before:
                each = (time.monotonic() - began) / (made - before)
                bar.update(shown, completed=made, left=f"{duration((total - made) * each)} left")

        executor.run(left, done=done, look=look)
        bar.update(shown, completed=_epochs(tasks), left="")


def _bar(console: Console) -> Progress:
    """Epochs of all runs, not runs: it moves from the first minute on."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
    )


def _epochs(tasks: Sequence[Task]) -> int:
    """Epochs made so far; a finished run that stopped early counts as whole."""
    states = map(status, tasks)
    return sum(s.task.epochs if s.state == "finished" else s.epoch for s in states)


def _summary(states: Sequence[Status]) -> str:
    counts = Counter(found.state for found in states)
    told = ", ".join(f"{counts[state]} {state}" for state in counts)
    return f"{len(states)} runs: {told}"


__all__ = ["Stopped", "show_list", "show_status", "sweep"]
