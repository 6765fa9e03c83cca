"""A bilevel step that is captured once and then replayed: one launch instead of thousands.

The same sequence of steps as without. The first few run eagerly on a side stream, as PyTorch asks
for before a capture, and are steps like any other; the capture itself performs none. A graph reads
and writes fixed memory and bakes in every Python number, so

* batches are copied into tensors that stay, and a batch of another shape runs eagerly;
* temperature and learning rate are tensors that are filled in place;
* the logits' gradient, which one step may leave to the next, is kept in one place;
* a step is captured anew where a number or a buffer has changed that the graph has baked in: see
  :func:`baked`, which is compared at the start of each epoch, after the stages have acted.

Nothing here is CUDA's own but :class:`CudaGraph`: with another :class:`Graph` it runs on a CPU.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from naslib_edd.bilevel.first_order import Batch, FirstOrder
from naslib_edd.component import Part

#: Eager steps before a capture (PyTorch: "a few"; its examples run three).
WARM_UP = 3

Work = Callable[[], None]


class Graph(Protocol):
    """What records work on a device, and does it again."""

    def run(self, work: Work) -> None:
        """Do it, unrecorded, where the capture will be: on its stream."""

    def capture(self, work: Work) -> None:
        """Record it; nothing is done."""

    def replay(self) -> None:
        """Do what was recorded, on the same memory."""


class CudaGraph:
    """A :class:`Graph` of a GPU.

    Args:
        device: the GPU.
        generators: of this device, that the work draws from.
    """

    def __init__(self, *, device: torch.device, generators: Sequence[torch.Generator] = ()) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)
        self.graph = torch.cuda.CUDAGraph()
        for generator in generators:
            self.graph.register_generator_state(generator)

    def run(self, work: Work) -> None:
        """See :class:`Graph`."""
        with torch.cuda.device(self.device), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*capturable=True.*")  # not yet, but soon
            present = torch.cuda.current_stream()
            self.stream.wait_stream(present)
            with torch.cuda.stream(self.stream):
                work()
            present.wait_stream(self.stream)

    def capture(self, work: Work) -> None:
        """See :class:`Graph`.

        Raises:
            RuntimeError: something of the work cannot be captured.
        """
        with torch.cuda.device(self.device):
            present = torch.cuda.current_stream()
            try:
                with torch.cuda.graph(self.graph, stream=self.stream):
                    work()
            finally:
                torch.cuda.set_stream(present)  # a capture that failed may leave its own

    def replay(self) -> None:
        """See :class:`Graph`."""
        with torch.cuda.device(self.device):
            self.graph.replay()


class GraphedStep:
    """``bilevel.step(train, val, t)`` by a graph.

    Args:
        bilevel: whose step does nothing on the host that another step would do otherwise.
        parts: with schedules, whose numbers the step bakes in.
        make_graph: an empty graph; asked for again where a step is captured anew.
        required: a capture that fails is an error; else a warning, and the steps run eagerly.
    """

    def __init__(
        self,
        *,
        bilevel: FirstOrder,
        parts: Sequence[Part] = (),
        make_graph: Callable[[], Graph],
        required: bool = False,
    ) -> None:
        self.bilevel, self.parts = bilevel, tuple(parts)
        self.make_graph, self.required = make_graph, required
        #: captures so far
        self.captures = 0
        self._failed = False
        self.forget()

    def forget(self) -> None:
        """Capture anew: the tensors that the step works on are others."""
        self._graph: Graph | None = None
        self._inputs: tuple[Batch, Batch] | None = None
        self._baked: tuple[Any, ...] | None = None
        self._gradient: Tensor | None = None
        self._steps = 0

    def begin_epoch(self) -> None:
        """After schedules and stages have had their say: :meth:`forget`, if it takes that."""
        if self._baked is not None and self._baked != baked(self.bilevel, self.parts):
            self.forget()

    def __call__(self, train: Batch, val: Batch, t: Tensor) -> None:
        """One step; see ``FirstOrder.step``. ``t`` is the same tensor at each call."""
        if self._failed:
            self.bilevel.step(train, val, t)
            return
        given = (train, val)
        if self._inputs is None or _size(given) > _size(self._inputs):
            self.forget()
            self._graph = self.make_graph()
            self._inputs = (_like(train), _like(val))
        assert self._graph is not None
        if _shapes(given) != _shapes(self._inputs):
            self._graph.run(lambda: self._step(train, val, t))
            return
        for kept, new in zip(_flat(self._inputs), _flat(given), strict=True):
            kept.copy_(new)
        inputs = self._inputs

        def work() -> None:
            self._step(*inputs, t)

        self._steps += 1
        if self._steps <= WARM_UP:
            self._graph.run(work)
        elif self._baked is not None or self._capture(self._graph, work):
            done = self.bilevel.meters.steps
            self._graph.replay()
            self.bilevel.meters.steps = done + 1  # of which the device knows nothing
        else:
            self.bilevel.step(train, val, t)

    def _step(self, train: Batch, val: Batch, t: Tensor) -> None:
        self.bilevel.step(train, val, t)
        logits = self.bilevel.logits
        if logits.grad is None:
            return
        if self._gradient is None:
            self._gradient = logits.grad
        elif logits.grad is not self._gradient:
            self._gradient.copy_(logits.grad)
            logits.grad = self._gradient

    def _capture(self, graph: Graph, work: Work) -> bool:
        """Whether it worked. Either way no step was performed."""
        done = self.bilevel.meters.steps
        try:
            graph.capture(work)
        except RuntimeError as error:
            if self.required:
                raise
            self._failed = True
            reason = str(error).strip().splitlines()
            warnings.warn(
                "the step could not be captured as a CUDA graph and runs eagerly: "
                f"{reason[0] if reason else type(error).__name__}",
                stacklevel=2,
            )
            self._graph = None
        else:
            self.captures += 1
            self._baked = baked(self.bilevel, self.parts)
        finally:
            self.bilevel.meters.steps = done
            self.bilevel.logits.grad = self._gradient
        return not self._failed


def baked(bilevel: FirstOrder, parts: Sequence[Part]) -> tuple[Any, ...]:
    """What a graph of the step holds for good: numbers of the host, and where its tensors are."""
    optimizers = (bilevel.weight_optimizer, bilevel.logit_optimizer)
    held = [*bilevel.supernet.parameters(), *bilevel.supernet.buffers(), bilevel.logits]
    for optimizer in optimizers:
        for state in optimizer.state.values():
            held += [value for value in state.values() if isinstance(value, Tensor)]
    places = tuple((tensor.data_ptr(), tuple(tensor.shape)) for tensor in held)
    numbers = tuple(number for part in parts for number in _numbers(part))
    rates = tuple(
        group["lr"]
        for optimizer in optimizers
        for group in optimizer.param_groups
        if not isinstance(group["lr"], Tensor)
    )
    return bilevel.logits_rest, numbers, rates, places


def _numbers(part: Part) -> Iterator[object]:
    """Numbers and texts of a part and of the parts that it wraps."""
    for name, value in sorted(vars(part).items()):
        if isinstance(value, Part):
            yield from _numbers(value)
        elif isinstance(value, bool | int | float | str):
            yield name, value


def _flat(batches: tuple[Batch, Batch]) -> list[Tensor]:
    return [tensor for batch in batches for tensor in batch]


def _shapes(batches: tuple[Batch, Batch]) -> list[torch.Size]:
    return [tensor.shape for tensor in _flat(batches)]


def _size(batches: tuple[Batch, Batch]) -> int:
    return sum(tensor.numel() for tensor in _flat(batches))


def _like(batch: Batch) -> Batch:
    images, labels = batch
    return torch.empty_like(images), torch.empty_like(labels)
