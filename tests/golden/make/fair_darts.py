"""Make tests/golden/fair_darts.npz: run xiaomi-automl/FairDARTS itself on small inputs.

    python tests/golden/make/fair_darts.py CHECKOUT

What is run: its MixedOp, its criterion ConvSeparateLoss and three steps of its Architect. The
release knows no NB201 and its network is large, so the Architect steps on a stand-in for it: class
scores are a linear function of the gates, scores = (features * gates) @ weights.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

EDGES, OPERATIONS, CLASSES, IMAGES, STEPS, WEIGHT, C = 3, 4, 3, 5, 3, 10.0, 4
FILE = Path(__file__).parents[1] / "fair_darts.npz"


class StandIn:
    """What the Architect asks of a network."""

    def __init__(self, criterion: Any) -> None:
        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, dtype=torch.float64)

        self.criterion = criterion
        self.alphas_normal = draw(EDGES, OPERATIONS).requires_grad_()
        self.alphas_reduce = draw(EDGES, OPERATIONS).requires_grad_()
        self.features = draw(IMAGES, 2 * EDGES * OPERATIONS)
        self.weights = draw(2 * EDGES * OPERATIONS, CLASSES)

    def arch_parameters(self) -> list[torch.Tensor]:
        return [self.alphas_normal, self.alphas_reduce]

    def logits(self) -> torch.Tensor:
        return torch.cat(self.arch_parameters())

    def _loss(self, images: torch.Tensor, labels: torch.Tensor, gates: torch.Tensor) -> Any:
        scores = (images * torch.sigmoid(self.logits()).reshape(-1)) @ self.weights
        return self.criterion(scores, labels, gates)


def main(checkout: Path) -> None:
    """Write the arrays."""
    for name in ("torchvision", "torchvision.transforms", "torchvision.datasets"):
        sys.modules[name] = ModuleType(name)
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, sys.modules[name])
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign, assignment]
    sys.path.insert(0, str(checkout / "fairdarts"))
    losses, architects = import_module("separate_loss"), import_module("architect")
    search = import_module("model_search")
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)

    torch.manual_seed(7)
    network = StandIn(losses.ConvSeparateLoss(weight=WEIGHT))
    options = Namespace(
        momentum=0.9,
        weight_decay=3e-4,
        arch_learning_rate=3e-3,
        arch_lr_gamma=0.9,
        arch_weight_decay=1e-3,
    )
    architect = architects.Architect(network, options)
    labels = torch.tensor([0, 1, 2, 1, 0])
    arrays: dict[str, Any] = {"release": "xiaomi-automl/FairDARTS", "commit": commit.strip()}
    arrays |= {"labels": labels.numpy(), "weight": WEIGHT, "features": network.features.numpy()}
    arrays |= {"weights": network.weights.numpy(), "logits": network.logits().detach().numpy()}
    rows: dict[str, list[Any]] = {name: [] for name in ("loss", "zero_one", "of_both", "after")}
    for _ in range(STEPS):
        loss, zero_one = architect.step(network.features, labels)
        rows["loss"].append(loss)
        rows["zero_one"].append(zero_one)
        grads = [alphas.grad for alphas in network.arch_parameters()]
        rows["of_both"].append(torch.cat(grads).numpy().copy())  # type: ignore[arg-type]
        rows["after"].append(network.logits().detach().numpy().copy())
    arrays |= {name: np.stack(values) for name, values in rows.items()}

    search.PRIMITIVES[:] = ["skip_connect", "sep_conv_3x3", "dil_conv_3x3"]
    mixed = search.MixedOp(C, 1).double()
    x = torch.randn(2, C, 5, 5, dtype=torch.float64)
    alphas = torch.randn(3, dtype=torch.float64)
    arrays["mixed_logits"] = alphas.numpy()
    arrays["mixed_operations"] = np.stack([op(x).detach().numpy() for op in mixed._ops])
    arrays["mixed_out"] = mixed(x, torch.nn.functional.sigmoid(alphas)).detach().numpy()
    np.savez_compressed(FILE, **arrays)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes, {', '.join(arrays)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
