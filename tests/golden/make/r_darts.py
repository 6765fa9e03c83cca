"""Make tests/golden/r_darts.npz: run automl/RobustDARTS itself on small inputs.

    python tests/golden/make/r_darts.py CHECKOUT

What is run: a normal cell of its search network with drop path, in training mode. Stored are what
its mixed operations gave, the masks that it drew, in order, and the nodes that came of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

C, NODES, IMAGES, PROBABILITY = 4, 3, 6, 0.4
PRIMITIVES = ["none", "skip_connect", "sep_conv_3x3"]
FILE = Path(__file__).parents[1] / "r_darts.npz"


def main(checkout: Path) -> None:
    """Write the arrays."""
    for name in ("torchvision", "torchvision.transforms", "torchvision.datasets"):
        sys.modules[name] = ModuleType(name)
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, sys.modules[name])
    torch.cuda.FloatTensor = torch.FloatTensor  # type: ignore[misc, assignment]
    sys.path.insert(0, str(checkout))
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    os.chdir(tempfile.mkdtemp())
    search, utils = import_module("src.search.model_search"), import_module("src.utils")

    torch.manual_seed(8)
    edges = sum(2 + node for node in range(NODES))
    torch.nn.Module.PRIMITIVES = {  # type: ignore[attr-defined]
        "primitives_normal": edges * [PRIMITIVES],
    }
    cell = search.Cell(NODES, NODES, C, C, C, reduction=False, reduction_prev=False).train()
    mixed, masks = [], []
    for edge in cell._ops:
        # A copy: the release drops in place.
        edge.register_forward_hook(lambda *call: mixed.append(call[2].detach().clone()))
    drop = utils.drop_path

    def noted(x: Any, probability: float) -> Any:
        state = torch.get_rng_state()
        ones = drop(torch.ones_like(x), probability)
        masks.append(ones[:, 0, 0, 0] > 0)
        assert torch.equal(ones, ones[:, :1, :1, :1].expand_as(ones))
        torch.set_rng_state(state)
        return drop(x, probability)

    search.drop_path = noted
    inputs = [torch.randn(IMAGES, C, 5, 5) for _ in range(2)]
    weights = torch.softmax(torch.randn(edges, len(PRIMITIVES)), -1)
    with torch.no_grad():
        out = cell(*inputs, weights, PROBABILITY)
    np.savez_compressed(
        FILE,
        release="automl/RobustDARTS",
        commit=commit.strip(),
        probability=PROBABILITY,
        sources=np.array([source for node in range(NODES) for source in range(2 + node)]),
        targets=np.array([node for node in range(NODES) for _ in range(2 + node)]),
        mixed=torch.stack(mixed).numpy(),
        masks=torch.stack(masks).numpy(),
        nodes=torch.stack(out.chunk(NODES, 1)).numpy(),
    )
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
