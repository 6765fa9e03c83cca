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
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import torch
from racing import cpu, gpu
from racing.compare import judge, measured, verdict
from racing.record import command, run_pieces, settings, surroundings
from racing.rivals import BASELINE, RIVALS, check_rival
from racing.show import draw, show
from racing.steps import Shape, settle
from rich.console import Console

from naslib_edd.errors import UserError
from naslib_edd.supernet.native.targets import target

#: Name → what holds PyTorch and oneDNN to it, and with them the kernels.
ISAS = {
    "avx512": {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "plain": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
METHODS = (BASELINE, "edd_darts", "gdas", "ets_gdas")


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
    first = (__doc__ or "").partition("\n")[0]
    root = _Parser(prog="speed.py", description=first, allow_abbrev=False)
    add, some = root.add_argument, _at_least(1)
    add("--channels", type=some, default=16, help="C")
    add("--cells", type=some, default=5, help="N, cells a stage")
    add("--batch-size", type=_at_least(2), help="default: 64; on a GPU 64, then 256")
    add("--size", type=_at_least(4), default=32, help="of the images; a multiple of 4")
    add("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    add("--repeats", type=some, default=7, help="rounds that count; default 7")
    words = "of methods that sample operations (GDAS), whose steps differ; default 60"
    add("--sampled-repeats", type=some, default=60, help=words)
    add("--warmup", type=some, default=2, help="steps of each entrant that do not; default 2")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    add("--threads", type=some, default=cores, help="of the CPU; default: all cores")
    add("--autodl", metavar="PATH", help="race a checkout of AutoDL-Projects, too")
    add("--naslib", metavar="PATH", help="race a checkout of NASLib, too")
    words = "CPU: peak memory, a process each (Linux; a GPU's is free)"
    add("--memory", action="store_true", help=words)
    words = "time and memory over N, batch and C, with a figure (Linux)"
    add("--curves", action="store_true", help=words)
    add("--startup", action="store_true", help="time whole processes of the program")
    words = "`search.kernels: auto` beside on and off, three shapes"
    add("--auto", action="store_true", help=words)
    words = "hold torch, oneDNN and the kernels to an instruction set (x86); default: the best"
    add("--isa", choices=list(ISAS), help=words)
    words = "keep freed memory in the process, as searches do (default), or glibc's default"
    add("--allocator", choices=("keep", "default"), default="keep", help=words)
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--pieces", type=some, help="stop after so many pieces; a rerun goes on")
    add("--assert", dest="check", action="store_true", help="exit 1 if a goal is missed")
    add("--out", metavar="FILE", help="default: benchmarks/results/speed_DEVICE.json")
    return root


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The checked options; raises UserError for what cannot be run."""
    options = parser().parse_args(arguments)
    on_gpu = options.device == "cuda"
    options.arguments = list(arguments)
    options.methods = list(dict.fromkeys(options.methods))
    both = [64, 256] if on_gpu else [64]
    options.batch_sizes = [options.batch_size] if options.batch_size else both
    options.batch_size = options.batch_sizes[0]
    options.shape = Shape(options.channels, options.cells, options.batch_size, options.size)
    options.rivals = [name for name in RIVALS if getattr(options, name) is not None]
    for method in options.methods:
        options.shape.config(method, "fast")  # an unknown method ends here
    if options.size % 4:
        raise UserError(f"--size {options.size} is no multiple of 4: it is halved twice")
    if options.out is not None and Path(options.out).is_dir():
        raise UserError(f"--out {options.out} is a folder; name a file")
    if on_gpu and not torch.cuda.is_available():
        raise UserError("--device cuda: PyTorch sees no CUDA device; use --device cpu")
    if on_gpu and (options.curves or options.startup or options.auto or options.isa):
        raise UserError(
            "--curves, --startup, --auto and --isa are of a CPU; leave them out with --device cuda"
        )
    for rival in options.rivals:
        if not set(RIVALS[rival]) & set(options.methods):
            names = " or ".join(RIVALS[rival])
            raise UserError(f"--{rival} is raced against {names}; add it to --methods")
        check_rival(rival, getattr(options, rival), options.shape)
    return options


def run(options: argparse.Namespace) -> int:
    """Measure, save, show; returns the exit code."""
    if options.isa and target().name != options.isa:
        return _held_to(options)
    options.allocator = "keep" if settle(options) else "default"
    on_gpu = options.device == "cuda"
    kind = "cuda" if on_gpu else f"cpu_{target().name}"
    default = Path(__file__).parent / "results" / f"speed_{kind}.json"
    out = Path(options.out) if options.out else default
    console = Console(width=None if sys.stdout.isatty() else 110)
    goals = gpu.aims(options.batch_sizes) if on_gpu else cpu.aims(options.methods)
    head = {"command": command(options), **surroundings(torch.device(options.device))}
    record = run_pieces(
        gpu.make_pieces(options) if on_gpu else cpu.make_pieces(options),
        lambda pieces: judge(goals, measured(pieces)),
        out,
        head=head,
        settings=settings(options, head),
        tell=partial(console.print, highlight=False, markup=False, soft_wrap=True),
        most=options.pieces,
    )
    show(record, console)
    lines, met = verdict(record["goals"])
    if options.check or on_gpu:
        print(*lines, sep="\n")
    print(f"record: {out}")
    rows = [piece for piece in record["pieces"].values() if piece["kind"] == "curve"]
    if options.curves and rows:
        print(f"curves: {draw(rows, out.with_name(f'{out.stem}_curves.png'))}")
    return 1 if options.check and not met else 0


def _held_to(options: argparse.Namespace) -> int:
    """The same command in a process that is held to ``--isa``; returns its exit code."""
    wanted = ISAS[options.isa]
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        raise UserError(f"--isa {options.isa}: this processor has {target().name} at most")
    again = [sys.executable, __file__, *options.arguments]
    return subprocess.run(again, env={**os.environ, **wanted}, check=False).returncode


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
