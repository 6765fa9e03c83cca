"""Make tests/golden/sdarts.npz: run xiangning-chen/SmoothDARTS itself on small inputs.

    python tests/golden/make/sdarts.py CHECKOUT

What is run: its Random_alpha and Linf_PGD_alpha (attacker/perturb.py) with the projection of its
NB201 network (``Network.clip``), on a stand-in whose loss is a fixed function of the edge weights.
Its network and its optimizer of the attack are imported as they are; what today's torch lacks
(``required``, ``add_(number, tensor)``) is put back first.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

FILE = Path(__file__).parents[1] / "sdarts.npz"
#: ε of each case; the last ascends a loss so rugged that it ends below where it began.
CASES = {"small": (0.03, 3.0), "large": (0.3, 3.0), "rugged": (0.3, 40.0)}


def old_torch() -> None:
    """What the release knew torch by."""
    importlib.import_module("torch.optim.optimizer").required = object()  # type: ignore[attr-defined]
    new = torch.Tensor.add_

    def add_(self: Tensor, *args: Any, **options: Any) -> Tensor:
        if len(args) == 2:
            return new(self, args[1], alpha=args[0])
        return new(self, *args, **options)

    torch.Tensor.add_ = add_  # type: ignore[method-assign, assignment]


class StandIn(nn.Module):
    """Edge weights, a loss of them, and a diary of what the attack did."""

    def __init__(self, beta: Tensor, weight: Tensor, pitch: float, clip: Any) -> None:
        super().__init__()
        self._arch_parameters = nn.Parameter(beta.clone())
        self.weight, self.pitch, self._clip = weight, pitch, clip
        self.diary: list[Tensor] = []
        self.evaluating: list[bool] = []

    def arch_parameters(self) -> list[Tensor]:
        return [self._arch_parameters]

    def _loss(self, x: Any, y: Any, updateType: str) -> Tensor:
        assert updateType == "weight"
        self.evaluating.append(not self.training)
        beta = self._arch_parameters
        return (self.weight * torch.sin(self.pitch * beta + self.weight)).sum()

    def clip(self) -> None:
        self._clip(self)
        self.diary.append(self._arch_parameters.detach().clone())


def main(checkout: Path) -> None:
    """Write the file."""
    old_torch()
    sys.path.insert(0, str(checkout))
    from attacker.perturb import (  # type: ignore[import-not-found]
        Linf_PGD_alpha,
        Random_alpha,
    )
    from nasbench201.model import Network  # type: ignore[import-not-found]

    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    out: dict[str, Any] = {"repository": "xiangning-chen/SmoothDARTS", "commit": commit.strip()}
    for number, (name, (epsilon, pitch)) in enumerate(CASES.items()):
        random = torch.Generator().manual_seed(number)
        logits = 2 * torch.randn(6, 5, generator=random, dtype=torch.float64)
        weight = torch.randn(6, 5, generator=random, dtype=torch.float64)
        beta = torch.softmax(logits, -1)
        torch.manual_seed(100 + number)
        moved = StandIn(beta, weight, pitch, Network.clip)
        Random_alpha(moved, None, None, epsilon)
        torch.manual_seed(200 + number)
        attacked = StandIn(beta, weight, pitch, Network.clip).train()
        Linf_PGD_alpha(attacked, None, None, epsilon)
        final = attacked._arch_parameters.detach()
        assert torch.equal(final, beta) == (name == "rugged"), name
        out |= {
            f"{name}_epsilon": epsilon,
            f"{name}_pitch": pitch,
            f"{name}_seeds": np.array([100 + number, 200 + number]),
            f"{name}_beta": beta.numpy(),
            f"{name}_weight": weight.numpy(),
            f"{name}_random": moved._arch_parameters.detach().numpy(),
            f"{name}_trajectory": torch.stack(attacked.diary).numpy(),
            f"{name}_adversarial": final.numpy(),
            f"{name}_evaluating": np.array(attacked.evaluating),
        }
    # The projection by itself, with a row of which nothing is left.
    rows = torch.tensor([[-0.2, -0.1, -0.3], [0.5, -0.4, 0.9], [1.7, 0.2, 0.1]]).double()
    projected = StandIn(rows, rows, 1.0, Network.clip)
    projected.clip()
    out |= {"rows": rows.numpy(), "projected": projected._arch_parameters.detach().numpy()}
    np.savez_compressed(FILE, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
