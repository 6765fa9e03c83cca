"""The epoch lines: aligned with their header, whatever the row holds."""

from __future__ import annotations

import io
import re

from rich.console import Console

from naslib_edd.engine.console import EpochLines


def lines(datasets: list[str]) -> EpochLines:
    return EpochLines(
        console=Console(file=io.StringIO(), width=200),
        epochs=50,
        statistics=["batch", "running"],
        datasets=datasets,
        searched="cifar100",
    )


def row(**values: object) -> dict[str, object]:
    return {
        "epoch": 7,
        "t": 0.00123,
        "d": None,
        "entropy": 0.5,
        "skip_count": 1,
        "none_count": 2,
        "net_val_acc_batch": 55.5,
        "net_val_acc_running": 100.0,
        "seconds": 12.34,
        **values,
    }


def test_values_end_under_their_headers() -> None:
    table = {
        "datasets": {
            "cifar10": {"val": {"value": 39.77, "rank": 9}, "test": {"value": 54.3, "rank": 15231}},
            "cifar100": {"val": {"value": 15.03, "rank": 8}, "test": {"value": None, "rank": None}},
        }
    }
    shown = lines(["cifar10", "cifar100"])
    header, line = shown.header(), shown.line(row(table=table))
    assert len(header) == len(line)
    ends = {match[0]: match.end() for match in re.finditer(r"\S+", header)}
    for word, value in (("t", "0.00123"), ("none", "2"), ("net/run", "100.00"), ("s", "12.3")):
        assert line[: ends[word]].endswith(f" {value}")
    # The rank is of the data set that was searched on; without a test accuracy, of validation.
    assert header.count("rank") == 1
    assert line[: header.index("rank") + 4].endswith(" 8")


def test_a_row_without_a_table_shows_dashes() -> None:
    shown = lines(["cifar10"])
    assert len(shown.line(row())) == len(shown.header())
    assert shown.line(row()).count("–") == 4  # d, val, test, rank


def test_header_and_warning_are_printed() -> None:
    shown = lines([])
    shown.show(row(warning="the cell is cut off"))
    shown.show(row())
    stream = shown.console.file
    assert isinstance(stream, io.StringIO)
    text = stream.getvalue()
    assert text.count("epoch") == 1
    assert "warning: the cell is cut off" in text
    assert len(text.splitlines()) == 4
