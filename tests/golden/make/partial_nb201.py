"""Make tests/golden/partial_nb201.npz: DrNAS' partial-channel cell of NB201 on small inputs.

    python tests/golden/make/partial_nb201.py CHECKOUT

xiangning-chen/DrNAS has PC-DARTS' partial channels on NB201's cell, without edge weights.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

C, K = 8, 4
FILE = Path(__file__).parents[1] / "partial_nb201.npz"


def main(checkout: Path) -> None:
    """Write the arrays."""
    sys.path[:0] = [str(checkout / "201-space"), str(checkout)]
    from cell_operations import NAS_BENCH_201
    from search_cells import NAS201SearchCell_PartialChannel

    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    torch.manual_seed(3)
    cell = NAS201SearchCell_PartialChannel(C, C, 1, 4, NAS_BENCH_201, False, True, K).double()
    x = torch.randn(2, C, 5, 5, dtype=torch.float64, requires_grad=True)
    beta = torch.softmax(torch.randn(6, 5, dtype=torch.float64), -1).requires_grad_()
    out = cell(x, beta)
    cotangent = torch.randn_like(out)
    convolutions = [
        [cell.edges[key][number].op[1].weight for number in (2, 3)] for key in cell.edge_keys
    ]
    flat = [weight for pair in convolutions for weight in pair]
    grads = torch.autograd.grad(out, [x, beta, *flat], cotangent)
    held = {"x": x, "beta": beta, "cotangent": cotangent, "out": out}
    held |= {"of_x": grads[0], "of_beta": grads[1]}
    for place, kernel in ((0, 1), (1, 3)):
        held[f"conv{kernel}"] = torch.stack([pair[place] for pair in convolutions])
    held |= {f"of_conv{k}": torch.stack(grads[first::2]) for first, k in ((2, 1), (3, 3))}
    arrays = {f"cell_{key}": tensor.detach().numpy() for key, tensor in held.items()}
    np.savez_compressed(FILE, release="xiangning-chen/DrNAS", commit=commit.strip(), **arrays)
    print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
