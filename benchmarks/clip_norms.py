r"""The gradients' norms of a search that clips them: what the clip cuts, step by step.

    python benchmarks/clip_norms.py CONFIG --out FILE.json [key=value …]

The search runs as `naslib-edd search` runs it (the record goes to out_dir, and is the same bit for
bit), and each norm is noted before it is clipped. FILE.json has for each epoch and each of the two
gradients, of the weights and of the logits: the median norm, the largest, and the share of steps in
which it was above the limit, `search.grad_clip`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from naslib_edd.bilevel import FirstOrder
from naslib_edd.config.loading import load
from naslib_edd.engine.loop import search
from naslib_edd.errors import UserError
from naslib_edd.storage.files import write_text


@contextmanager
def noting(norms: dict[str, list[float]]) -> Iterator[None]:
    """Note every norm that a step clips, under ``weights`` or ``logits``, while this is open."""
    clip = FirstOrder._clip

    def noted(step: FirstOrder, tensors: Sequence[Tensor]) -> None:
        kind = "logits" if len(tensors) == 1 and tensors[0] is step.logits else "weights"
        squares = [float(t.grad.square().sum()) for t in tensors if t.grad is not None]
        norms[kind].append(float(np.sqrt(sum(squares))))
        clip(step, tensors)

    setattr(FirstOrder, "_clip", noted)  # noqa: B010
    try:
        yield
    finally:
        setattr(FirstOrder, "_clip", clip)  # noqa: B010


def by_epoch(norms: Sequence[float], epochs: int, limit: float) -> list[dict[str, float]]:
    """Median, largest and share above the limit of each epoch; none where nothing is clipped."""
    if not norms:
        return []
    each = np.asarray(norms).reshape(epochs, -1)
    return [
        {
            "median": float(np.median(row)),
            "largest": float(row.max()),
            "clipped": float((row > limit).mean()),
        }
        for row in each
    ]


def measure(config: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """One search, and its norms."""
    settings = load(config, list(overrides))
    norms: dict[str, list[float]] = {"weights": [], "logits": []}
    with noting(norms):
        result = search(settings, figures=False)
    limit = settings.search.grad_clip
    epochs = len(result.rows)
    return {
        "optimizer": settings.optimizer,
        "seed": settings.seed,
        "clip": settings.search.clip,
        "grad_clip": limit,
        "steps_per_epoch": len(norms["weights"]) // epochs,
        "t": [row["t"] for row in result.rows],
        **{kind: by_epoch(values, epochs, limit) for kind, values in norms.items()},
    }


def main() -> int:
    """Exit code 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_intermixed_args()
    torch.set_num_threads(1)
    try:
        found = measure(options.config, options.overrides)
        write_text(options.out, json.dumps(found, indent=1) + "\n")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
