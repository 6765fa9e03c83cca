"""How long one bilevel step takes: fast supernet, plain supernet, rivals, the convolutions alone.

    python benchmarks/speed.py                    # C=16, N=5, batch 64, 32×32, fp32, on the CPU
    python benchmarks/speed.py --autodl CHECKOUT --naslib CHECKOUT --memory --assert
    python benchmarks/speed.py --curves --startup
    python benchmarks/speed.py --device cuda      # batch 64 and 256, fp32 and bf16, whole searches

One run races them all, step by step in turn (A B C A B C …), on the same random images, after
warm-up steps that are not counted. A ratio is the median of the rounds' own ratios, so what slows
the machine for a while slows both sides of it. benchmarks/README.md says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from racing.curves import draw
from racing.goals import verdict
from racing.gpu import measure_gpu
from racing.measure import measure
from racing.memory import own_rss
from racing.options import read
from racing.searches import own_search
from racing.tables import show, show_gpu
from rich.console import Console

from naslib_edd.allocator import keep_freed_memory
from naslib_edd.errors import UserError
from naslib_edd.files import write_text


def run(options: argparse.Namespace) -> int:
    """Measure, save, show; returns the exit code."""
    torch.set_num_threads(options.threads)
    if options.allocator == "keep" and not keep_freed_memory():
        options.allocator = "default"  # there is no glibc
    if options.memory_of:
        print(json.dumps(own_rss(options)))
        return 0
    if options.search_of:
        print(json.dumps(own_search(options)))
        return 0
    default = Path(__file__).parent / "results" / f"speed_{options.device}.json"
    out = Path(options.out) if options.out else default
    console = Console()
    if options.device == "cuda":
        record = measure_gpu(options, out, lambda line: print(line, flush=True))
        show_gpu(record, console)
    else:
        record = measure(options, console)
        write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        show(record, console)
    lines, met = verdict(record["goals"])
    if options.check and options.device == "cpu":  # a GPU's table ends with them
        print(*lines, sep="\n")
    print(f"record: {out}")
    if record.get("curves"):
        print(f"curves: {draw(record['curves'], out.with_name(f'{out.stem}_curves.png'))}")
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
