"""The command line of ``benchmarks/speed.py``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import torch

from naslib_edd.errors import UserError
from racing.entrants import BASELINE, RIVALS, config
from racing.rivals import check_rival
from racing.shape import Shape

#: Name → what holds PyTorch and oneDNN to it, and with them the kernels.
ISAS = {
    "avx512": {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "plain": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
METHODS = (BASELINE, "edd_darts", "gdas", "ets_gdas")
#: Option → its default, the least that it takes, and its help.
NUMBERS = {
    "channels": (16, 1, "C"),
    "cells": (5, 1, "N, cells a stage"),
    "batch-size": (None, 2, "default: 64; on a GPU 64, then 256"),
    "size": (32, 4, "of the images; a multiple of 4"),
    "repeats": (7, 1, "rounds that count; default 7"),
    "sampled-repeats": (60, 1, "of methods that sample operations (GDAS), whose steps differ; 60"),
    "warmup": (2, 1, "steps of each entrant that do not"),
    "threads": (None, 1, "of the CPU; default: all cores"),
    "pieces": (None, 1, "stop after so many pieces; a rerun goes on"),
}
FLAGS = {
    "memory": "CPU: peak memory, a process each (Linux; a GPU's is free)",
    "curves": "time and memory over N, batch and C, with a figure",
    "startup": "time whole processes of the program",
    "auto": "`search.kernels: auto` beside on and off, three shapes",
}


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
    root = _Parser(
        prog="speed.py",
        description="How long one bilevel step takes: fast supernet, plain supernet, the rivals', "
        "and the convolutions alone.",
        allow_abbrev=False,
    )
    for name, (default, least, words) in NUMBERS.items():
        root.add_argument(f"--{name}", type=_at_least(least), default=default, help=words)
    for name, words in FLAGS.items():
        root.add_argument(f"--{name}", action="store_true", help=words)
    add = root.add_argument
    add("--assert", dest="check", action="store_true", help="exit 1 if a goal is missed")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    add("--autodl", metavar="PATH", help="race a checkout of AutoDL-Projects, too")
    add("--naslib", metavar="PATH", help="race a checkout of NASLib, too")
    words = "keep freed memory in the process, as searches do (default), or glibc's default"
    add("--allocator", choices=("keep", "default"), default="keep", help=words)
    words = "hold torch, oneDNN and the kernels to an instruction set (x86); default: the best"
    add("--isa", choices=list(ISAS), help=words)
    add("--out", metavar="FILE", help="default: benchmarks/results/speed_DEVICE.json")
    return root


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The checked options; raises UserError for what cannot be run."""
    options = parser().parse_args(arguments)
    options.arguments = list(arguments)
    options.methods = list(dict.fromkeys(options.methods))
    options.threads = options.threads or _cores()
    both = [64, 256] if options.device == "cuda" else [64]
    options.batch_sizes = [options.batch_size] if options.batch_size else both
    options.batch_size = options.batch_sizes[0]
    options.shape = Shape(options.channels, options.cells, options.batch_size, options.size)
    for method in options.methods:
        config(method, "fast", options.shape)  # an unknown method ends here
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
        check_rival(rival, getattr(options, rival), options.shape)
    return options


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
