"""What a person sees of a running search: a progress bar in the epoch, an aligned line after it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from naslib_edd.storage.literal import literal
from naslib_edd.tables.compare import ranked_dataset

Row = dict[str, Any]
Column = tuple[str, int]

#: Headers of the table's accuracies, by data set.
SHORT = {"cifar10": "C10", "cifar100": "C100", "imagenet16_120": "IN16", "digits": "dig"}


def say(console: Console, text: str, *, style: str | None = None) -> None:
    """Print a line as it is: square brackets are no markup, and control characters are shown."""
    console.print(
        literal(text), style=style, soft_wrap=True, highlight=False, markup=False, emoji=False
    )


class EpochLines:
    """One line an epoch, under a header that comes again now and then.

    Args:
        console: where to print.
        epochs: how many there will be.
        statistics: of the discretised network's accuracy, e.g. ``["batch", "running"]``.
        datasets: the table's, or none.
        searched: the data set of the search; the rank shown is on it, or on the table's first.
    """

    def __init__(
        self,
        *,
        console: Console,
        epochs: int,
        statistics: list[str],
        datasets: list[str],
        searched: str,
    ) -> None:
        self.console, self.epochs = console, epochs
        self.statistics, self.datasets = statistics, datasets
        self.ranked = ranked_dataset(datasets, searched)
        self._printed = 0

    def header(self) -> str:
        """Names of the columns: t and d of the epoch, E[H] after it, counts of skip and none."""
        columns = [
            f"{'epoch':>9}", f"{'t':>8}", f"{'d':>7}", f"{'E[H]':>6}", "skip", "none",
            *(f"{'net/' + kind[:3]:>8}" for kind in self.statistics),
        ]  # fmt: skip
        for name in self.datasets:
            columns += [f"{SHORT.get(name, name) + ' val':>8}", f"{'test':>6}"]
            columns += [f"{'rank':>6}"] * (name == self.ranked)
        return " ".join([*columns, f"{'s':>6}"])

    def line(self, row: Row) -> str:
        """The values of one record line, under the header's columns."""
        columns = [
            f"{row['epoch']:>4}/{self.epochs:<4}",
            _number(row.get("t"), 8, 5),
            _number(row.get("d"), 7, 4),
            _number(row.get("entropy"), 6, 3),
            _number(row.get("skip_count"), 4, 0),
            _number(row.get("none_count"), 4, 0),
            *(_number(row.get(f"net_val_acc_{kind}"), 8, 2) for kind in self.statistics),
        ]
        found = (row.get("table") or {}).get("datasets", {})
        for name in self.datasets:
            val, test = (found.get(name, {}).get(part, {}) for part in ("val", "test"))
            columns += [_number(val.get("value"), 8, 2), _number(test.get("value"), 6, 2)]
            if name == self.ranked:
                rank = test.get("rank") if test.get("rank") is not None else val.get("rank")
                columns.append(_number(rank, 6, 0))
        return " ".join([*columns, f"{row['seconds']:>6.1f}"])

    def show(self, row: Row) -> None:
        """Print the line of one epoch, and a warning where the cell has collapsed."""
        if self._printed % 25 == 0:
            say(self.console, self.header(), style="bold")
        self._printed += 1
        say(self.console, self.line(row))
        if row.get("warning"):
            say(self.console, f"  warning: {row['warning']}", style="yellow")


class StepBar:
    """A progress bar over the steps of an epoch; it draws only where there is a terminal."""

    def __init__(self, *, console: Console, steps: int) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.steps = steps
        self._task: TaskID | None = None

    def begin(self, epoch: int, step: int) -> None:
        """Begin (or go on with) an epoch."""
        if self._task is not None:
            self.progress.remove_task(self._task)
        self._task = self.progress.add_task(
            f"epoch {epoch + 1}", total=self.steps, completed=step, loss="…"
        )

    def advance(self, loss: float | None) -> None:
        """One step is done; ``loss`` where it was read, which is seldom."""
        assert self._task is not None
        if loss is None:
            self.progress.advance(self._task)
        else:
            self.progress.update(self._task, advance=1, loss=f"{loss:.3f}")

    def __enter__(self) -> StepBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: ``1:02:03``, ``2:03``.

    >>> duration(3723.4), duration(62)
    ('1:02:03', '1:02')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
