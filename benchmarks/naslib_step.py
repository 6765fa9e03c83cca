"""Our steps and searches on NASLib's graph beside NASLib's own, race by race.

    NASLIB_HOME=~/NASLib python benchmarks/naslib_step.py --race darts --out benchmarks/results/naslib_step.json
    NASLIB_HOME=~/NASLib python benchmarks/naslib_step.py --race gdas --out benchmarks/results/naslib_step.json
    NASLIB_HOME=~/NASLib python benchmarks/naslib_step.py --race search --out benchmarks/results/naslib_step.json

``darts`` and ``gdas``: all take a step in turn (A B C A B C …) on the same random images, after
warm-up steps that do not count. ``search``: whole searches of two epochs on NASLib's Trainer, on
digits, in turn. A race is written to the record as soon as it is done; the others in it stay.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from racing.record import surroundings
from racing.steps import race
from rich.console import Console

from naslib_edd.plugin import checkout, compat, registry
from naslib_edd.plugin.runner import run
from naslib_edd.storage.files import write_text

#: race → (rivals, the first is NASLib's own; how many times faster ours, the second, should be).
#: ``@naslib``: on NASLib's graph itself (search.supernet: naslib).
RACES: dict[str, tuple[list[str], float | None]] = {
    "darts": (["naslib:darts", "edd_darts", "darts_v1", "edd_darts@naslib"], 3.3),
    "gdas": (["naslib:gdas", "gdas", "gdas@naslib"], 3.0),
    "search": (["naslib:darts", "edd_darts", "edd_darts@naslib"], None),
}


def main() -> int:
    """Run a race, print and write it; 1 if its goal is missed and was asked for."""
    options = _options()
    torch.set_num_threads(options.threads)
    rivals, goal = RACES[options.race]
    timed = _searches if options.race == "search" else _steps
    seconds: dict[str, list[float]] = timed(rivals, options)
    theirs = median(seconds[rivals[0]])
    faster = {}
    for name, times in seconds.items():
        faster[name] = theirs / median(times)
        print(
            f"{name:<18} {median(times):.3f} s ({min(times):.3f} to {max(times):.3f}), "
            f"{faster[name]:.2f} x NASLib's"
        )
    record: dict[str, Any] = {}
    out = Path(options.out) if options.out else None
    if out is not None and out.exists():
        record = json.loads(out.read_text())
    record.setdefault("races", {})[options.race] = {
        "command": " ".join(["python", *sys.argv]),
        "naslib_commit": checkout.commit(checkout.require()),
        **surroundings(torch.device("cuda" if torch.cuda.is_available() else "cpu")),
        "load_average": os.getloadavg()[0],
        "settings": {k: v for k, v in vars(options).items() if k not in ("out", "check")},
        "seconds": seconds,
        "times_faster": faster,
        "goal": goal,
    }
    if out is not None:
        write_text(out, json.dumps(record, indent=2) + "\n")
    return int(options.check and goal is not None and faster[rivals[1]] < goal)


def _steps(rivals: list[str], options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each step of each rival."""
    naslib = compat.load()
    optimizers: dict[str, Any] = {}
    for name in rivals:
        method, _, network = name.partition("@")
        more = {"supernet": network} if network else {}
        torch.manual_seed(0)
        optimizers[name] = registry.get(method)(epochs=50, **more)
        optimizers[name].adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
        optimizers[name].before_training()
        optimizers[name].new_epoch(0)
    device = optimizers[rivals[0]].device
    images = torch.randn(options.batch_size, 3, options.size, options.size, device=device)
    batch = images, torch.randint(10, (options.batch_size,), device=device)
    steps = {name: partial(one.step, batch, batch) for name, one in optimizers.items()}
    race(steps, rounds=options.warmup, device=device)
    return race(steps, rounds=options.repeats, device=device)


def _searches(rivals: list[str], options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of the two epochs of each search, looks at the discretised network included."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "search.yaml"
        for turn in range(options.repeats):
            for name in rivals:
                method, _, network = name.partition("@")
                config.write_text("search_space: nasbench201\ndataset: digits\nsearch: {}\n")
                overrides = [
                    f"optimizer={method}",
                    f"name={turn}_{method.replace(':', '_')}_{network}",
                    f"out_dir={folder}/runs",
                    "search.epochs=2",
                    f"search.batch_size={options.batch_size}",
                    *([f"search.supernet={network}"] if network else []),
                ]
                result = run(config, overrides, console=Console(quiet=True))
                seconds[name].append(result["seconds"])
    return seconds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--race", choices=list(RACES), default="darts")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", default=None)
    parser.add_argument("--check", action="store_true", help="exit 1 if the goal is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
