"""Retrain some entries of the table and compare: bit for bit, or within the noise of the seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Console

from digits_table.classes import classes
from digits_table.digits import Protocol, Training, train
from digits_table.records import versions
from naslib_edd.errors import UserError
from naslib_edd.tables import Table

#: What has to be equal for the same bits to be expected.
_KIND = ("torch", "processor")
#: A retrained value is another draw of the same noise. So many standard deviations of the
#: difference of two draws are allowed to one entry, and to the root mean square of all.
_ONE, _ALL = 5.0, 1.6


@dataclass(frozen=True)
class Compared:
    """One entry: what the table has and what training it again gave, % accuracy."""

    index: int
    seed: int
    val: tuple[float, float]
    test: tuple[float, float]

    @property
    def equal(self) -> bool:
        """To the last bit that the table keeps."""
        return all(np.float32(old) == np.float32(new) for old, new in (self.val, self.test))


def check(
    count: int,
    *,
    seed: int = 0,
    device: str = "cpu",
    table: Table | None = None,
    console: Console | None = None,
) -> int:
    """Retrain ``count`` random entries; 0 if they agree with the table, else 1.

    Args:
        count: how many, each of a random trained architecture and a random seed of the table.
        seed: of that choice.
        device: where to train.
        table: the built-in one by default.
        console: where to print.
    """
    table, console = table or Table.open("digits"), console or Console()
    entries = draw(table, count, seed=seed)
    compared = retrain(table, entries, device=device)
    noise = table.noise("digits", "test")
    sigma = float("inf") if noise is None else np.sqrt(2) * noise.seed_std
    differences = np.array([entry.test[1] - entry.test[0] for entry in compared])
    console.print(f"{'index':>6} {'seed':>4} {'table %':>8} {'again %':>8} {'of σ':>6}")
    for entry, difference in zip(compared, differences, strict=True):
        console.print(
            f"{entry.index:>6} {entry.seed:>4} {entry.test[0]:>8.3f} {entry.test[1]:>8.3f} "
            + ("  same bits" if entry.equal else f"{difference / sigma:>6.2f}")
        )
    equal = sum(entry.equal for entry in compared)
    far = int((np.abs(differences) > _ONE * sigma).sum())
    spread = float(np.sqrt((differences**2).mean()) / sigma)
    console.print(
        f"{equal} of {len(compared)} to the bit; root mean square of the differences "
        f"{spread:.2f} of what other seeds would give (at most {_ALL}); {far} beyond {_ONE:g}",
        soft_wrap=True,
    )
    same_kind = device == "cpu" and all(versions()[item] == table.about.get(item) for item in _KIND)
    if noise is None:
        console.print("the table has one seed, so its noise is not known: only equal bits count")
        return 1 if equal < len(compared) else 0
    if same_kind and equal < len(compared):
        console.print("the table was made by this PyTorch on this processor: all should be equal")
        return 1
    return 1 if far or spread > _ALL else 0


def draw(table: Table, count: int, *, seed: int) -> list[tuple[int, int]]:
    """Random (index, seed) of the table's trainings, no two alike."""
    indices, seeds = classes().representatives, table.about["seeds"]
    if count > len(indices) * len(seeds):
        raise UserError(f"the table has {len(indices) * len(seeds)} entries; {count} asked for")
    chosen = np.random.default_rng(seed).choice(
        len(indices) * len(seeds), size=count, replace=False
    )
    return [(int(indices[pick // len(seeds)]), int(seeds[pick % len(seeds)])) for pick in chosen]


def retrain(table: Table, entries: list[tuple[int, int]], *, device: str = "cpu") -> list[Compared]:
    """Train the entries again, those of a seed side by side; in order of seed."""
    protocol = Protocol(**table.about["protocol"])
    found = []
    for seed in sorted({seed for _, seed in entries}):
        indices = [index for index, of in entries if of == seed]
        found += [
            compared(table, training)
            for training in train(indices, seed=seed, protocol=protocol, device=device)
        ]
    return found


def compared(table: Table, training: Training) -> Compared:
    """A training beside the table's entry of it."""
    column = table.about["seeds"].index(training.seed)
    val, test = (
        float(table.column(f"digits__{split}_seeds")[training.index, column])
        for split in ("val", "test")
    )
    return Compared(training.index, training.seed, (val, training.val), (test, training.test))
