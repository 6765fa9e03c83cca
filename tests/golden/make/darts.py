"""Numbers of DARTS as NB201's release runs it, for tests/golden/darts_v1.npz and darts_v2.npz.

    python tests/golden/make/darts.py CHECKOUT

CHECKOUT is a clone of D-X-Y/AutoDL-Projects. The ``search_func`` of each script makes whole steps
on its own network, in float64: V1 three of the weights, then Adam; V2 two of virtual step, finite
difference, Adam, then the weights. V1 clips at 0.5, not at the script's 5, so that it bites; the
logits' gradient of the step before counts in that norm, as in the release. The tensors are stored
in the order of the names that our plain supernet has for them. Numbers and the commit only.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CHANNELS, CELLS, CLASSES, BATCH = 2, 1, 3, 4
STEPS = {"V1": 3, "V2": 2}
CLIP = 0.5
OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
OUT = Path(__file__).resolve().parents[1]


def stub(name: str, **contents: Any) -> None:
    """A module of that name in the place of a missing one."""
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


def old_signatures() -> None:
    """The release calls ``p.add_(alpha, other)``, which today's torch no longer takes."""
    for name in ("add_", "sub_", "sub"):
        inner = getattr(Tensor, name)

        def call(self: Tensor, *args: Any, inner: Any = inner, **more: Any) -> Tensor:
            if len(args) == 2:
                return inner(self, args[1], alpha=float(args[0]))
            return inner(self, *args, **more)

        setattr(Tensor, name, call)


def load(checkout: Path, version: str) -> tuple[Any, Any]:
    """The release's script as a module, and its network's class."""
    for kind in (Tensor, nn.Module):
        kind.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign, union-attr]
    file = checkout / "exps" / "NAS-Bench-201-algos" / f"DARTS-{version}.py"
    spec = importlib.util.spec_from_file_location(f"darts_{version.lower()}_release", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    stub("xautodl.datasets", get_datasets=None, get_nas_search_loaders=None)
    stub("nas_201_api", NASBench201API=None)
    spec.loader.exec_module(module)
    # Only printed there, and its view() is refused by today's PyTorch.
    module.obtain_accuracy = lambda *_, **__: (torch.zeros(1), torch.zeros(1))
    from xautodl.models.cell_searchs.search_model_darts import (  # type: ignore[import-not-found]
        TinyNetworkDarts,
    )

    return module, TinyNetworkDarts


def named(network: Any) -> dict[str, Tensor]:
    """Weights and running statistics under our plain supernet's names."""
    found: dict[str, Tensor] = {}

    def norm(prefix: str, layer: nn.BatchNorm2d) -> None:
        for key in ("weight", "bias", "running_mean", "running_var"):
            tensor = getattr(layer, key)
            if tensor is not None:
                found[f"{prefix}.{key}"] = tensor.detach()

    def unit(prefix: str, layer: Any) -> None:
        found[f"{prefix}.conv.weight"] = layer.op[1].weight.detach()
        norm(f"{prefix}.norm", layer.op[2])

    found["stem.conv.weight"] = network.stem[0].weight.detach()
    norm("stem.norm", network.stem[1])
    stage = cell = reduction = 0
    for layer in network.cells:
        if not hasattr(layer, "edges"):
            for part in ("conv_a", "conv_b"):
                unit(f"reductions.{reduction}.{part}", getattr(layer, part))
            found[f"reductions.{reduction}.shortcut.weight"] = layer.downsample[1].weight.detach()
            reduction, stage, cell = reduction + 1, stage + 1, 0
            continue
        for key, row in layer.edge2index.items():
            for column in (2, 3):
                unit(f"stages.{stage}.{cell}.edges.{row}.{column}", layer.edges[key][column])
        cell += 1
    norm("head.norm", network.lastact[0])
    found["head.linear.weight"] = network.classifier.weight.detach()
    found["head.linear.bias"] = network.classifier.bias.detach()
    return {name: tensor.clone() for name, tensor in found.items()}


def flat(tensors: dict[str, Tensor]) -> np.ndarray[Any, Any]:
    """All of them in one vector, ordered by name."""
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)]).numpy()


def main(checkout: Path, version: str) -> None:
    module, make = load(checkout, version)
    torch.manual_seed(3)
    network = make(CHANNELS, CELLS, 4, CLASSES, OPERATIONS, False, True)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half())  # so that 16 bits hold the start
        for layer in network.cells.modules():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                layer.bias.zero_()  # ours has none: batch norm takes it out, but for the mean kept
    network = network.double()
    start, logits = named(network), network.arch_parameters.detach().clone()
    weights = torch.optim.SGD(
        network.get_weights(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    adam = torch.optim.Adam(network.get_alphas(), lr=0.01, betas=(0.5, 0.999), weight_decay=1e-3)
    steps = [
        (
            torch.randn(BATCH, 3, 8, 8).half().double(),
            torch.randint(CLASSES, (BATCH,)),
            torch.randn(BATCH, 3, 8, 8).half().double(),
            torch.randint(CLASSES, (BATCH,)),
        )
        for _ in range(STEPS[version])
    ]
    gradients: list[Tensor] = []
    adam.register_step_pre_hook(
        lambda *_: gradients.append(network.arch_parameters.grad.detach().clone())
    )
    trace: list[Tensor] = []
    adam.register_step_post_hook(lambda *_: trace.append(network.arch_parameters.detach().clone()))
    module.search_func(
        steps,
        nn.DataParallel(network),
        nn.CrossEntropyLoss(),
        SimpleNamespace(update=lambda *_: None),
        weights,
        adam,
        "",
        1,
        SimpleNamespace(log=lambda *_: None),
        *([CLIP] if version == "V1" else []),
    )
    head = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    arrays: dict[str, Any] = {
        "start": flat(start).astype(np.float16),
        "end": flat(named(network)).astype(np.float32),
    }
    for number, key in enumerate(("train_x", "train_y", "val_x", "val_y")):
        batches = torch.stack([step[number] for step in steps]).numpy()
        arrays[key] = batches.astype(np.float16 if key.endswith("x") else np.int64)
    np.savez_compressed(
        OUT / f"darts_{version.lower()}.npz",
        repository="D-X-Y/AutoDL-Projects",
        commit=head.strip(),
        logits=logits.numpy(),
        gradients=torch.stack(gradients).numpy(),
        trace=torch.stack(trace).numpy(),
        clip=CLIP if version == "V1" else np.inf,
        **arrays,
    )


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    old_signatures()
    for which in STEPS:
        main(Path(sys.argv[1]), which)
