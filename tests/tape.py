"""A CUDA graph's stand-in on a CPU, as strict as the original.

A capture records each kernel with the memory it reads and writes, and undoes what it did; a replay
runs the kernels again, on that memory. Numbers of the host are baked in, as they are in a graph,
and what a capture forbids is an error here, too: to read a number back, and to bring one from the
host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

#: What would wait for the device, or copy from the host.
FORBIDDEN = (
    "aten::_local_scalar_dense",
    "aten::is_nonzero",
    "aten::equal",
    "aten::nonzero",
    "aten::lift_fresh",
    "aten::lift",
)


class Recorder(TorchDispatchMode):
    """Notes every kernel, and what memory and generators were before it touched them."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[tuple[Callable[..., Any], Any, Any, Any]] = []
        self.own: dict[int, Tensor] = {}
        self.before: dict[int, tuple[Tensor, Tensor]] = {}
        self.generators: dict[int, tuple[torch.Generator, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func._schema.name in FORBIDDEN:
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}")
        for given in tree_iter((args, kwargs)):
            if isinstance(given, Tensor):
                place = given.untyped_storage().data_ptr()
                if place not in self.own and place not in self.before:
                    self.before[place] = (given, given.detach().clone())
            elif isinstance(given, torch.Generator):
                self.generators.setdefault(id(given), (given, given.get_state()))
        out = func(*args, **kwargs)
        for made in tree_iter(out):
            if isinstance(made, Tensor):
                place = made.untyped_storage().data_ptr()
                if place not in self.before:
                    self.own[place] = made  # kept: its memory stays its own
        self.kernels.append((func, args, kwargs, out))
        return out

    @torch.no_grad()
    def undo(self) -> None:
        for tensor, held in self.before.values():
            tensor.copy_(held)
        for generator, state in self.generators.values():
            generator.set_state(state)


class Tape:
    """A :class:`naslib_edd.bilevel.graphed.Graph` of the CPU; ``calls`` hears what it is told."""

    def __init__(self, calls: list[str]) -> None:
        self.recorder: Recorder | None = None
        self.calls = calls

    def run(self, work: Callable[[], None]) -> None:
        self.calls.append("run")
        work()

    def capture(self, work: Callable[[], None]) -> None:
        self.calls.append("capture")
        recorder = Recorder()
        try:
            with recorder:
                work()
        finally:
            recorder.undo()
        self.recorder = recorder
        for tensor in recorder.own.values():
            if tensor.is_floating_point():
                tensor.detach().fill_(torch.nan)  # a graph's memory holds nothing before a replay

    @torch.no_grad()
    def replay(self) -> None:
        assert self.recorder is not None
        self.calls.append("replay")
        for func, args, kwargs, out in self.recorder.kernels:
            for kept, new in zip(tree_iter(out), tree_iter(func(*args, **kwargs)), strict=True):
                if isinstance(kept, Tensor) and kept.data_ptr() != new.data_ptr():
                    kept.copy_(new)
