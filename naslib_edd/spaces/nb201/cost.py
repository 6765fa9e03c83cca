"""Parameters and FLOPs of NB201 networks in closed form, for one architecture or all at once.

An edge is there once a cell, N cells a stage. A k×k convolution of width w has k²w² weights and,
with its affine norm, 2w more; at resolution r it costs k²w²r² multiply-adds. The stages have widths
C, 2C, 4C and resolutions r, r/2, r/4. Norms, pools and additions count as no FLOPs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3

Ops = Sequence[int] | NDArray[np.integer]

#: Architectures whose parameter count in NAS-Bench-201's own file is off by one edge's
#: convolutions (0.028 M for a 1×1, 0.24304 M for a 3×3): 150 of 15,625. The rest agree exactly.
# fmt: off
MISCOUNTED = (
    327, 737, 768, 770, 775, 1151, 2958, 3034, 3077, 3103, 3113, 3400, 3681, 3899, 4024, 4070,
    4137, 4165, 4227, 4248, 4464, 4578, 4650, 4815, 4982, 5010, 5065, 5694, 5751, 5824, 5835,
    6545, 6547, 6769, 6877, 6912, 6977, 7263, 7268, 7326, 7358, 7396, 7629, 7717, 7785, 7793,
    7894, 7950, 7981, 8181, 8280, 8322, 8423, 8447, 8533, 8540, 8557, 8719, 8809, 8965, 9043,
    9141, 9172, 9270, 9296, 9444, 9473, 9597, 9632, 9654, 9735, 10107, 10118, 10162, 10167, 10207,
    10212, 10281, 10308, 10340, 10369, 10597, 10709, 10821, 10906, 10947, 10978, 11073, 11096,
    11167, 11222, 11238, 11259, 11370, 11374, 11511, 11514, 11581, 11676, 11843, 11911, 11961,
    11964, 12016, 12121, 12187, 12204, 12271, 12316, 12317, 12464, 12540, 12542, 12568, 12707,
    12748, 12822, 12844, 12939, 13003, 13223, 13326, 13479, 13492, 13599, 13970, 14264, 14267,
    14293, 14412, 14419, 14529, 14648, 14661, 14684, 14689, 14995, 15033, 15036, 15040, 15107,
    15347, 15372, 15386, 15392, 15403, 15435, 15474, 15484, 15539,
)
# fmt: on


def parameters(
    ops: Ops, *, classes: int = 10, channels: int = 16, cells: int = 5
) -> NDArray[np.int64]:
    """Number of parameters of the networks of ops [..., 6]; the result has shape [...]."""
    one, three = _counts(ops)
    widths = [channels * 2**stage for stage in range(3)]
    squares, total_width = sum(w * w for w in widths), sum(widths)
    edges = cells * ((squares + 2 * total_width) * one + (9 * squares + 2 * total_width) * three)
    stem = 27 * channels + 2 * channels
    reductions = sum(
        9 * w * 2 * w + 2 * 2 * w + 9 * 4 * w * w + 2 * 2 * w + w * 2 * w for w in widths[:2]
    )
    head = 2 * widths[2] + (widths[2] + 1) * classes
    return np.asarray(stem + reductions + head + edges, dtype=np.int64)


def flops(
    ops: Ops, *, classes: int = 10, size: int = 32, channels: int = 16, cells: int = 5
) -> NDArray[np.int64]:
    """Multiply-adds of one size×size image, convolutions and linear layer: [..., 6] → [...]."""
    one, three = _counts(ops)
    stages = [(channels * 2**stage, (size // 2**stage) ** 2) for stage in range(3)]
    per_kernel = cells * sum(w * w * area for w, area in stages)
    stem = 27 * channels * size * size
    reductions = sum(
        (9 * w * 2 * w + 9 * 4 * w * w + w * 2 * w) * (area // 4) for w, area in stages[:2]
    )
    head = stages[2][0] * classes
    return np.asarray(stem + reductions + head + per_kernel * (one + 9 * three), dtype=np.int64)


def _counts(ops: Ops) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many 1×1 and 3×3 convolutions a cell has."""
    array = np.asarray(ops)
    return (array == CONV1).sum(-1, dtype=np.int64), (array == CONV3).sum(-1, dtype=np.int64)
