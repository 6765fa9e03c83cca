"""How long one bilevel step takes: fast supernet, plain supernet, rivals, the convolutions alone.

    python benchmarks/speed.py                    # C=16, N=5, batch 64, 32×32, fp32, on the CPU
    python benchmarks/speed.py --autodl CHECKOUT --naslib CHECKOUT --memory --assert
    python benchmarks/speed.py --curves --startup --auto
    python benchmarks/speed.py --isa avx2         # torch, oneDNN and the kernels held to AVX2
    python benchmarks/speed.py --device cuda      # batch 64 and 256, fp32 and bf16, whole searches

One run races them all, step by step in turn (A B C A B C …), on the same random images, after
warm-up steps that are not counted. A ratio is the median of the rounds' own ratios, so what slows
the machine for a while slows both sides of it. A run is made of pieces, each
saved as it is done; the same command again goes on. benchmarks/README.md explains the tables.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from racing.alone import settle
from racing.curves import draw
from racing.goals import verdict
from racing.measure import measure, of_kind
from racing.options import ISAS, read
from racing.tables import show
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.supernet.native.targets import target


def run(options: argparse.Namespace) -> int:
    """Measure, save, show; returns the exit code."""
    if options.isa and target().name != options.isa:
        return _held_to(options)
    options.allocator = "keep" if settle(options) else "default"
    kind = "cuda" if options.device == "cuda" else f"cpu_{target().name}"
    default = Path(__file__).parent / "results" / f"speed_{kind}.json"
    out = Path(options.out) if options.out else default
    console = Console(width=None if sys.stdout.isatty() else 110)
    record = measure(options, out, console)
    show(record, console)
    lines, met = verdict(record["goals"])
    if options.check or options.device == "cuda":
        print(*lines, sep="\n")
    print(f"record: {out}")
    if options.curves and (rows := of_kind(record["pieces"], "curve")):
        print(f"curves: {draw(rows, out.with_name(f'{out.stem}_curves.png'))}")
    return 1 if options.check and not met else 0


def _held_to(options: argparse.Namespace) -> int:
    """The same command in a process that is held to ``--isa``; returns its exit code."""
    wanted = ISAS[options.isa]
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        raise UserError(f"--isa {options.isa}: this processor has {target().name} at most")
    command = [sys.executable, __file__, *options.arguments]
    return subprocess.run(command, env={**os.environ, **wanted}, check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. 0: done; 1: a goal was missed (--assert); 2: bad input."""
    try:
        return run(read(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print(f"speed.py: {error}", file=sys.stderr)
        return 2
    except torch.cuda.OutOfMemoryError:
        print("speed.py: the GPU's memory is full; take a lower --batch-size", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("speed.py: stopped; the same command goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
