"""A search and the process that it runs in: what it leaves as it was, what ends its memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from naslib_edd.errors import UserError


@contextmanager
def as_found() -> Iterator[None]:
    """Torch's global generators and its number of threads are afterwards as they were before."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
        if devices:
            torch.cuda.set_rng_state_all(devices)


@contextmanager
def memory_errors() -> Iterator[None]:
    """What torch raises when memory ends, on a GPU or a CPU, as an error for people."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        words = str(error)
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and (
            "allocate" not in words and "Storage size" not in words
        ):
            raise
        raise UserError(
            "out of memory: lower search.batch_size, search.channels, search.cells or "
            f"search.eval_batch_size ({words.splitlines()[0] if words else 'no more to be had'})"
        ) from None
