"""Make the built-in NAS-Bench-201 table and its card from any file that the package reads.

    python benchmarks/build_nb201_table.py TABLE            # writes nb201.npz and NB201.md
    python benchmarks/build_nb201_table.py TABLE --check    # compares, and writes nothing

TABLE: the official .pth, a NATS-Bench folder, or a compact .npz. Latencies are left out: their
publisher gives no licence. Every value is decoded again and compared, bit for bit, before a file
is written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import cost as nb201_cost
from naslib_edd.storage.files import write_text
from naslib_edd.tables import Table, noise, packed, packing
from naslib_edd.tables.columns import is_column
from naslib_edd.tables.locate import built_in

_ABOUT = {
    "name": "NAS-Bench-201",
    "source": "Xuanyi Dong and Yi Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural "
    "Architecture Search, ICLR 2020",
    "licence": "MIT, copyright (c) Xuanyi Dong",
    "card": "NB201.md",
}
_NOTES = {
    "cifar10.train_time_s": "the benchmark's estimate: 200 times the mean epoch of its run of 12"
} | {
    f"{name}.flops_M": "counted, not the benchmark's own: multiply-adds of convolutions and of the "
    "linear layer"
    for name in ("cifar10", "cifar100", "imagenet16_120")
}
_CARD = Path(__file__).with_name("nb201_card.md.in")


def main() -> int:
    """Build, or compare."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("table", help="the file to build from")
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("--out", default=None, help="the .npz to write (the built-in one)")
    options = arguments.parse_args()
    try:
        return _run(options)
    except UserError as error:
        print(f"build_nb201_table: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    target = Path(options.out) if options.out else built_in("nb201")
    assert target is not None
    table = Table.open(options.table)
    arrays = {name: table.column(name) for name in table.columns}
    if not options.check:
        arrays["n_seeds"] = table.column("n_seeds")
        sizes = packing.write(
            arrays, target, about=_ABOUT, notes=_notes(table), missing=_missing(table)
        )
        for name, size in sizes.items():
            print(f"{name:<36} {size:>7} bytes")
    _compare(table, target)
    print(f"{target}: {target.stat().st_size} bytes, equal to {table.source} to the last bit")
    if not options.check:
        print(write_text(target.with_name(f"{target.stem.upper()}.md"), _card(target)))
    return 0


def _notes(table: Table) -> dict[str, str]:
    formula = not any(name.endswith("flops_M_reported") for name in table.columns)
    return _NOTES if formula else {}


def _missing(table: Table) -> dict[str, str]:
    return {"cifar10.test_seeds": "the source has the mean of CIFAR-10's test accuracy alone"}


def _compare(table: Table, target: Path) -> None:
    """Every value of the file against the source's.

    Raises:
        UserError: one differs.
    """
    built = packed.read(target).arrays
    for name in (*filter(is_column, table.columns), "n_seeds"):
        if name not in built or not np.array_equal(
            built[name], table.column(name), equal_nan=name != "n_seeds"
        ):
            raise UserError(f"{target} has other values of {name} than {table.source}")


def _card(target: Path) -> str:
    table = Table.open(target)
    seeds, counts = np.unique(table.column("n_seeds"), return_counts=True)
    gaps = []
    for dataset in ("cifar100", "imagenet16_120"):
        derived = np.nanmean(table.column(f"{dataset}__test_seeds_derived"), axis=1)
        gaps.append(np.abs(derived - table.column(f"{dataset}__test")))
    rows, complete = [], 0
    for dataset, split in (
        ("cifar10", "val"),
        ("cifar100", "val"),
        ("cifar100", "test"),
        ("imagenet16_120", "val"),
        ("imagenet16_120", "test"),
    ):
        prefix = "cifar10_valid" if dataset == "cifar10" else dataset
        name = f"{prefix}__{split}_seeds"
        values = table.column(name if name in table.arrays else f"{name}_derived")
        values = values[np.isfinite(values).all(axis=1)]
        complete = len(values)
        found = noise.noise(values)
        rows.append(
            f"| `{prefix}__{split}` | {found.seed_std:.2f} | {found.seed_std_top:.2f} | "
            f"{found.regret_band:.2f} | {noise.reliability(values):.4f} | "
            f"{noise.reliability_of_the_top(values):.3f} |"
        )
    images = packing.IMAGES
    wrong = np.concatenate(gaps) > 1e-6
    return _CARD.read_text("utf-8").format(
        size=f"{target.stat().st_size:,}",
        val_images=_listed(images[name, "val"] for name in packing.NETWORKS),
        test_images=_listed(
            images[name, "test"] for name in ("cifar10", "cifar100", "imagenet16_120")
        ),
        disagreeing=f"{wrong.sum()} of {wrong.size:,} values",
        disagreement=float(np.concatenate(gaps).max()),
        seeds=", ".join(f"{n} of {m:,}" for n, m in zip(seeds, counts, strict=True)),
        miscounted=len(nb201_cost.MISCOUNTED),
        complete=f"{complete:,}",
        noise="\n".join(rows),
    )


def _listed(numbers: object) -> str:
    return ", ".join(f"{number:,}" for number in numbers)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
