"""How long one bilevel step takes: fast supernet, plain supernet, and the convolutions alone.

    python benchmarks/speed.py                    # C=16, N=5, batch 64, 32×32, fp32, on the CPU
    python benchmarks/speed.py --autodl CHECKOUT --memory --assert

One run races them all, step by step in turn (A B C A B C …), on the same random images, after
warm-up steps that are not counted. A ratio is the median of the rounds' own ratios, so what slows
the machine for a while slows both sides of it. benchmarks/README.md says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import torch
from racing.compare import judge, show
from racing.entrants import BASELINE, autodl_network, settings
from racing.measure import measure, own_rss
from racing.shape import Shape
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.files import write_text


class _Parser(argparse.ArgumentParser):
    """argparse, but that its errors look like all others here: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see --help")


def _at_least(least: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {least} or more")
        return int(text)

    return count


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    root = _Parser(prog="speed.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    number = root.add_argument
    number("--channels", type=_at_least(1), default=16, metavar="C")
    number("--cells", type=_at_least(1), default=5, metavar="N", help="cells a stage")
    number("--batch-size", type=_at_least(2), default=64, metavar="B")
    number("--size", type=_at_least(4), default=32, help="of the images; a multiple of 4")
    number("--repeats", type=_at_least(1), default=7, help="rounds that count")
    number("--warmup", type=_at_least(1), default=2, help="steps of each entrant that do not")
    number("--threads", type=_at_least(1), default=None, help="of the CPU; default: all cores")
    root.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    root.add_argument("--methods", nargs="+", default=[BASELINE, "edd_darts"], metavar="METHOD")
    root.add_argument("--autodl", metavar="PATH", help="race a checkout of AutoDL-Projects, too")
    root.add_argument(
        "--memory", action="store_true", help="CPU: peak memory, a process each (a GPU's is free)"
    )
    root.add_argument("--out", metavar="FILE", help="default: benchmarks/results/speed_DEVICE.json")
    root.add_argument(
        "--assert", dest="check", action="store_true", help="exit 1 if a goal on the CPU is missed"
    )
    root.add_argument("--memory-of", help=argparse.SUPPRESS)  # what --memory starts
    return root


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The checked options; raises UserError for what cannot be run."""
    options = parser().parse_args(arguments)
    options.arguments = list(arguments)
    options.methods = list(dict.fromkeys(options.methods))
    options.threads = options.threads or _cores()
    sizes = (options.channels, options.cells, options.batch_size, options.size)
    options.shape = Shape(*sizes)
    for method in options.methods:
        settings(method, "fast", options.shape)  # an unknown method ends here
    if options.size % 4:
        raise UserError(f"--size {options.size} is no multiple of 4: it is halved twice")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: PyTorch sees no CUDA device; use --device cpu")
    if options.device == "cuda" and options.check:
        raise UserError("--assert checks the goals of a CPU; leave it out with --device cuda")
    if options.autodl is not None:
        if BASELINE not in options.methods:
            raise UserError(f"--autodl is raced against {BASELINE}; add it to --methods")
        autodl_network(Path(options.autodl))
    return options


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(options: argparse.Namespace) -> int:
    """Measure, save, show; returns the exit code."""
    torch.set_num_threads(options.threads)
    if options.memory_of:
        print(json.dumps(own_rss(options)))
        return 0
    default = Path(__file__).parent / "results" / f"speed_{options.device}.json"
    out = Path(options.out) if options.out else default
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; name a file")
    console = Console()
    record = measure(options, console)
    write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    show(record, console)
    lines, met = judge(record["ratios"])
    if options.check:
        print(*lines, sep="\n")
        if options.autodl is None:
            print("        plain / AutoDL: not measured, --autodl was not given")
    print(f"record: {out}")
    return 1 if options.check and not met else 0


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
        print("speed.py: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
