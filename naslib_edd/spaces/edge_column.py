"""The one column behind the operations': logits, or weights, of the edges themselves.

With partial channels edges may have weights of their own (PC-DARTS). Whatever is stored a row an
edge, logits, their gradient or β, then has a column more. Here alone is said where it is; whether
there is one is a matter of the width.
"""

from __future__ import annotations

import torch
from torch import Tensor


def split(values: Tensor, operations: int) -> tuple[Tensor, Tensor | None]:
    """[E, M] or [E, M + 1] to the operations' part [E, M] and the edges' [E]; views of both.

    Args:
        values: a row an edge.
        operations: M.

    Raises:
        ValueError: there are neither M columns nor M + 1.
    """
    extra = values.shape[1] - operations
    if extra not in (0, 1):
        raise ValueError(f"{values.shape[1]} columns where {operations} operations are")
    return (values[:, :-1], values[:, -1]) if extra else (values, None)


def split_last(values: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`split` of what is known to have the edges' column."""
    return values[:, :-1], values[:, -1]


def joined(operations: Tensor, edges: Tensor | None) -> Tensor:
    """The inverse of :func:`split`; the edges' part takes the dtype and device of the other."""
    if edges is None:
        return operations
    return torch.cat([operations, edges[:, None].to(operations)], dim=1)
