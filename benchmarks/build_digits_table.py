r"""Build NB201-Digits: train every unique cell of the space on noisy digits, and make the table.

    python benchmarks/build_digits_table.py --seeds 4 --processes 2     # train, or go on
    python benchmarks/build_digits_table.py --assemble                  # records to table and card
    python benchmarks/build_digits_table.py --check 20                  # retrain some, compare

The records go to --records, outside git; the table and its card into the package. The protocol is
that of benchmarks/digits_table/digits.py. Kill it whenever you like: the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Before torch is imported: each process is to use one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from digits_table.build import build
from digits_table.records import Records

from naslib_edd.errors import UserError

#: Quoted by the README.
_SUMMARY = Path(__file__).parent / "results" / "digits" / "noise.md"


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a check or a process failed, 2 bad input."""
    options = _parser().parse_args(arguments)
    try:
        if options.check is not None:
            from digits_table.check import check

            return check(options.check, seed=options.seed, device=options.device)
        if options.assemble:
            from digits_table.assemble import assemble

            own = options.table is None
            assemble(Records(options.records), options.table, for_readme=_SUMMARY if own else None)
            return 0
        failed = build(
            Records(options.records),
            range(options.seeds),
            processes=options.processes,
            size=options.chunk,
            device=options.device,
            limit=options.limit,
            polite=options.polite,
        )
        return 1 if failed else 0
    except UserError as error:
        print(f"build_digits_table: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--seeds", type=_count, default=4, help="train every architecture with so many seeds (4)")
    add("--processes", type=_count, default=os.cpu_count() or 1, help="at once (all cores)")
    add("--chunk", type=_count, default=32, help="architectures trained side by side (32)")
    add("--device", default="cpu", help="cpu or cuda (there: one process, --chunk 1024)")
    add("--limit", type=_count, help="only so many architectures, to try it out")
    add("--polite", action="store_true", help="only one process at normal priority")
    add("--records", type=Path, default=Path("runs/nb201_digits"), help="where the records are")
    add("--assemble", action="store_true", help="make the table of the records, train nothing")
    add("--table", type=Path, help="where --assemble writes it (into the package)")
    add("--check", type=_count, metavar="N", help="retrain N entries and compare with the table")
    add("--seed", type=int, default=0, help="which entries --check draws (0)")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
