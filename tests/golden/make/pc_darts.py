"""Make tests/golden/pc_darts.npz: run yuhuixu1993/PC-DARTS itself on small inputs.

    python tests/golden/make/pc_darts.py CHECKOUT

What is run: its MixedOp and Cell on NB201's operations and cell, the edge weights that its Network
gives its cells, its genotype(). The release knows no NB201, so

- its list of operations is replaced by NB201's five, made of its own layers. It puts a batch norm
  behind whatever has "pool" in its name, which NB201's average pool lacks: it goes by "average";
- its Cell has two inputs: both are x, and the edges from the first get weight 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

C, K = 8, 4
#: Places of NB201's six edges among those of a release cell of three nodes with two inputs.
PLACES = (1, 3, 4, 6, 7, 8)
FILE = Path(__file__).parents[1] / "pc_darts.npz"


def main(checkout: Path) -> None:
    """Write the arrays."""
    sys.path.insert(0, str(checkout))
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign, assignment]
    import genotypes
    import model_search

    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    arrays: dict[str, Any] = {"release": "yuhuixu1993/PC-DARTS", "commit": commit.strip()}
    arrays["primitives"] = list(genotypes.PRIMITIVES)
    arrays |= of_network(model_search)
    arrays |= of_cell(model_search)
    np.savez_compressed(FILE, **arrays)
    print(f"{FILE}: {FILE.stat().st_size} bytes, {', '.join(arrays)}")


def of_network(module: Any) -> dict[str, Any]:
    """Edge weights and genotypes of the DARTS space for drawn logits, three draws."""
    generator = torch.Generator().manual_seed(1)
    names = list(module.PRIMITIVES)
    found: dict[str, list[Any]] = {k: [] for k in ("alphas", "betas", "edges", "genes")}
    for _ in range(3):
        network = module.Network(4, 10, 3, None).double()
        seen: dict[bool, Any] = {}

        class Look(nn.Module):
            """In a cell's place: keeps the edge weights that it is given."""

            def __init__(self, reduction: bool, keep: dict[bool, Any]) -> None:
                super().__init__()
                self.reduction, self.keep = reduction, keep

            def forward(self, s0: Any, s1: Any, weights: Any, weights2: Any) -> Any:
                """The second input."""
                self.keep[self.reduction] = weights2.detach().numpy()
                return s1

        network.cells = nn.ModuleList(Look(cell.reduction, seen) for cell in network.cells)
        network.classifier = nn.Identity()
        for tensor in network.arch_parameters():
            tensor.data = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        network(torch.zeros(1, 3, 8, 8, dtype=torch.float64))
        a_normal, a_reduce, b_normal, b_reduce = network.arch_parameters()
        genotype = network.genotype()
        found["alphas"].append([a_normal.detach().numpy(), a_reduce.detach().numpy()])
        found["betas"].append([b_normal.detach().numpy(), b_reduce.detach().numpy()])
        found["edges"].append([seen[False], seen[True]])
        found["genes"].append(
            [[(names.index(op), j) for op, j in g] for g in (genotype.normal, genotype.reduce)]
        )
    return {f"darts_{key}": np.array(value) for key, value in found.items()}


def of_cell(module: Any) -> dict[str, Any]:
    """Output and gradients of the release's cell with NB201's operations and edges."""
    layer = module.ReLUConvBN
    module.OPS["nor_conv_1x1"] = lambda c, stride, affine: layer(c, c, 1, stride, 0, affine)
    module.OPS["nor_conv_3x3"] = lambda c, stride, affine: layer(c, c, 3, stride, 1, affine)
    module.OPS["average"] = module.OPS["avg_pool_3x3"]
    module.PRIMITIVES = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "average"]
    torch.manual_seed(2)
    cell = module.Cell(3, 1, C, C, C, False, False).double()
    cell.preprocess0, cell.preprocess1 = nn.Identity(), nn.Identity()
    x = torch.randn(2, C, 5, 5, dtype=torch.float64, requires_grad=True)
    beta = torch.softmax(torch.randn(6, 5, dtype=torch.float64), -1).requires_grad_()
    edges = torch.rand(6, dtype=torch.float64).requires_grad_()
    places = list(PLACES)
    weights = torch.zeros(9, 5, dtype=torch.float64).index_put((torch.tensor(places),), beta)
    weights2 = torch.zeros(9, dtype=torch.float64).index_put((torch.tensor(places),), edges)
    out = cell(x, x, weights, weights2)
    cotangent = torch.randn_like(out)
    convolutions = [
        [cell._ops[place]._ops[number].op[1].weight for number in (2, 3)] for place in places
    ]
    flat = [weight for pair in convolutions for weight in pair]
    grads = torch.autograd.grad(out, [x, beta, edges, *flat], cotangent)
    held = {"x": x, "beta": beta, "edge_weights": edges, "cotangent": cotangent, "out": out}
    held |= {"of_x": grads[0], "of_beta": grads[1], "of_edge_weights": grads[2]}
    for place, kernel in ((0, 1), (1, 3)):
        held[f"conv{kernel}"] = torch.stack([pair[place] for pair in convolutions])
    held |= {f"of_conv{k}": torch.stack(grads[first::2]) for first, k in ((3, 1), (4, 3))}
    return {f"cell_{key}": tensor.detach().numpy() for key, tensor in held.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
