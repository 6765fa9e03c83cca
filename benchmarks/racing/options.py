"""The command line of ``benchmarks/speed.py``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import torch

from naslib_edd.errors import UserError
from racing.autodl import autodl_network
from racing.entrants import BASELINE, RIVALS, settings
from racing.naslib import search_space
from racing.shape import Shape

#: Name → what holds PyTorch and oneDNN to it, and with them the kernels.
ISAS = {
    "avx512": {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "plain": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
METHODS = (BASELINE, "edd_darts", "gdas", "ets_gdas")
_TITLE = (
    "How long one bilevel step takes: fast supernet, plain supernet, the rivals', and the "
    "convolutions alone."
)


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
    root = _Parser(prog="speed.py", description=_TITLE, allow_abbrev=False)
    number = root.add_argument
    number("--channels", type=_at_least(1), default=16, metavar="C")
    number("--cells", type=_at_least(1), default=5, metavar="N", help="cells a stage")
    number(
        "--batch-size", type=_at_least(2), metavar="B", help="default: 64; on a GPU 64, then 256"
    )
    number("--size", type=_at_least(4), default=32, help="of the images; a multiple of 4")
    number("--repeats", type=_at_least(1), default=7, help="rounds that count; default 7")
    number(
        "--sampled-repeats",
        type=_at_least(1),
        default=60,
        help="of methods that sample operations (GDAS), whose steps differ; default 60",
    )
    number("--warmup", type=_at_least(1), default=2, help="steps of each entrant that do not")
    number("--threads", type=_at_least(1), default=None, help="of the CPU; default: all cores")
    root.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    root.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    root.add_argument("--autodl", metavar="PATH", help="race a checkout of AutoDL-Projects, too")
    root.add_argument("--naslib", metavar="PATH", help="race a checkout of NASLib, too")
    root.add_argument(
        "--allocator",
        choices=("keep", "default"),
        default="keep",
        help="keep freed memory in the process, as searches do (default), or glibc's default",
    )
    root.add_argument(
        "--memory", action="store_true", help="CPU: peak memory, a process each (a GPU's is free)"
    )
    root.add_argument(
        "--curves", action="store_true", help="time and memory over N, batch and C, with a figure"
    )
    root.add_argument("--startup", action="store_true", help="time whole processes of the program")
    root.add_argument("--out", metavar="FILE", help="default: benchmarks/results/speed_DEVICE.json")
    root.add_argument(
        "--assert", dest="check", action="store_true", help="exit 1 if a goal is missed"
    )
    root.add_argument(
        "--auto", action="store_true", help="`search.kernels: auto` beside on and off, three shapes"
    )
    root.add_argument(
        "--isa",
        choices=list(ISAS),
        help="hold torch, oneDNN and the kernels to an instruction set (x86); default: the best",
    )
    number("--pieces", type=_at_least(1), metavar="K", help="stop after K pieces; a rerun goes on")
    # What --memory and the searches of a GPU start, a process each.
    root.add_argument("--memory-of", help=argparse.SUPPRESS)
    root.add_argument("--search-of", help=argparse.SUPPRESS)
    return root


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The checked options; raises UserError for what cannot be run."""
    options = parser().parse_args(arguments)
    options.arguments = list(arguments)
    options.methods = list(dict.fromkeys(options.methods))
    options.threads = options.threads or _cores()
    both = (64, 256) if options.device == "cuda" else (64,)
    options.batch_sizes = [options.batch_size] if options.batch_size else list(both)
    options.batch_size = options.batch_sizes[0]
    options.shape = Shape(options.channels, options.cells, options.batch_size, options.size)
    for method in options.methods:
        settings(method, "fast", options.shape)  # an unknown method ends here
    if options.size % 4:
        raise UserError(f"--size {options.size} is no multiple of 4: it is halved twice")
    if options.out is not None and Path(options.out).is_dir():
        raise UserError(f"--out {options.out} is a folder; name a file")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: PyTorch sees no CUDA device; use --device cpu")
    of_cpu = (options.curves, options.startup, options.auto, options.isa)
    if options.device == "cuda" and any(of_cpu):
        raise UserError(
            "--curves, --startup, --auto and --isa are of a CPU; leave them out with --device cuda"
        )
    options.rivals = [name for name in RIVALS if getattr(options, name) is not None]
    for rival in options.rivals:
        if not set(RIVALS[rival]) & set(options.methods):
            names = " or ".join(RIVALS[rival])
            raise UserError(f"--{rival} is raced against {names}; add it to --methods")
    if options.autodl is not None:
        autodl_network(Path(options.autodl))
    if options.naslib is not None:
        search_space(Path(options.naslib), options.shape)
    return options


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
