"""Half precision in the supernet: what runs in it, and what keeps to fp32.

Under autocast to bf16 the convolutions and all that flows between them are bf16: the nodes' values,
the pools, their weighted sums, and the gradients of these. Everything that is summed over batch and
pixels is summed in fp32: the norms' statistics, the moments that the 1×1 convolutions' norms follow
from, the gradients of β. Parameters, β and the head, and so the class scores, are fp32. On a CPU
with the C++ kernels the nodes' values, pools and sums are fp32, too, in a step of whole cells.

Functions with a backward pass by hand choose their types themselves: autocast is off inside them.
(It would widen ``addcmul`` and ``dot`` on a GPU, and not on a CPU.)
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

#: Types whose sums are kept in fp32.
HALF = (torch.bfloat16, torch.float16)


def autocast(x: Tensor, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """Autocast to a half type on x's device; None: everything as it is."""
    if dtype is None:
        return nullcontext()
    # Each weight is cast once a pass anyhow, and a CUDA graph must not find casts of an older one.
    return torch.autocast(x.device.type, dtype, cache_enabled=False)


def as_given(x: Tensor) -> AbstractContextManager[object]:
    """No autocast on x's device meanwhile: what is computed has the types that it is given."""
    if torch.is_autocast_enabled(x.device.type):
        return torch.autocast(x.device.type, enabled=False)
    return nullcontext()


def type_of(x: Tensor) -> torch.dtype:
    """The type of the autocast under way on x's device; x's own where there is none."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def narrow(x: Tensor) -> Tensor:
    """x in the type of the autocast under way; x itself where there is none."""
    return x.to(type_of(x))


def wide(x: Tensor) -> Tensor:
    """A tensor of half precision in fp32; any other as it is."""
    return x.float() if x.dtype in HALF else x
