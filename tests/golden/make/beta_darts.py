"""Make tests/golden/beta_darts.npz: run Sunshine-Ye/Beta-DARTS itself on small inputs.

    python tests/golden/make/beta_darts.py CHECKOUT

What is run: its NB201 network (C=2, N=1, 3 classes) in float64 and three steps of its Architect, in
epochs 0, 30 and 99, on one batch of validation images. Stored under the names of our plain
supernet: the weights, as float32 (in which they were drawn).
"""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

CHANNELS, CELLS, CLASSES, EPOCHS = 2, 1, 3, (0, 30, 99)
FILE = Path(__file__).parents[1] / "beta_darts.npz"


def main(checkout: Path) -> None:
    """Write the arrays."""
    sys.path.insert(0, str(checkout))
    network_module = import_module("nasbench201.model")
    architect_module = import_module("optimizers.darts.architect")
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)

    torch.manual_seed(6)
    network = network_module.Network(
        C=CHANNELS, N=CELLS, max_nodes=4, num_classes=CLASSES, criterion=nn.CrossEntropyLoss()
    )
    held = {f"weight.{name}": value.numpy() for name, value in named_weights(network).items()}
    network.double()
    logits = network._arch_parameters
    logits.data.normal_(0, 0.3)
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 1])
    held |= {"images": images.numpy(), "labels": labels.numpy(), "epochs": np.array(EPOCHS)}
    held |= {"logits": logits.detach().numpy().copy()}

    options = Namespace(
        momentum=0.9, weight_decay=3e-4, arch_learning_rate=3e-4, arch_weight_decay=1e-3
    )
    architect = architect_module.Architect(network, options)
    rows: dict[str, list[Any]] = {name: [] for name in ("loss", "of_loss", "of_both", "after")}
    for epoch in EPOCHS:
        loss = architect.mlc_loss(logits)
        rows["loss"].append(loss.item())
        rows["of_loss"].append(torch.autograd.grad(loss, logits)[0].numpy())
        architect.step(None, None, images, labels, None, None, epoch, unrolled=False)
        rows["of_both"].append(logits.grad.numpy().copy())
        rows["after"].append(logits.detach().numpy().copy())
    arrays = {**held, **{name: np.stack(values) for name, values in rows.items()}}
    arrays["chosen"] = np.array(logits.detach().argmax(1))
    arrays |= {"beta": torch.softmax(torch.tensor(held["logits"]), -1).numpy()}
    np.savez_compressed(FILE, release="Sunshine-Ye/Beta-DARTS", commit=commit.strip(), **arrays)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


def named_weights(network: Any) -> dict[str, torch.Tensor]:
    """Its weights under the names of our plain supernet; the classifier's, too."""
    found: dict[str, torch.Tensor] = {}

    def norm(name: str, module: nn.Module) -> None:
        for part in ("weight", "bias"):
            found[f"{name}.{part}"] = getattr(module, part).detach()

    def block(name: str, module: Any) -> None:
        found[f"{name}.conv.weight"] = module.op[1].weight.detach()
        if module.op[2].affine:
            norm(f"{name}.norm", module.op[2])

    found["stem.conv.weight"] = network.stem[0].weight.detach()
    norm("stem.norm", network.stem[1])
    stage = 0
    for cell in network.cells:
        if hasattr(cell, "edges"):
            for row, key in enumerate(cell.edge_keys):
                for number in (2, 3):
                    block(f"stages.{stage}.0.edges.{row}.{number}", cell.edges[key][number])
        else:
            for part in ("conv_a", "conv_b"):
                block(f"reductions.{stage}.{part}", getattr(cell, part))
            found[f"reductions.{stage}.shortcut.weight"] = cell.downsample[1].weight.detach()
            stage += 1
    norm("head.norm", network.lastact[0])
    found["head.linear.weight"] = network.classifier.weight.detach()
    found["head.linear.bias"] = network.classifier.bias.detach()
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
