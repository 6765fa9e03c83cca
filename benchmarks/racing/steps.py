"""What a step works on, how long one takes, and what takes a process of its own."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import active_children, get_context
from statistics import median
from typing import Any, TypeVar

import torch
from torch import Tensor

from naslib_edd.cli.allocator import keep_freed_memory
from naslib_edd.config.loading import load
from naslib_edd.config.settings import Config
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.plain import PlainSupernet

Key = TypeVar("Key")
Record = dict[str, Any]
Step = Callable[[], object]
CPU = torch.device("cpu")
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
#: The memory layout that the plain supernet runs in, and the other one.
AS_IT_RUNS, OTHER_LAYOUT = sorted(
    LAYOUTS, key=lambda name: LAYOUTS[name] is not PlainSupernet.memory_format
)
CLASSES = 10


@dataclass(frozen=True)
class Shape:
    """What a step works on: images [batch_size, 3, size, size], a supernet of C and N."""

    channels: int
    cells: int
    batch_size: int
    size: int

    def batches(self, layout: str, device: torch.device) -> list[tuple[Tensor, Tensor]]:
        """Two batches of random images and labels [B], the same for every entrant."""
        found = []
        for seed in (1, 2):
            source = torch.Generator().manual_seed(seed)
            images = torch.randn(self.batch_size, 3, self.size, self.size, generator=source)
            labels = torch.randint(CLASSES, (self.batch_size,), generator=source)
            images = images.to(device).contiguous(memory_format=LAYOUTS[layout])
            found.append((images, labels.to(device)))
        return found

    def config(self, method: str, supernet: str, **more: str) -> Config:
        """The method's recipe on a supernet of this shape, with ``more`` settings of its search."""
        sizes = asdict(self)
        del sizes["size"]
        return load({"optimizer": method, "search": {"supernet": supernet, **sizes, **more}})


def samples(method: str) -> bool:
    """Whether a method computes one sampled operation an edge, not all of them."""
    return load({"optimizer": method}).search.relaxation in SAMPLED


def timed(step: Step, device: torch.device) -> float:
    """Seconds of one step, with all that it left running on a GPU."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    began = now()
    step()
    return now() - began


def race(
    steps: Mapping[Key, Step],
    *,
    rounds: int,
    device: torch.device = CPU,
    swapped: Sequence[Key] = (),
) -> dict[Key, list[float]]:
    """Seconds of every step: round by round, each once a round.

    The order is always that of ``steps``; but those in ``swapped`` come last, in turns in this
    order and in the reverse, so that over two rounds none of two has the better place.
    """
    seconds: dict[Key, list[float]] = {name: [] for name in steps}
    first = [name for name in steps if name not in swapped]
    for number in range(rounds):
        for name in [*first, *(swapped[::-1] if number % 2 else swapped)]:
            seconds[name].append(timed(steps[name], device))
    return seconds


def summary(values: Sequence[float]) -> Record:
    """Median and range."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def settle(options: argparse.Namespace) -> bool:
    """Threads, and freed memory as in a search; whether it is kept: there may be no glibc."""
    torch.set_num_threads(options.threads)
    return options.allocator == "keep" and keep_freed_memory()


def apart(
    options: argparse.Namespace,
    work: Callable[..., Record],
    tasks: Sequence[tuple[object, ...]],
    failed: str,
) -> list[Record]:
    """What ``work`` finds for each task, all at once, each in a fresh process.

    If one fails, that is a UserError that begins with ``failed``.
    """
    fresh = get_context("spawn")
    with ProcessPoolExecutor(len(tasks), fresh, initializer=settle, initargs=(options,)) as pool:
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process alone
        found = pool.map(work, *zip(*tasks, strict=True))
        signal.signal(signal.SIGINT, heard)
        try:
            return list(found)
        except Exception as error:
            raise UserError(f"{failed}: {error}") from error
        finally:
            for child in active_children():  # the others, where one failed or all are stopped
                child.kill()
