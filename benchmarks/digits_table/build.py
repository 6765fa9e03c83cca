"""Train what is missing: processes that take chunks of architectures until none is left."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from digits_table.classes import classes
from digits_table.digits import PROTOCOL, Protocol, train
from digits_table.records import Records
from naslib_edd.spaces.nb201.encoding import index_to_ops

#: Seconds between two looks at the processes, and between two lines where there is no terminal.
_LOOK, _LINE = 0.5, 60.0


class Chunk(NamedTuple):
    """Architectures to train side by side with one seed."""

    seed: int
    indices: list[int]


def chunks(
    seeds: Sequence[int], *, size: int, done: set[tuple[int, int]], limit: int | None = None
) -> list[Chunk]:
    """What is left to train, the first seed's first.

    Architectures whose cells begin alike share a chunk: there an operation is more often that of
    all of them, and nothing has to be picked out.

    Args:
        seeds: of the whole table.
        size: architectures a chunk.
        done: (seed, index) of finished trainings.
        limit: only so many architectures, spread over the space; None for all.
    """
    indices = classes().representatives
    if limit is not None:
        indices = indices[:: max(1, len(indices) // limit)][:limit]
    order = sorted(indices.tolist(), key=index_to_ops)
    found = []
    for seed in seeds:
        left = [index for index in order if (seed, index) not in done]
        found += [Chunk(seed, left[start : start + size]) for start in range(0, len(left), size)]
    return found


def build(
    records: Records,
    seeds: Sequence[int],
    *,
    processes: int,
    size: int = 32,
    device: str = "cpu",
    limit: int | None = None,
    polite: bool = False,
    protocol: Protocol = PROTOCOL,
    console: Console | None = None,
) -> int:
    """Train everything that the records lack; the number of processes that failed.

    Can be killed at any time: what is in the records stays, the chunks under way are lost.

    Args:
        records: where the results go.
        seeds: to train every architecture with.
        processes: how many at once, of one thread each.
        size: architectures trained side by side.
        device: of all processes.
        limit: see :func:`chunks`.
        polite: all processes but the first take what processor time others leave.
        protocol: the recipe.
        console: where to show the progress.
    """
    records.begin(protocol)
    work = chunks(seeds, size=size, done=records.done(), limit=limit)
    context = multiprocessing.get_context("spawn")
    taken, finished = context.Value("i", 0), context.Value("i", 0)
    workers = [
        context.Process(
            target=_work,
            args=(records.folder, work, taken, finished, device, protocol, polite and number > 0),
            daemon=True,
        )
        for number in range(min(processes, len(work)))
    ]
    for worker in workers:
        worker.start()
    total = sum(len(chunk.indices) for chunk in work)
    _watch(workers, finished, total, console or Console())
    return sum(worker.exitcode != 0 for worker in workers)


def _work(
    folder: Path,
    work: Sequence[Chunk],
    taken: Synchronized[int],
    finished: Synchronized[int],
    device: str,
    protocol: Protocol,
    polite: bool,
) -> None:
    """One process: take a chunk, train it, append it, until none is left or the parent is gone."""
    if polite:
        os.nice(19)
    torch.set_num_threads(1)
    parent, records = os.getppid(), Records(folder)
    while os.getppid() == parent:
        with taken.get_lock():
            number = taken.value
            taken.value += 1
        if number >= len(work):
            return
        began = time.process_time()
        results = train(
            work[number].indices, seed=work[number].seed, protocol=protocol, device=device
        )
        records.append(results, time.process_time() - began)
        with finished.get_lock():
            finished.value += len(results)


def _watch(
    workers: Sequence[multiprocessing.process.BaseProcess],
    finished: Synchronized[int],
    total: int,
    console: Console,
) -> None:
    """Show how far they are until all have ended: a bar on a terminal, else a line a minute."""
    bar = Progress(
        TextColumn("trainings"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    began = said = time.monotonic()
    with bar:
        task = bar.add_task("", total=total)
        while any(worker.is_alive() for worker in workers):
            time.sleep(_LOOK)
            bar.update(task, completed=finished.value)
            now = time.monotonic()
            if not console.is_terminal and now - said >= _LINE and finished.value:
                said = now
                left = (total - finished.value) * (now - began) / finished.value
                console.print(
                    f"{finished.value} of {total} trainings, {(now - began) / 60:.1f} min, "
                    f"{left / 60:.1f} min left"
                )
    for worker in workers:
        worker.join()
