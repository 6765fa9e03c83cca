"""Numbers of GAEA's own architecture step, for tests/golden/gaea.npz.

    python tests/golden/make/gaea.py CHECKOUT

CHECKOUT is a clone of liamcli/gaea_release. Its ``ArchitectEDARTS`` steps on a stand-in network
whose loss is linear in the probabilities, so that their gradient is what we choose. One run is
plain, one has edge weights, one the entropic regulariser. Stored are numbers and the commit only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

STEPS, EDGES, OPERATIONS, LR, EDGE_LR = 6, 6, 5, 0.1, 0.2
OUT = Path(__file__).resolve().parents[1] / "gaea.npz"
#: Name of the run → settings of the release's config.
RUNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "edges": {"learn_edges": True},
    "entropic": {"arch_weight_decay": 0.3},
}


class Linear:
    """A stand-in for the release's network: loss = <gradient, probabilities>."""

    search_reduce_cell, n_inputs, _nodes, _num_ops = False, 1, 3, OPERATIONS
    op_names = tuple("abcde")

    def __init__(self) -> None:
        self.gradients: tuple[Tensor, Tensor] = torch.zeros(0), torch.zeros(0)

    def set_alphas(self, alphas: dict[str, Tensor]) -> None:
        self.alphas = alphas

    def set_edge_weights(self, edges: dict[str, Tensor]) -> None:
        self.edges = edges

    def zero_grad(self) -> None:
        """Has no weights."""

    def _loss(self, *_: object) -> Tensor:
        of_alphas, of_edges = self.gradients
        loss = (self.alphas["normal"] * of_alphas).sum()
        return loss + (self.edges["normal"] * of_edges).sum()


def run(architect: Any, gradients: np.ndarray[Any, Any], settings: dict[str, Any]) -> np.ndarray:
    """Probabilities [steps, edges, operations + 1] after each step; the last column: edges'."""
    search = {
        "learn_edges": False,
        "trace_norm": None,
        "arch_learning_rate": LR,
        "edge_learning_rate": EDGE_LR,
        "arch_grad_clip": None,
        "adapt_lr": False,
        "arch_weight_decay": 0.0,
        "gd": False,
    }
    args = SimpleNamespace(search=SimpleNamespace(**{**search, **settings}))
    network = Linear()
    writer = SimpleNamespace(add_scalar=lambda *_: None)
    stepper = architect(network, args, writer)
    rows = []
    for gradient in torch.from_numpy(gradients).float():
        network.gradients = gradient[:, :-1], gradient[:, -1]
        stepper.step(None, None, None, None, eta=0.1)
        edges = stepper.edges["normal"].detach()[:, None]
        rows.append(torch.cat([stepper.alphas["normal"].detach(), edges], 1).numpy().copy())
    return np.stack(rows)


def main(checkout: Path) -> None:
    for kind in (Tensor, torch.nn.Module):
        kind.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign, union-attr]
    sys.path.insert(0, str(checkout / "cnn"))
    from architect.architect_edarts import ArchitectEDARTS  # type: ignore[import-not-found]

    random = np.random.RandomState(11)
    # Some gradients are huge, so that the clamp at 1e-5 acts.
    gradients = random.randn(STEPS, EDGES, OPERATIONS + 1) * random.choice(
        [0.5, 5.0, 80.0], size=(STEPS, EDGES, OPERATIONS + 1), p=[0.5, 0.4, 0.1]
    )
    gradients[..., -1] = gradients[..., -1].clip(-8, 8)  # the release's edges are not clamped
    head = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    arrays = {name: run(ArchitectEDARTS, gradients, settings) for name, settings in RUNS.items()}
    np.savez_compressed(
        OUT,
        repository="liamcli/gaea_release",
        commit=head.strip(),
        gradients=gradients.astype(np.float32),
        lr=LR,
        edge_lr=EDGE_LR,
        entropy=RUNS["entropic"]["arch_weight_decay"],
        **arrays,  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
