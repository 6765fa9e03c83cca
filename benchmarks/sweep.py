r"""Run several configs with several seeds, so many processes at once, and resume what was cut off.

    python benchmarks/sweep.py configs/reduced/*.yaml --seeds 0 1 2 --jobs 2 \\
        --out benchmarks/results/cifar10_reduced

    python benchmarks/sweep.py configs/quickstart.yaml --methods darts_v1 edd_darts gdas \\
        --seeds 0 1 2 3 4 5 --out benchmarks/results/digits_methods

With --methods, each config is run with each of them (`all`: every method of the built-in engine).
Each run is a `naslib-edd search … --resume` of one torch thread, with a log beside its record.
A run whose result.json is there is not run again. Data and tables are found by the environment
variables that the README lists. Seeds come first: every config has seed 0 before any has seed 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from naslib_edd.config import load
from naslib_edd.prepare import folder_of
from naslib_edd.presets import CARDS


def run(
    config: Path, method: str | None, seed: int, out: Path, overrides: list[str]
) -> tuple[str, int, float]:
    """One search to its end; (label, exit code, seconds)."""
    settings = [f"seed={seed}", f"out_dir={out}", *overrides]
    if method is not None:
        settings += [f"optimizer={method}", f"name={method}"]
    folder = folder_of(load(config, settings))
    label = f"{config.stem} {method or ''} seed {seed}".replace("  ", " ")
    if (folder / "result.json").exists():
        return label, 0, 0.0
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "naslib_edd.cli", "search", str(config), *settings]
    began = time.monotonic()
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        code = subprocess.run(
            [*command, "--resume"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        ).returncode
    return label, code, time.monotonic() - began


def main() -> int:
    """Run them all; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("configs", nargs="+", type=Path)
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="or `all`")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="overrides")
    options = parser.parse_args()
    methods = options.methods or [None]
    if methods == ["all"]:
        methods = [method.name for method in CARDS.values() if "builtin" in method.hosts]
    tasks = [
        (config, method, seed)
        for seed in options.seeds
        for config in options.configs
        for method in methods
    ]
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(run, *task, options.out, options.set) for task in tasks]
        for number, future in enumerate(futures, start=1):
            label, code, seconds = future.result()
            failed += code != 0
            print(f"[{number}/{len(tasks)}] {label}: exit {code}, {seconds:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
