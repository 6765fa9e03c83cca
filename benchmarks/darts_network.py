"""How long the DARTS space's search network takes: fast, plain, and quark0/darts' own.

    python benchmarks/darts_network.py                  # C=16, 8 cells, batch 64, 32×32, 1 thread
    DARTS_HOME=CHECKOUT python benchmarks/darts_network.py --assert
    python benchmarks/darts_network.py --partial 4      # PC-DARTS' channels; without the release

Two steps of each network, forward and backward: the weights' (gradients of all weights) and the
logits' (gradients of the logits alone). The networks have the same weights and images, and take
their steps in turn, round by round, after one step each that is not counted. A ratio is the median
of the rounds' own ratios. Memory is what autograd keeps for the backward pass, each storage once,
without weights. Each shape is a piece of the record, on each instruction set PyTorch is held to
(``ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2``); the same again takes its place.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from racing.record import commit, surroundings
from racing.rivals import release_network
from racing.steps import CLASSES, Record, Shape, race
from torch import Tensor, nn

from naslib_edd.cli.allocator import keep_freed_memory
from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.fast import FastDartsSupernet
from naslib_edd.spaces.darts.layout import DARTS
from naslib_edd.spaces.darts.plain import PlainDartsSupernet
from naslib_edd.storage.files import write_text

STEPS = ("weights", "logits")
#: Goals of issue and README: times as fast as each other, and the memory of the slower one.
FASTER, MEMORY = 2.0, 0.5
OUT = Path(__file__).parent / "results" / "darts_network.json"


class Entrant:
    """A network with its steps.

    Args:
        network: called with images, and with β where it does not make it itself.
        logits: [28, 8], or two of [14, 8] of the release's.
        x, labels: the batch, in the network's memory layout.
        own_beta: it makes β itself.
    """

    def __init__(
        self, network: nn.Module, logits: list[Tensor], x: Tensor, labels: Tensor, *, own_beta: bool
    ) -> None:
        self.network, self.logits, self.own_beta = network, logits, own_beta
        self.x, self.labels = x, labels
        self.weights = list(network.parameters())

    def step(self, kind: str) -> list[Tensor]:
        """Gradients of the weights, or of the logits."""
        wanted = self.weights if kind == "weights" else self.logits
        return list(torch.autograd.grad(self.loss(kind), wanted))

    def loss(self, kind: str) -> Tensor:
        """Of the forward pass; ours keeps nothing for gradients that a step does not want."""
        if self.own_beta:
            return F.cross_entropy(self.network(self.x), self.labels)
        for weight in self.weights:
            weight.requires_grad_(kind == "weights")
        with torch.set_grad_enabled(kind == "logits"):
            beta = torch.cat(self.logits).softmax(-1)
        return F.cross_entropy(self.network(self.x, beta), self.labels)

    def saved(self, kind: str) -> int:
        """Bytes that are kept for the backward pass."""
        sizes: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = self.loss(kind)
        own = {weight.untyped_storage().data_ptr() for weight in self.weights}
        del loss
        return sum(size for at, size in sizes.items() if at not in own)


def entrants(shape: Shape, partial: int, home: str | None) -> dict[str, Entrant]:
    """The networks, with the same weights and batch."""
    torch.manual_seed(0)
    x = torch.randn(shape.batch_size, 3, shape.size, shape.size)
    labels = torch.randint(CLASSES, (shape.batch_size,))
    logits = [1e-3 * torch.randn(14, 8) for _ in range(2)]
    found: dict[str, Entrant] = {}
    size: dict[str, Any] = {"channels": shape.channels, "cells": shape.cells, "partial": partial}
    plain = PlainDartsSupernet(DARTS, classes=CLASSES, **size)
    if home is not None:
        release, own = release_network(Path(home), shape)
        with torch.no_grad():
            # Both have their weights in the same order.
            for ours, its in zip(plain.parameters(), release.parameters(), strict=True):
                ours.copy_(its)
            for leaf, value in zip(own, logits, strict=True):
                leaf.copy_(value)
        found["release"] = Entrant(release, own, x, labels, own_beta=True)
    fast = FastDartsSupernet(DARTS, classes=CLASSES, **size)
    fast.load_state_dict(plain.state_dict())
    for name, network in (("plain", plain), ("fast", fast)):
        layout = network.memory_format
        network.to(memory_format=layout)  # type: ignore[call-overload]
        leaves = [value.clone().requires_grad_() for value in logits]
        batch = x.contiguous(memory_format=layout)
        found[name] = Entrant(network, leaves, batch, labels, own_beta=False)
    return found


def piece(options: argparse.Namespace) -> Record:
    """Measure one shape."""
    shape = Shape(options.channels, options.cells, options.batch_size, options.size)
    home = os.environ.get("DARTS_HOME") if options.partial == 1 else None
    each = entrants(shape, options.partial, home)
    steps = {(kind, name): partial(one.step, kind) for kind in STEPS for name, one in each.items()}
    race(steps, rounds=1)
    seconds = race(steps, rounds=options.rounds)
    rows: Record = {}
    ratios: Record = {}
    for name, one in each.items():
        own = {kind: seconds[kind, name] for kind in STEPS}
        saved = {kind: round(one.saved(kind) / 2**20, 1) for kind in STEPS}
        rows[name] = {"seconds": own, "saved_mib": saved}
        if name != "fast":
            rounds = {kind: zip(own[kind], seconds[kind, "fast"], strict=True) for kind in STEPS}
            ratios[name] = {k: round(median(a / b for a, b in row), 2) for k, row in rounds.items()}
    return {
        "shape": vars(shape) | {"partial": options.partial}, **surroundings(),
        "idle": options.idle, "release": commit(home), "networks": rows,
        "fast_is_faster_by": ratios,
    }  # fmt: skip


def show(found: Record, say: Callable[[str], None]) -> bool:
    """Print a piece; whether it meets the goals."""
    met = True
    fast = found["networks"]["fast"]["saved_mib"]
    for name, row in found["networks"].items():
        times = ", ".join(f"{k} {median(row['seconds'][k]):.2f} s" for k in STEPS)
        memory = ", ".join(f"{k} {row['saved_mib'][k]:.0f} MiB" for k in STEPS)
        say(f"{name}: {times}; kept {memory}")
        if name == "fast":
            continue
        for kind in STEPS:
            ratio = found["fast_is_faster_by"][name][kind]
            share = fast[kind] / row["saved_mib"][kind]
            good = ratio >= FASTER and share <= MEMORY
            met = met and good
            word = "met" if good else "MISSED"
            say(f"  {kind}: fast is {ratio:.2f} times as fast, keeps {share:.2f}: {word}")
    if "release" not in found["networks"]:
        say("release: not raced (DARTS_HOME is not set, or channels are partial)")
    return met


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. 0: done; 1: a goal was missed (--assert); 2: bad input."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--cells", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--partial", type=int, default=1, help="K of partial channels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--idle", action="store_true", help="note: nothing else ran meanwhile")
    parser.add_argument("--assert", dest="check", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    try:
        found = piece(options)
        before = json.loads(options.out.read_text("utf-8")) if options.out.exists() else []
        same = found["shape"], found["isa"]
        kept = [one for one in before if (one["shape"], one["isa"]) != same]
        options.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(options.out, json.dumps([*kept, found], indent=1) + "\n")
    except UserError as error:
        print(f"darts_network.py: {error}", file=sys.stderr)
        return 2
    met = show(found, print)
    print(f"record: {options.out}")
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
