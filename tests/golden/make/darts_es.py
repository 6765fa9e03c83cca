"""Make tests/golden/darts_es.npz: run automl/RobustDARTS itself on small inputs.

    python tests/golden/make/darts_es.py CHECKOUT

What is run: ``EVLocalAvg`` of src/utils.py on random histories of eigenvalues, and
``Analyzer.compute_Hw`` of src/search/analyze.py on a stand-in with 6 x 5 logits. torchvision, which
is not called here, is stood in for.
"""

from __future__ import annotations

import subprocess
import sys
import types
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FILE = Path(__file__).parents[1] / "darts_es.npz"
EPOCHS, HISTORIES = 50, 40
WEIGHT_DECAY = 1e-3


class StandIn:
    """A two-layer function of the edge weights."""

    def __init__(self, logits: Tensor, first: Tensor, second: Tensor) -> None:
        self.logits, self.first, self.second = logits, first, second

    def parameters(self) -> list[Tensor]:
        return []

    def arch_parameters(self) -> list[Tensor]:
        return [self.logits]

    def _loss(self, x: Any, y: Any) -> Tensor:
        beta = torch.softmax(self.logits, -1).reshape(-1)
        return torch.tanh(beta @ self.first) @ self.second


def main(checkout: Path) -> None:
    """Write the file."""
    images = types.ModuleType("torchvision")
    images.transforms = types.ModuleType("torchvision.transforms")  # type: ignore[attr-defined]
    sys.modules["torchvision"] = images
    sys.modules["torchvision.transforms"] = images.transforms
    sys.path.insert(0, str(checkout / "src"))
    from search.analyze import Analyzer  # type: ignore[import-not-found]
    from utils import EVLocalAvg  # type: ignore[import-not-found]

    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    out: dict[str, Any] = {"repository": "automl/RobustDARTS", "commit": commit.strip()}
    random = np.random.default_rng(5)
    for interval in (1, 2):
        # Eigenvalues that grow by some percent each, and more or less noisily.
        count = -(-EPOCHS // interval)
        growth = random.uniform(0, 0.09, size=(HISTORIES, 1))
        noise = random.normal(size=(HISTORIES, count)) * random.uniform(0, 0.1, (HISTORIES, 1))
        histories = 0.1 * np.exp(growth * np.arange(count) + noise)
        found = []
        for history in histories:
            tracker = EVLocalAvg(5, interval, EPOCHS)
            stopped, back = -1, -1
            for number, value in enumerate(history):
                epoch = number * interval
                if epoch == EPOCHS - 1:
                    break
                tracker.update(epoch, value, epoch)  # the architecture: its epoch's number
                tracker.early_stop(epoch, 1.3, 10, 4)
                if tracker.stop_search:
                    stopped, back = epoch, tracker.stop_genotype
                    assert tracker.stop_epoch == back
                    break
            found.append((stopped, back))
        stops = np.array(found)
        assert 5 < (stops[:, 0] < 0).sum() < HISTORIES - 5
        out |= {f"histories_{interval}": histories, f"stops_{interval}": stops}
    drawn = torch.Generator().manual_seed(2)
    logits = torch.randn(6, 5, generator=drawn, dtype=torch.float64).requires_grad_()
    first = torch.randn(30, 8, generator=drawn, dtype=torch.float64)
    second = torch.randn(8, generator=drawn, dtype=torch.float64)
    analyzer = Analyzer(
        Namespace(momentum=0.9, weight_decay=3e-4, arch_weight_decay=WEIGHT_DECAY),
        StandIn(logits, first, second),
    )
    hessian = analyzer.compute_Hw(None, None, None, None, 0.0, None, False)
    out |= {
        "logits": logits.detach().numpy(),
        "first": first.numpy(),
        "second": second.numpy(),
        "weight_decay": WEIGHT_DECAY,
        "hessian": hessian.numpy(),
        "eigenvalue": max(analyzer.compute_eigenvalues().real),
    }
    np.savez_compressed(FILE, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
