"""What a run on NASLib says when it begins, and what it writes and says at its end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from naslib_edd.config.loading import changed
from naslib_edd.config.methods import METHODS
from naslib_edd.engine.console import say
from naslib_edd.engine.provenance import Place
from naslib_edd.engine.start import changes
from naslib_edd.plugin import standins
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.fast import TiedSupernet
from naslib_edd.plugin.naslib_config import NaslibConfig
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.storage.record import Row, RunFolder
from naslib_edd.tables.compare import lines_of_others, other_tables


def announce(
    console: Console,
    config: NaslibConfig,
    optimizer: Any,
    folder: RunFolder,
    table: Any,
    data: Path | None,
    said: Sequence[str],
) -> None:
    """Say what is run, on which data and which table, and what there is to note."""
    ours, search = config.ours, config.ours.search
    lines = [
        f"{config.optimizer} on {config.space}, NASLib's Trainer, {ours.dataset}, "
        f"{search.epochs} epochs, seed {ours.seed}",
        f"table: {'none' if table is None else table.source}",
        f"writing to {folder.path}",
        *(f"note: {line}" for line in said),
    ]
    if isinstance(optimizer, Adapter):
        tied = isinstance(optimizer.supernet, TiedSupernet)
        network = "the fast supernet on its parameters" if tied else "the graph itself"
        told = changes(ours) if config.optimizer in METHODS else []
        lines[2:2] = [f"network: NASLib's graph, computed by {network}", *told, *optimizer.idle()]
    if data is not None:
        lines.append(
            f"images: NASLib's loaders on {data}; of our settings of images only batch_size and "
            "train_portion count, and no net_val_acc is recorded"
        )
    if standins.given():
        lines.append(f"stand-ins for what is not installed: {', '.join(standins.given())}")
    for line in lines:
        say(console, line)


def finish(
    console: Console,
    config: NaslibConfig,
    optimizer: Any,
    recorder: Recorder,
    folder: RunFolder,
    places: list[Place],
) -> Row:
    """Write and show the result: the final architecture, its accuracies and its table entry."""
    result: Row = {"optimizer": config.optimizer, "dataset": config.ours.dataset}
    result |= {"seed": config.ours.seed, "engine": "naslib", "epochs": len(recorder.rows)}
    if config.optimizer in METHODS:
        result["changed"] = changed(config.ours)
    wanted = ["arch_str", "ops", "index", "cells", "skip_count", "none_count", "warning", "table"]
    wanted += [f"net_val_acc_{kind}" for kind in recorder.statistics]
    last: Row = recorder.rows[-1] if recorder.rows else {}
    result |= {key: last[key] for key in wanted if key in last}
    if "index" in last:
        result |= other_tables(recorder.table, last["index"], named=config.ours.table)
    if recorder.images is not None:
        result["images"] = dict(recorder.images)
    test = None if recorder.queues is None else recorder.queues.data.test
    if test is not None:
        # Where the val half is limited, so is this: a trial run is to end soon.
        test = test.first(config.ours.search.limit_val)
        result["images"]["test"] = len(test)
        for kind in recorder.statistics:
            result[f"net_test_acc_{kind}"] = recorder.accuracy(test, kind)
    result["final"] = str(optimizer.get_final_architecture().get_hash())
    result["seconds"] = round(sum(row["seconds"] for row in recorder.rows), 3)
    result["ran_on"] = places
    folder.write_result(result)
    found = result.get("arch_str") or json.dumps(result.get("cells"))
    say(console, f"final architecture: {found}")
    for name, scores in (result.get("table") or {}).get("datasets", {}).items():
        texts = [f"{p} {scores[p]['value']}" for p in ("val", "test") if scores[p]["value"]]
        say(console, f"  table, {name}: {', '.join(texts)}")
    for text in lines_of_others(result):
        say(console, f"  {text}")
    return result
