"""Make tests/golden/sgas.npz: run lightaime/sgas itself on small inputs.

    python tests/golden/make/sgas.py CHECKOUT

What is run: ``edge_decision`` and ``histogram_average`` of cnn/train_search.py with its
cnn/utils.py, over 40 epochs of six edges' random-walking logits. The module itself cannot be
imported (``async=True`` is no Python any more, and it makes folders), so the two functions are
taken from its syntax tree. A cell of NB201 keeps all its edges: ``check_edges`` changes nothing.
"""

from __future__ import annotations

import ast
import logging
import math
import subprocess
import sys
import types
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributions.categorical as categorical
import torch.nn.functional as F
from torch import Tensor

FILE = Path(__file__).parents[1] / "sgas.npz"
EPOCHS = 40


def functions(checkout: Path, names: set[str], space: dict[str, Any]) -> None:
    """Define functions of the release's script in ``space``."""
    text = (checkout / "cnn" / "train_search.py").read_text().replace("async=True", "")
    tree = ast.parse(text)
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names]
    exec(compile(tree, "train_search.py", "exec"), space)


def main(checkout: Path) -> None:
    """Write the file."""
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    images = types.ModuleType("torchvision")
    images.transforms = types.ModuleType("torchvision.transforms")  # type: ignore[attr-defined]
    sys.modules["torchvision"] = images
    sys.modules["torchvision.transforms"] = images.transforms
    sys.path.insert(0, str(checkout / "cnn"))
    import utils  # type: ignore[import-not-found]

    scores: list[Tensor] = []
    space = {
        "torch": torch,
        "F": F,
        "cate": categorical,
        "math": math,
        "np": np,
        "utils": utils,
        "logging": logging,
        "print": lambda *_: None,
        "score_image": lambda _, score, __: scores.append(score.clone()),
    }
    functions(checkout, {"histogram_average", "edge_decision"}, space)
    model = types.SimpleNamespace(check_edges=lambda flags, chosen, reduction: (flags, chosen))
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    out: dict[str, Any] = {"repository": "lightaime/sgas", "commit": commit.strip()}
    for name, history in (("cri1", False), ("cri2", True)):
        random = torch.Generator().manual_seed(11)
        alphas = [(0.1 * torch.randn(5, generator=random)).requires_grad_() for _ in range(6)]
        chosen = torch.full((6,), -1, dtype=torch.int)
        flags = torch.ones(6, dtype=torch.bool)
        arguments = Namespace(
            use_history=history, history_size=4, warmup_dec_epoch=9, decision_freq=5
        )
        before: list[Tensor] = []
        walk, decisions = [], []
        scores.clear()
        for epoch in range(EPOCHS):
            walk.append(torch.stack([alpha.detach().clone() for alpha in alphas]))
            _, chosen, flags = space["edge_decision"](
                "normal", alphas, chosen, flags, before, epoch, model, arguments
            )
            decisions.append(chosen.clone())
            for alpha in alphas:
                step = 0.3 * torch.randn(5, generator=random)
                if alpha.requires_grad:  # else decided: it rests
                    alpha.data.add_(step)
        out |= {
            f"{name}_logits": torch.stack(walk).numpy(),
            f"{name}_scores": torch.stack(scores).numpy(),
            f"{name}_ops": torch.stack(decisions).numpy(),
        }
    np.savez_compressed(FILE, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
