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
from naslib_edd.files import write_text
from naslib_edd.spaces import nb201_cost
from naslib_edd.tabular import Table, noise, packed, packing
from naslib_edd.tabular.columns import is_column
from naslib_edd.tabular.locate import built_in

_ABOUT = {
    "name": "NAS-Bench-201",
    "source": "Xuanyi Dong and Yi Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural "
    "Architecture Search, ICLR 2020",
    "licence": "MIT, copyright (c) Xuanyi Dong",
    "card": "NB201.md",
}
_NOTES = {
    f"{name}.flops_M": "counted, not the benchmark's own: multiply-adds of convolutions and of the "
    "linear layer"
    for name in ("cifar10", "cifar100", "imagenet16_120")
}
_CARD = """# NAS-Bench-201, the built-in table

*Written by `benchmarks/build_nb201_table.py`; the numbers are computed from the table.*

The accuracies, times and sizes of all 15,625 cells of NAS-Bench-201 (Xuanyi Dong and Yi Yang,
ICLR 2020), as `Table.open("nb201")`, `naslib-edd query` and a search on CIFAR-10, CIFAR-100 or
ImageNet16-120 use them unless told otherwise. MIT licence, copyright (c) Xuanyi Dong: see NOTICE.
Nothing here was trained again by us.

{size} bytes. Packed without loss: an accuracy is stored as the number of right images and what
float32 left of the last batch, and comes back to the last bit of the float64 that the source has
([how](packed.py)). Opening checks a SHA-256.

## Columns

`<dataset>__<metric>`, a row an architecture, in the benchmark's order. CIFAR-10 was trained on twice:
`cifar10_valid` on half of the training images (its other half is the validation set), `cifar10` on
all of them.

| column | what it is |
| --- | --- |
| `cifar10_valid__val`, `cifar100__val`, `imagenet16_120__val` | validation accuracy, %, after 200 epochs, mean over the seeds; {val_images} images |
| `cifar10__test`, `cifar100__test`, `imagenet16_120__test` | test accuracy, likewise; {test_images} images. CIFAR-10's is of the runs on all training images |
| `…__val_seeds` | of each run, NaN where there is no third |
| `cifar100__valtest_seeds`, `imagenet16_120__valtest_seeds` | of each run, on the whole original test set (validation and test half) |
| `…__test_seeds_derived` | 2 · valtest − val. Its mean agrees with `…__test` but for {disagreeing} (by up to {disagreement:.3f} points): the evaluations were not one and the same pass |
| `…__val_ep12`, `cifar10__test_ep12`, … | of the runs of 12 epochs: trained by themselves, with a learning rate that falls to 0 in 12 epochs. Not the 12th of 200 |
| `n_seeds` | runs of 200 epochs: {seeds} |
| `cifar10_valid__train_time_200ep_s` | seconds of a run of 200 epochs on 25,000 images |
| `cifar100__…`, `imagenet16_120__train_time_200ep_s` | **estimates of the benchmark**: 2.000 and 6.068 times CIFAR-10's on every row, as the numbers of training images are. Nothing was timed |
| `…__params_M_reported` | millions of parameters as the benchmark's file has them; off by one edge's convolutions for {miscounted} architectures (`nb201_cost.MISCOUNTED`). Answers say so |
| `…__params_M_formula` | as counted |
| `…__flops_M_formula` | millions of multiply-adds of convolutions and linear layer, counted; the benchmark's own are not in the source |

Not in it: CIFAR-10's test accuracy of single runs (the source has the mean alone), losses, training
accuracies, and curves between the epochs. Latencies on devices (27, HELP: Lee et al. 2021) come
without a licence, so they are read from a file of yours: `naslib-edd query ARCH --latency DEVICE
--latencies FILE`.

## Noise between seeds

Of the {complete} architectures with three runs.

| column | std of a seed | of the top half | band | reliability of the mean | top half |
| --- | ---: | ---: | ---: | ---: | ---: |
{noise}

- *std of a seed*: standard deviation of one training, pooled over architectures, in points; *of the
  top half*: over the better half of them.
- *band*: 1.96 · √(2 / 3) · std of the top half. A smaller difference between two architectures of
  the better half, or a smaller regret, may well be chance.
- *reliability*: Spearman's correlation between seeds, stepped up to three by Spearman and Brown;
  *top half*: among the better half by the third seed.
- The best values are partly luck: the maximum of many noisy means is too high.

## Compare it with the official file

```bash
naslib-edd table check NAS-Bench-201-v1_1-096897.pth   # or a NATS-tss …-simple folder
```
"""


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
    return _CARD.format(
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
