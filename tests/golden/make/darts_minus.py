"""Make tests/golden/darts_minus.npz: run Meituan-AutoML/DARTS- itself on small inputs.

    python tests/golden/make/darts_minus.py CHECKOUT

What is run: its DecayScheduler over the epochs, and its MixedOp with the auxiliary skip connection
in four of them. Torchvision, which it imports and does not use here, is replaced by empty modules.
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

EPOCHS, C = 50, 4
#: No pools: behind one the release puts a batch norm that is not NB201's.
PRIMITIVES = ["none", "skip_connect", "sep_conv_3x3", "dil_conv_3x3"]
KINDS = {"linear": "linear", "cosine": "cosine", "slow_cosine": "slow_cosine", "constant": None}
FILE = Path(__file__).parents[1] / "darts_minus.npz"


def main(checkout: Path) -> None:
    """Write the arrays."""
    for name in ("torchvision", "torchvision.transforms", "torchvision.datasets"):
        sys.modules[name] = ModuleType(name)
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, sys.modules[name])
    sys.path.insert(0, str(checkout))
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    # Its arguments are read, and its folders made, when its modules are imported.
    options = ["--auxiliary_skip", "--decay", "linear", "--disable_cuda", "--save", "out"]
    sys.argv = ["search", *options]
    os.chdir(tempfile.mkdtemp())
    search = import_module("src.search.model_search")
    scheduler = search.beta_decay_scheduler  # there is only ever one of its class

    arrays: dict[str, Any] = {"release": "Meituan-AutoML/DARTS-", "commit": commit.strip()}
    for ours, theirs in KINDS.items():
        scheduler.base_lr, scheduler.decay_type = 0.7, theirs
        rates = []
        for epoch in range(EPOCHS + 1):
            scheduler.step(epoch)
            rates.append(scheduler.decay_rate)
        arrays[f"schedule_{ours}"] = np.array(rates)

    scheduler.base_lr, scheduler.decay_type = 1.0, "linear"
    torch.manual_seed(4)
    mixed = search.MixedOp(C, 1, PRIMITIVES).double()
    x = torch.randn(2, C, 5, 5, dtype=torch.float64)
    logits = torch.randn(len(PRIMITIVES), dtype=torch.float64, requires_grad=True)
    cotangent = torch.randn_like(x)
    epochs = np.array([0, 10, 25, 49])
    outs, grads = [], []
    for epoch in epochs.tolist():
        scheduler.step(epoch)
        out = mixed(x, torch.softmax(logits, -1))
        outs.append(out.detach().numpy())
        grads.append(torch.autograd.grad(out, logits, cotangent)[0].numpy())
    arrays |= {
        "epochs": epochs,
        "skip": PRIMITIVES.index("skip_connect"),
        "logits": logits.detach().numpy(),
        "operations": np.stack([op(x).detach().numpy() for op in mixed._ops]),
        "cotangent": cotangent.numpy(),
        "out": np.stack(outs),
        "of_logits": np.stack(grads),
    }
    np.savez_compressed(FILE, **arrays)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes, {', '.join(arrays)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
