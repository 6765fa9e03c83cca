"""The floor of ``benchmarks/speed.py``: the convolutions of the fast step, none more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from racing import floor as floors
from racing.entrants import Entrant, bilevel_step
from racing.steps import Shape
from torch.utils._python_dispatch import TorchDispatchMode

from naslib_edd.supernet.native import kernels

pytestmark = pytest.mark.benchmark

CPU = torch.device("cpu")


class Recorder(TorchDispatchMode):
    """Counts the convolutions that really run: (input, weight, stride, gradients asked for)."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[tuple[Any, ...]] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten.convolution.default:
            x, w, _, stride = args[:4]
            self._count(args[8], x, w, stride, None)
        elif func is torch.ops.aten.convolution_backward.default:
            _, x, w, _, stride = args[:5]
            self._count(args[9], x, w, stride, tuple(args[-1]))
        return func(*args, **(kwargs or {}))

    def _count(self, groups: int, x: Any, w: Any, stride: Any, asked: Any) -> None:
        # The fast supernet's pool is a depthwise convolution on a CPU; it is none of the floor's.
        if groups == 1:
            self.calls[tuple(x.shape), tuple(w.shape), tuple(stride), asked] += 1


def recorded(step: Callable[[], object]) -> Counter[tuple[Any, ...]]:
    with Recorder() as recorder:
        step()
    return recorder.calls


@pytest.mark.parametrize("method", ["darts_v1", "edd_darts"])
@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize("native", [False, True])
def test_floor_runs_the_convolutions_of_the_fast_step(
    monkeypatch: pytest.MonkeyPatch, method: str, cells: int, native: bool
) -> None:
    """The 3×3 ones exactly. Of 1×1 ones the fast step has more, in the place of batch norms; with
    C++ kernels none but the reductions', for the kernels make them on their way."""
    if native and kernels() is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    if not native:
        monkeypatch.setattr("naslib_edd.spaces.nb201.fused.native_kernels", lambda *_: None)
    shape = Shape(channels=2, cells=cells, batch_size=4, size=8)
    entrant = Entrant(kind="fast", layout="channels_last", method=method)
    real = recorded(bilevel_step(entrant, shape, CPU))
    floor, _ = floors.floor_step(shape, CPU, trials=1)
    least = recorded(floor)
    assert sum(least.values()) == 4 * (18 * cells + 7) - 3

    def spatial(calls: Counter[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
        return {call: count for call, count in calls.items() if call[1][-1] == 3}

    assert spatial(least) == spatial(real)
    kinds: list[Counter[tuple[Any, ...]]] = [Counter(), Counter()]
    for counted, calls in zip(kinds, (least, real), strict=True):
        for (x, w, stride, asked), count in calls.items():
            counted[x, w, stride, asked is None] += count
    if native:
        own = {w[0] for _, w, _, _ in real if w[-1] == 1}
        assert own == {4, 8} and kinds[1] < kinds[0]
    else:
        assert kinds[0] <= kinds[1]


def test_convolutions_of_a_small_network_counted_by_hand() -> None:
    convs, untouched = floors.convolutions(Shape(channels=2, cells=1, batch_size=4, size=8))
    found = [(c.channels_in, c.channels_out, c.kernel, c.size, c.stride) for c in convs]
    assert found == [
        (3, 2, 3, 8, 1),
        *[(2, 6, 1, 8, 1), (2, 6, 3, 8, 1), (2, 4, 1, 8, 1)],
        *[(2, 4, 3, 8, 1), (2, 2, 1, 8, 1), (2, 2, 3, 8, 1)],
        *[(2, 4, 1, 4, 1), (2, 4, 3, 8, 2), (4, 4, 3, 4, 1)],
        *[(4, 12, 1, 4, 1), (4, 12, 3, 4, 1), (4, 8, 1, 4, 1)],
        *[(4, 8, 3, 4, 1), (4, 4, 1, 4, 1), (4, 4, 3, 4, 1)],
        *[(4, 8, 1, 2, 1), (4, 8, 3, 4, 2), (8, 8, 3, 2, 1)],
        *[(8, 24, 1, 2, 1), (8, 24, 3, 2, 1), (8, 16, 1, 2, 1)],
        *[(8, 16, 3, 2, 1), (8, 8, 1, 2, 1), (8, 8, 3, 2, 1)],
    ]
    assert untouched == {0, 1, 2}


@pytest.mark.parametrize(("C", "N", "B", "S"), [(2, 1, 4, 8), (16, 5, 64, 32), (3, 2, 5, 12)])
def test_flops_of_the_floor(C: int, N: int, B: int, S: int) -> None:
    # Multiply-adds of one image, one way. C·S is the same in all stages: a cell has 6 edges of
    # 1 + 9 taps, a reduction (9 + 1)/2 + 9 taps on its output's channels.
    stem = 27 * C * S**2
    forward = stem + (3 * N * 60 + 2 * 14) * (C * S) ** 2
    first_node = 3 * 10 * (C * S) ** 2
    step = 2 * forward + forward + (forward - stem) + (forward - stem - first_node)
    every = floors.passes(Shape(channels=C, cells=N, batch_size=B, size=S))
    assert sum(one.flops(B) for one in every) == 2 * B * step
