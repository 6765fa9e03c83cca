"""What EDD costs on NASLib: our step on NASLib's graph beside NASLib's own DARTS step, in one run.

    NASLIB_HOME=~/NASLib python benchmarks/naslib_step.py --out benchmarks/results/naslib_step.json

Both take a step in turn (A B A B …) on the same random images, after warm-up steps that do not
count; the ratio is the median of the rounds' own ratios. The paper reports 1.019.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from naslib_edd.files import write_text
from naslib_edd.plugin import checkout, compat, registry

GOAL = 1.05


def main() -> int:
    """Time both, print and write the record; 1 if the goal is missed and was asked for."""
    options = _options()
    naslib = compat.load()
    torch.set_num_threads(options.threads)
    racers: dict[str, Any] = {}
    for name in ("naslib:darts", options.method):
        torch.manual_seed(0)
        racers[name] = registry.get(name)(epochs=50)
        racers[name].adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
        racers[name].before_training()
        racers[name].new_epoch(0)
    device = racers["naslib:darts"].device
    images = torch.randn(options.batch_size, 3, options.size, options.size, device=device)
    batch = images, torch.randint(10, (options.batch_size,), device=device)
    seconds: dict[str, list[float]] = {name: [] for name in racers}
    for turn in range(options.warmup + options.repeats):
        for name, optimizer in racers.items():
            began = time.perf_counter()
            optimizer.step(batch, batch)
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= options.warmup:
                seconds[name].append(time.perf_counter() - began)
    theirs, ours = seconds.values()
    ratio = median(b / a for a, b in zip(theirs, ours, strict=True))
    record = {
        "command": " ".join(["python", *sys.argv]),
        "naslib_commit": checkout.commit(checkout.require()),
        "torch": torch.__version__,
        "device": str(device),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "settings": {k: v for k, v in vars(options).items() if k != "out"},
        "seconds": seconds,
        "ratio": ratio,
        "goal": GOAL,
    }
    for name, times in seconds.items():
        print(f"{name:<14} {median(times):.3f} s a step ({min(times):.3f} to {max(times):.3f})")
    print(f"ratio {ratio:.3f}, goal at most {GOAL}")
    if options.out:
        write_text(Path(options.out), json.dumps(record, indent=2) + "\n")
    return int(options.check and ratio > GOAL)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="edd_darts")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", default=None)
    parser.add_argument("--check", action="store_true", help="exit 1 if the goal is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
