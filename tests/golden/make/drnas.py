"""Numbers of DrNAS' own code on NB201, for tests/golden/drnas.npz.

    python tests/golden/make/drnas.py CHECKOUT

CHECKOUT is a clone of xiangning-chen/DrNAS. Its script ``201-space/train_search.py`` is imported as
it stands, and its own ``train`` makes two steps on two batches; what it needs and a CPU does not
have (CUDA, the benchmark's API, TensorBoard, torchvision) is replaced by empty modules. Stored are
numbers, names and the commit only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

CHANNELS, CELLS, CLASSES, KEEP, CLIP = 2, 1, 5, 3, 0.3
OUT = Path(__file__).resolve().parents[1] / "drnas.npz"


def empty(name: str, **contents: Any) -> ModuleType:
    """A module of that name in the place of a missing one."""
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module
    return module


def load(checkout: Path, reg_type: str) -> Any:
    """The module of the release's script."""
    transforms = empty("torchvision.transforms")
    datasets = empty("torchvision.datasets")
    empty("torchvision", transforms=transforms, datasets=datasets)
    empty("nas_201_api", NASBench201API=None)
    empty("torch.utils.tensorboard", SummaryWriter=lambda *_: None)
    for kind in (Tensor, torch.nn.Module):
        kind.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign, union-attr]
    sys.path[:0] = [str(checkout), str(checkout / "201-space")]
    import utils  # type: ignore[import-not-found]

    utils.create_exp_dir = lambda path, scripts_to_save: Path(path).mkdir(parents=True)
    # Only printed there, and its view() is refused by today's PyTorch.
    utils.accuracy = lambda *_, **__: (torch.zeros(1), torch.zeros(1))
    work = Path(tempfile.mkdtemp()) / "code"
    work.mkdir()
    os.chdir(work)
    sys.argv = ["train_search.py", "--reg_type", reg_type, "--grad_clip", str(CLIP)]
    import train_search  # type: ignore[import-not-found]

    return train_search


class Recorder:
    """Keeps each Dirichlet sample that the release draws, a row at a time."""

    def __init__(self) -> None:
        self.rows: list[Tensor] = []
        self.inner = torch.distributions.Dirichlet.rsample

    def __enter__(self) -> Recorder:
        def record(distribution: Any, sample_shape: Any = ()) -> Tensor:
            drawn = self.inner(distribution, sample_shape)
            self.rows.append(drawn.detach())
            return drawn

        torch.distributions.Dirichlet.rsample = record  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        torch.distributions.Dirichlet.rsample = self.inner  # type: ignore[method-assign]

    def samples(self) -> Tensor:
        """[forward passes, 6, 5]."""
        return torch.stack(self.rows).reshape(-1, 6, 5)


def network(script: Any, species: str = "dirichlet", reg_type: str = "kl") -> Any:
    """The release's supernet, small."""
    model = script.TinyNetwork(
        C=CHANNELS,
        N=CELLS,
        max_nodes=4,
        num_classes=CLASSES,
        criterion=torch.nn.CrossEntropyLoss(),
        search_space=script_ops(),
        k=1,
        species=species,
        reg_type=reg_type,
        reg_scale=1e-3,
    )
    return model


def script_ops() -> list[str]:
    from cell_operations import NAS_BENCH_201  # type: ignore[import-not-found]

    names: list[str] = NAS_BENCH_201
    return names


def flat(tensors: Any) -> np.ndarray[Any, Any]:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).numpy()


def relaxation(found: dict[str, Any], random: torch.Generator) -> None:
    """Sample, its gradient, the anchor and its gradient, pruning, selection."""
    from utils import process_step_matrix, prune

    alpha = torch.randn(6, 5, generator=random, dtype=torch.float64)
    upstream = torch.randn(6, 5, generator=random, dtype=torch.float64)
    leaf = alpha.clone().requires_grad_()
    with Recorder() as recorder:
        beta = process_step_matrix(leaf, "dirichlet", None)
    (gradient,) = torch.autograd.grad(beta, leaf, upstream)
    found |= {"alpha": alpha, "upstream": upstream, "sample": recorder.samples()[0]}
    found |= {"sample_gradient": gradient}
    model = network(sys.modules["train_search"])
    model._arch_parameters.data = alpha.clone()
    model.anchor = torch.distributions.Dirichlet(torch.ones_like(alpha))
    anchor = model._get_kl_reg()
    (gradient,) = torch.autograd.grad(anchor, model._arch_parameters)
    found |= {"anchor": anchor.detach(), "anchor_gradient": gradient}
    found["whole_choice"] = genotype(model)
    pruned = torch.nn.Parameter(alpha.clone())
    found["kept"] = prune(pruned, KEEP, None)
    found["kept_alpha"] = pruned.detach()
    model.pruning(KEEP)
    # All logits that are left below 0: the zeros of those that were pruned must not win.
    model._arch_parameters.data = torch.where(model._mask, -1.0 - alpha.abs(), 0.0)
    found["pruned_alpha"] = model._arch_parameters.detach().clone()
    found["pruned_choice"] = genotype(model)


def genotype(model: Any) -> Tensor:
    nodes = model.genotype().nodes
    return torch.tensor([script_ops().index(op) for node in nodes for op, _ in node])


def training(found: dict[str, Any], script: Any, random: torch.Generator) -> None:
    """Two steps by the release's ``train``, from the weights and batches that are stored."""
    model = network(script).double()
    model.anchor = torch.distributions.Dirichlet(torch.ones(6, 5, dtype=torch.float64))
    model._arch_parameters.data = torch.randn(6, 5, generator=random, dtype=torch.float64)
    for weight in model.get_weights():
        # Float32 is enough, and half the size.
        noise = torch.randn(weight.shape, generator=random) * (0.3 if weight.dim() > 1 else 0.1)
        weight.data = (noise + (weight.dim() == 1)).double()
    names = [name for name, _ in model.named_parameters() if name != "_arch_parameters"]
    start = dict(model.named_parameters())
    found["weights"] = flat(start[name] for name in names).astype(np.float32)
    found["step_alpha"] = model._arch_parameters.detach().clone()

    def batches() -> list[tuple[Tensor, Tensor]]:
        images = torch.randn(2, 6, 3, 8, 8, generator=random).double()
        labels = torch.randint(CLASSES, (2, 6), generator=random)
        return list(zip(images, labels, strict=True))

    train, val = batches(), batches()[:1]  # each step asks anew for the first
    for half, batch in (("train", train), ("val", val)):
        found[f"{half}_images"] = torch.stack([x for x, _ in batch]).float()
        found[f"{half}_labels"] = torch.stack([y for _, y in batch])
    args = script.args
    optimizer = torch.optim.SGD(
        model.get_weights(),
        args.learning_rate,
        momentum=args.momentum,
        weight_decay=args.weight_decay,
    )
    architect = script.Architect(model, args)
    with Recorder() as recorder:
        script.train(
            train, val, model, architect, model._criterion, optimizer, args.learning_rate, 0
        )
    found["step_samples"] = recorder.samples()
    after = dict(model.named_parameters())
    moved = flat(after[name] for name in names) - found["weights"]
    found["weights_moved"] = moved.astype(np.float32)
    found["step_alpha_after"] = model._arch_parameters.detach().clone()


def widening(found: dict[str, Any], random: torch.Generator) -> None:
    """A layer of the partial channels made wider, with its momentum; the rate over both parts."""
    from cell_operations import ReLUConvBN
    from net2wider import (  # type: ignore[import-not-found]
        configure_optimizer,
        configure_scheduler,
    )

    layer = ReLUConvBN(4, 4, 3, 1, 1, 1, affine=False)
    layer.op[2].running_mean = torch.randn(4, generator=random)
    layer.op[2].running_var = torch.rand(4, generator=random)
    before = torch.optim.SGD(layer.parameters(), 0.025, momentum=0.9)
    layer(torch.randn(2, 4, 5, 5, generator=random)).pow(2).mean().backward()
    before.step()
    weight = layer.op[1].weight
    found["narrow"] = weight.detach().clone()
    found["narrow_momentum"] = before.state[weight]["momentum_buffer"].clone()
    found["narrow_mean"] = layer.op[2].running_mean.clone()
    # The state is found by the tensor's id there, so that it has to be the key.
    states = {"state": {id(weight): before.state[weight]}}
    before.state_dict = lambda: states  # type: ignore[method-assign, assignment, return-value]
    layer.wider(8, 8)
    wide = layer.op[1].weight
    found["in_index"], found["out_index"] = wide.in_index, wide.out_index
    after = configure_optimizer(before, torch.optim.SGD(layer.parameters(), 0.025, momentum=0.9))
    found["wide"] = wide.detach().clone()
    found["wide_momentum"] = after.state[wide]["momentum_buffer"]
    found["wide_mean"] = layer.op[2].running_mean

    def cosine(optimizer: torch.optim.Optimizer) -> Any:
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100.0, eta_min=0.001)

    rates, old = [], None
    for _ in range(2):
        optimizer = torch.optim.SGD(layer.parameters(), 0.025, momentum=0.9)
        scheduler = cosine(optimizer)
        if old is not None:
            scheduler = configure_scheduler(old, scheduler)
        for _ in range(50):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        old = scheduler
    found["rates"] = np.array(rates)


def main() -> None:
    checkout = Path(sys.argv[1]).resolve()
    commit = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"], text=True)
    script = load(checkout, "kl")
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(0)
    found: dict[str, Any] = {"repository": "xiangning-chen/DrNAS", "commit": commit.strip()}
    relaxation(found, random)
    training(found, script, random)
    widening(found, random)
    numbers = {
        key: value.numpy() if isinstance(value, Tensor) else np.asarray(value)
        for key, value in found.items()
    }
    np.savez_compressed(OUT, **numbers)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
