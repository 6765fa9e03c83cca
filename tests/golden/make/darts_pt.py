"""Make tests/golden/darts_pt.npz: run ruocwang/darts-pt itself on small inputs.

    python tests/golden/make/darts_pt.py CHECKOUT

What is run: ``pt_project`` of nasbench201/projection.py, whole, with the projection of its NB201
network (``get_projected_weights``, ``project_op``), on a stand-in whose accuracy is a fixed
function of the edge weights; its ``fast`` mode leaves out the benchmark and all but one batch an
epoch. Its helpers for images, which need packages that are not called here, are stood in for.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import types
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FILE = Path(__file__).parents[1] / "darts_pt.npz"


class Meter:
    """A mean that nobody reads."""

    avg = 0.0

    def update(self, value: Any, count: int = 1) -> None:
        pass


class StandIn:
    """Logits, the release's projection, and a diary."""

    def __init__(self, network: Any, logits: Tensor) -> None:
        self._arch_parameters = logits
        self.num_edge, self.num_op = logits.shape
        self.theta_map = lambda x: torch.softmax(x, dim=-1)
        self.candidate_flags = torch.ones(len(logits), dtype=torch.bool)
        self.proj_weights = torch.zeros_like(logits)
        self.network, self.epochs = network, 0
        self.diary: list[tuple[int, int, int]] = []
        self.rates: list[tuple[float, float]] = []

    def arch_parameters(self) -> list[Tensor]:
        return [self._arch_parameters]

    def get_projected_weights(self) -> Tensor:
        weights: Tensor = self.network.get_projected_weights(self)
        return weights

    def project_op(self, edge: int, op: int) -> None:
        self.network.project_op(self, edge, op)
        self.diary.append((self.epochs, int(edge), int(op)))

    def step(self, images: Tensor, labels: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Any]:
        self.epochs += 1
        loss = torch.zeros(())
        return torch.zeros(len(labels), 10), loss

    def reset_optimizer(self, rate: float, momentum: float, weight_decay: float) -> None:
        self.rates.append((rate, momentum))

    def train(self) -> None:
        pass

    def printing(self, _: Any) -> None:
        pass


def accuracy(beta: Tensor, worth: Tensor, mixing: Tensor) -> float:
    """What removals change, edges not independently."""
    gain = (worth * beta).sum(-1)
    return float(60 + 10 * gain.sum() + 10 * gain @ mixing @ gain)


def main(checkout: Path) -> None:
    """Write the file."""
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    sys.path.insert(0, str(checkout))
    helpers = types.ModuleType("nasbench201.utils")
    helpers.AvgrageMeter = Meter  # type: ignore[attr-defined]
    nothing = (torch.zeros(()), torch.zeros(()))
    helpers.accuracy = lambda *_, **__: nothing  # type: ignore[attr-defined]
    importlib.import_module("nasbench201")
    sys.modules["nasbench201.utils"] = helpers
    sys.modules["nasbench201"].utils = helpers  # type: ignore[attr-defined]
    sys.modules.setdefault("nas_201_api", types.ModuleType("nas_201_api"))
    sys.modules["nas_201_api"].NASBench201API = None  # type: ignore[attr-defined]
    from nasbench201.projection import pt_project  # type: ignore[import-not-found]
    from nasbench201.search_model_darts_proj import (  # type: ignore[import-not-found]
        TinyNetworkDartsProj,
    )

    random = torch.Generator().manual_seed(7)
    logits = 0.5 * torch.randn(6, 5, generator=random)
    worth = torch.randn(6, 5, generator=random)
    mixing = torch.randn(6, 6, generator=random) / 6
    scores: list[float] = []
    model = StandIn(TinyNetworkDartsProj, logits)

    def infer(
        queue: Any, model: Any, criterion: Any, log: bool, eval: bool = True, weights: Any = None
    ) -> tuple[float, float]:
        if weights is None:
            return 0.0, 0.0
        assert not eval  # batch statistics
        scores.append(accuracy(weights, worth, mixing))
        return scores[-1], -scores[-1]

    arguments = Namespace(
        edge_decision="random",
        proj_crit="acc",
        proj_intv=5,
        learning_rate=0.025,
        momentum=0.9,
        weight_decay=3e-4,
        report_freq=50,
        fast=True,
    )
    batch = [(torch.zeros(2, 3, 8, 8), torch.zeros(2, dtype=torch.long))]
    silent = types.SimpleNamespace(zero_grad=lambda: None)
    architect = types.SimpleNamespace(optimizer=silent, step=lambda *_, **__: None)
    np.random.seed(3)
    pt_project(batch, batch, model, architect, None, silent, 0, arguments, infer, None)
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    epochs, edges, ops = np.array(model.diary).T
    np.savez_compressed(
        FILE,
        repository="ruocwang/darts-pt",
        commit=commit.strip(),
        logits=logits.numpy(),
        worth=worth.numpy(),
        mixing=mixing.numpy(),
        interval=arguments.proj_intv,
        learning_rate=arguments.learning_rate,
        tuning_rate=model.rates[0][0],
        epochs=epochs,
        edges=edges,
        ops=ops,
        scores=np.array(scores).reshape(len(ops), -1),
        total=model.epochs,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
