"""What a run found: its final record, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from naslib_edd.config.loading import changed
from naslib_edd.engine.baselines import TableSearch
from naslib_edd.engine.console import say
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.start import TABLES_OF
from naslib_edd.storage.record import Row
from naslib_edd.tables.compare import lines, other_tables, standing

if TYPE_CHECKING:
    from naslib_edd.data import SearchData
    from naslib_edd.tables import Table

_KEYS = ("arch_str", "ops", "index", "skip_count", "none_count", "warning", "table")
_KEYS_OF_FLOORS = ("queries", "scored", "steered_by", "query_val_acc", "proxy_score")


def final_result(
    engine: Engine | TableSearch, rows: Sequence[Row], table: Table | None = None
) -> Row:
    """What ``result.json`` holds: the last row's architecture, and how good it is on the images."""
    last, data = rows[-1], engine.data
    dataset = engine.config.dataset.lower() if data is None else data.name
    result: Row = {"optimizer": engine.config.optimizer, "dataset": dataset}
    result |= {"seed": engine.config.seed, "epochs": engine.epoch}
    result["changed"] = changed(engine.config)
    if data is not None:
        result["images"] = images_of(data)
        if data.class_names is not None:
            result["class_names"] = list(data.class_names)
    result |= {key: last[key] for key in (*_KEYS, *_KEYS_OF_FLOORS) if key in last}
    if table is not None:
        result["standing"] = standing(
            table, last["index"], searched=dataset, lookups=last.get("queries", engine.epoch)
        )
    if engine.space.name == TABLES_OF:
        result |= other_tables(table, last["index"], named=engine.config.table)
    if isinstance(engine, Engine):
        for kind in engine.eval_statistics():
            result[f"net_val_acc_{kind}"] = last[f"net_val_acc_{kind}"]
            test = engine.data.test
            if test is not None:
                accuracy = engine.accuracy(test, tuple(last["ops"]), kind)
                result[f"net_test_acc_{kind}"] = accuracy
    result["seconds"] = round(sum(row["seconds"] for row in rows), 3)
    return result


def images_of(data: SearchData) -> Row:
    """How many images a search had, and how the files are where checksums are published."""
    images: Row = {"train": len(data.train), "val": len(data.val)}
    if data.checksum is not None:
        images["checksum"] = data.checksum
    if data.differing:
        images["differing"] = list(data.differing)
    return images


def show_result(console: Console, engine: Engine | TableSearch, result: Row) -> None:
    """Say what was found."""
    number = result["index"]
    say(console, "final architecture" + ("" if number is None else f": index {number}"))
    say(console, f"  {result['arch_str']}")
    if isinstance(engine, Engine):
        for kind in engine.eval_statistics():
            test = result.get(f"net_test_acc_{kind}")
            say(
                console,
                f"  discretised network, shared weights, {kind} statistics: "
                f"val {result[f'net_val_acc_{kind}']:.2f} %"
                + ("" if test is None else f", test {test:.2f} %")
                + f" (chance {100 / engine.data.classes:.1f} %)",
            )
    for text in lines(result):
        say(console, f"  {text}")
