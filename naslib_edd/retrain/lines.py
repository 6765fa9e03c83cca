"""What a person sees of a training: a line an epoch, with the time that is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from naslib_edd.engine.console import duration, say

Row = dict[str, Any]


def left(rows: Sequence[Row], epochs: int) -> float:
    """Seconds that the other epochs will take, by the last ten."""
    last = [row["seconds"] for row in rows[-10:]]
    return sum(last) / max(len(last), 1) * (epochs - len(rows))


class Lines:
    """One line an epoch, under a header that comes again now and then.

    Args:
        console: where to print.
        epochs: how many there will be.
        val: whether there are validation images.
    """

    def __init__(self, *, console: Console, epochs: int, val: bool) -> None:
        self.console, self.epochs, self.val = console, epochs, val
        self._printed = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Print the line of the last of the rows."""
        row = rows[-1]
        if self._printed % 25 == 0:
            names = ["val"] * self.val + ["test"]
            head = f"{'epoch':>9} {'rate':>8} {'loss':>8} {'train':>7} "
            say(
                self.console,
                head + " ".join(f"{name:>7}" for name in names) + f" {'s':>7} {'left':>9}",
                style="bold",
            )
        self._printed += 1
        columns = [
            f"{row['epoch']:>4}/{self.epochs:<4}",
            f"{row['learning_rate']:>8.5f}",
            f"{row['train_loss']:>8.4f}",
            f"{row['train_acc']:>7.2f}",
        ]
        for name in ["val_acc"] * self.val + ["test_acc"]:
            columns.append(f"{'–':>7}" if row[name] is None else f"{row[name]:>7.2f}")
        columns += [f"{row['seconds']:>7.1f}", f"{duration(left(rows, self.epochs)):>9}"]
        say(self.console, " ".join(columns))
