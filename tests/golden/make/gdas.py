"""Numbers of GDAS' own code on NB201, for tests/golden/gdas.npz.

    python tests/golden/make/gdas.py CHECKOUT

CHECKOUT is a clone of D-X-Y/AutoDL-Projects. Its ``TinyNetworkGDAS`` makes one pass, forward and
backward, for each temperature: logits, weights and batch are ours, the noise is its own draw, noted
as it draws it. Its convolutions inside the cells have biases, which ours have not: they are zero.
Stored are numbers, names and the commit only.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from naslib_edd.spaces.nb201.encoding import EDGES, OPERATIONS
from naslib_edd.spaces.nb201.plain import PlainSupernet

CHANNELS, CELLS, CLASSES = 2, 1, 5
#: (temperature, seed of the release's draw)
CASES = ((10.0, 0), (1.0, 4), (0.1, 2))
OUT = Path(__file__).resolve().parents[1] / "gdas.npz"


def their_name(name: str) -> str:
    """The release's name of a parameter of our plain supernet."""
    words = name.split(".")
    tail = words[-1]
    if words[0] == "stem":
        return f"stem.{'0' if words[1] == 'conv' else '1'}.{tail}"
    if words[0] == "head":
        return f"classifier.{tail}" if words[1] == "linear" else f"lastact.0.{tail}"
    if words[0] == "reductions":
        cell = CELLS + int(words[1]) * (CELLS + 1)
        if words[2] == "shortcut":
            return f"cells.{cell}.downsample.1.{tail}"
        return f"cells.{cell}.{words[2]}.op.{'1' if words[3] == 'conv' else '2'}.{tail}"
    # stages.STAGE.CELL.edges.ROW.OPERATION.conv.weight
    cell = int(words[1]) * (CELLS + 1) + int(words[2])
    source, target = EDGES[int(words[4])]
    return f"cells.{cell}.edges.{target}<-{source}.{words[5]}.op.1.{tail}"


def main(checkout: Path) -> None:
    """Run the release and write the numbers."""
    sys.path.insert(0, str(checkout))
    module: Any = importlib.import_module("xautodl.models.cell_searchs.search_model_gdas")
    generator = torch.Generator().manual_seed(7)
    network = module.TinyNetworkGDAS(
        CHANNELS, CELLS, 4, CLASSES, list(OPERATIONS), False, True
    ).double()
    theirs = dict(network.named_parameters())
    ours = PlainSupernet(channels=CHANNELS, cells=CELLS, classes=CLASSES)
    names = [name for name, _ in ours.named_parameters()]
    found: dict[str, Any] = {"names": names}
    weights = []
    with torch.no_grad():
        for parameter in theirs.values():
            parameter.zero_()
        for name, own in ours.named_parameters():
            # Sixty-fourths, so that they are small and exact.
            drawn = torch.randint(-32, 33, own.shape, generator=generator)
            if name.endswith("norm.weight"):
                drawn += 64
            theirs[their_name(name)].copy_(drawn.double() / 64)
            weights.append(drawn.flatten())
        logits = torch.randn(len(EDGES), len(OPERATIONS), generator=generator, dtype=torch.float64)
        network.arch_parameters.copy_(logits)
    images = torch.randint(-64, 65, (3, 3, 8, 8), generator=generator)
    labels = torch.randint(CLASSES, (3,), generator=generator)
    found |= {"weights_64": torch.cat(weights).to(torch.int8), "logits": logits}
    found |= {"images_32": images.to(torch.int8), "labels": labels}

    noise: list[Tensor] = []
    draw = torch.Tensor.exponential_

    def noted(self: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
        out: Tensor = draw(self, *arguments, **keywords)
        noise.append(-out.log())
        return out

    samples: list[tuple[Tensor, Tensor]] = []
    cell_type = type(network.cells[0])
    forward = cell_type.forward_gdas

    def watched(self: Any, x: Tensor, weights: Tensor, index: Tensor) -> Tensor:
        samples.append((weights.detach(), index[:, 0]))
        out: Tensor = forward(self, x, weights, index)
        return out

    torch.Tensor.exponential_ = noted
    cell_type.forward_gdas = watched
    network.train()
    for number, (tau, seed) in enumerate(CASES):
        torch.manual_seed(seed)
        network.set_tau(tau)
        network.zero_grad()
        _, scores = network(images.double() / 32)
        loss = F.cross_entropy(scores, labels)
        loss.backward()
        hard, index = samples[-1]
        gradients = []
        for name, own in ours.named_parameters():
            grad = theirs[their_name(name)].grad
            gradients.append((torch.zeros_like(own) if grad is None else grad).flatten())
        found |= {
            f"tau_{number}": tau,
            f"noise_{number}": noise[-1],
            f"hardwts_{number}": hard,
            f"index_{number}": index,
            f"loss_{number}": float(loss.detach()),
            f"scores_{number}": scores.detach(),
            f"logit_gradient_{number}": network.arch_parameters.grad.clone(),
            f"weight_gradient_{number}": torch.cat(gradients).float(),
        }
    git = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    found["repository"] = "D-X-Y/AutoDL-Projects"
    found["commit"] = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    np.savez_compressed(OUT, **{key: np.asarray(value) for key, value in found.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
