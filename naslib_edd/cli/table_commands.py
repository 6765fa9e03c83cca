"""What ``naslib-edd query`` and ``naslib-edd table`` print. Needs no PyTorch, nor rich."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import (
    ops_to_index,
)
from naslib_edd.spaces.nb201.forms import to_ops
from naslib_edd.storage.literal import LONGEST_VALUE, literal
from naslib_edd.tables.choice import Limits
from naslib_edd.tables.columns import dataset_name
from naslib_edd.tables.query import default_table
from naslib_edd.tables.record import Record
from naslib_edd.tables.remarks import CLASSES, true_flops, true_parameters
from naslib_edd.tables.table import Table


def query(
    arch: str,
    path: str | None,
    *,
    epochs: int = 200,
    seeds: bool = False,
    device: str | None = None,
    latencies: str | None = None,
    as_json: bool,
) -> int:
    """Print one architecture's record; with ``seeds`` each run, with ``device`` its latency."""
    index = ops_to_index(to_ops(arch))
    table = default_table(path).at(epochs)
    record = table.query(index)
    runs = table.seeds(index) if seeds else None
    latency = None
    if device is not None:
        found = table.latencies(latencies)
        value = float(found.of(device)[index])
        latency = {"device": device, "ms": value if math.isfinite(value) else None}
    if as_json:
        extra: dict[str, Any] = {
            "epochs": epochs,
            "warning": record.warning,
            "counted": _counted(record),
        }
        extra |= {} if runs is None else {"seeds": runs}
        extra |= {} if latency is None else {"latency": latency}
        print(json.dumps(record.as_dict() | extra, allow_nan=False))
        return 0
    print(f"index {record.index}")
    print(f"{record.arch_str}\n")
    if epochs != 200:
        print(f"Runs of {epochs} epochs; ranks are among themselves.")
    _print_record(record)
    if runs is not None:
        _print_runs(record, runs)
    if latency is not None:
        print(f"latency on {literal(device or '')}: {_number(latency['ms'], 0, 3)} ms")
    if record.warning:
        print(f"warning: {record.warning}")
    return 0


def info(path: str | None, *, as_json: bool) -> int:
    """Print what a table holds."""
    found = default_table(path).info()
    if as_json:
        print(json.dumps(found, allow_nan=False))
        return 0
    print(
        f"{literal(found['source'])}: {found['format']}, {found['architectures']} of {found['of']}"
    )
    print(f"\n{'data set':<16} {'split':<5} {'known':>6} {'best %':>8} {'index':>6}")
    for name, splits in found["datasets"].items():
        for split, best in splits.items():
            value = _number(best["best"], 8, 3)
            index = "–" if best["best_index"] is None else best["best_index"]
            print(f"{literal(name):<16} {split:<5} {best['architectures']:>6} {value} {index:>6}")
    print("\ncolumns: " + _list(found["columns"]))
    _print_noise(found["about"])
    if found["other_arrays"]:
        print("other arrays: " + _list(found["other_arrays"]))
    for label in ("missing", "notes"):
        for field, why in found[label].items():
            print(literal(f"{label}: {field}: {why}"))
    return 0


def best(
    path: str | None,
    dataset: str | None,
    split: str,
    top: int,
    *,
    epochs: int = 200,
    limits: Limits = Limits(),  # noqa: B008  # a tuple
    device: str | None = None,
    latencies: str | None = None,
    as_json: bool,
) -> int:
    """Print the best architectures of one accuracy within limits."""
    if top < 1:
        raise UserError(f"--top {top}: ask for 1 architecture or more")
    table = default_table(path).at(epochs)
    name = _dataset(table, dataset)
    order = table.ranking(name, split, limits, device=device, latencies=latencies)
    if not order:
        raise UserError(f"no architecture of {table.source} keeps the limits {limits.text()}")
    records = [table.query(index) for index in order[:top]]
    if as_json:
        print(json.dumps([record.as_dict() for record in records], allow_nan=False))
        return 0
    kept = "" if limits == Limits() else f" with {limits.text()}"
    print(f"{literal(name)}, {split}: best of {len(order)} architectures{kept}")
    print(f"{'rank':>5} {'index':>6} {'val %':>8} {'test %':>8} {'params M':>9}  architecture")
    for record in records:
        of = record.datasets[name]
        rank = getattr(of, split).rank
        row = f"{_number(of.val.value, 8, 3)} {_number(of.test.value, 8, 3)}"
        row += f" {_number(of.params_M, 9, 4)}"
        print(f"{rank:>5} {record.index:>6} {row}  {record.arch_str}")
    return 0


def pareto(
    path: str | None,
    dataset: str | None,
    split: str,
    cost: str,
    *,
    epochs: int = 200,
    device: str | None = None,
    latencies: str | None = None,
    out: str | None = None,
    as_json: bool,
) -> int:
    """Print the Pareto front of accuracy against a cost; draw it into ``out``."""
    table = default_table(path).at(epochs)
    name = _dataset(table, dataset)
    costs = table.cost(name, cost, device=device, latencies=latencies)
    records = table.pareto(name, split, cost, device=device, latencies=latencies)
    if out is not None:
        from naslib_edd.report.front import LABELS, draw_front

        label = LABELS[cost] + (f" ({device})" if cost == "latency_ms" else "")
        indices = [record.index for record in records]
        draw_front(
            table.accuracy(name, split), costs, indices, out, cost=label,
            accuracy=f"{name}, {split} accuracy, %",
        )  # fmt: skip
    if as_json:
        rows = [{cost: float(costs[each.index]), **each.as_dict()} for each in records]
        print(json.dumps(rows, allow_nan=False))
        return 0
    print(f"{literal(name)}, {split} against {cost}: {len(records)} architectures on the front")
    print(f"{cost:>12} {'index':>6} {split + ' %':>8}  architecture")
    for record in records:
        value = getattr(record.datasets[name], split).value
        print(f"{costs[record.index]:>12.4f} {record.index:>6} {value:>8.3f}  {record.arch_str}")
    if out is not None:
        print(literal(out))
    return 0


def explore(path: str | None, dataset: str | None, out: str, *, runs: Sequence[str] = ()) -> int:
    """Write the page of every cell, with the paths of searches over it."""
    from naslib_edd.report.landscape import draw_landscape
    from naslib_edd.storage.paths import path_of

    table = default_table(path)
    name = _dataset(table, dataset)
    print(literal(str(draw_landscape(table, path_of(out, "the page"), runs=runs, dataset=name))))
    return 0


def check(official: str, path: str, *, as_json: bool) -> int:
    """Compare a file with a table, cell by cell; 1 where a value differs."""
    from naslib_edd.tables.check import TOLERANCE, compare

    here, there = Table.open(path), Table.open(official)
    found = compare(here, there)
    wrong = sum(each.different + each.only_there for each in found)
    if as_json:
        print(json.dumps([each._asdict() for each in found]))
        return int(wrong > 0)
    size = f"{there.format}, {len(there)} architectures"
    print(f"{literal(str(here.source))}\nagainst {literal(str(there.source))} ({size})\n")
    print(f"{'column':<34} {'cells':>6} {'identical':>9} {'differ':>6} {'only there':>10} largest")
    for each in found:
        where = "" if each.at is None else f" (index {each.at})"
        print(
            f"{literal(each.column):<34} {each.cells:>6} {each.identical:>9} {each.different:>6} "
            f"{each.only_there:>10} {each.largest:.3g}{where}"
        )
    print(
        f"\n{'equal' if not wrong else 'NOT equal'}: differences up to {TOLERANCE:g} are rounding"
    )
    return int(wrong > 0)


def convert(source: str, target: str) -> int:
    """Write a compact table, and say what it holds."""
    from naslib_edd.tables.convert import convert as convert_table

    written = convert_table(source, target)
    table = Table.open(written)
    print(f"{literal(str(written))}: {len(table)} architectures, {', '.join(table.datasets)}")
    return 0


def _print_noise(about: dict[str, Any]) -> None:
    """What a built-in table says of its noise."""
    for split in ("val", "test"):
        noise = about.get("noise", {}).get(split)
        if noise:
            print(
                f"{split}: {noise['seeds']} seeds, std of one {noise['seed_std']:.2f}, noise band "
                f"of a regret {noise['regret_band']:.2f}, reliability "
                f"{_number(about['reliability'].get(split), 0, 3)} (top half "
                f"{_number(about['reliability_top_half'].get(split), 0, 3)})"
            )


def _dataset(table: Table, dataset: str | None) -> str:
    """The data set that is asked of, or the table's first."""
    if not table.datasets:
        raise UserError(f"{table.source} has no accuracy at all")
    return table.datasets[0] if dataset is None else dataset_name(dataset, table.datasets)


def _counted(record: Record) -> dict[str, dict[str, float]]:
    """Parameters and FLOPs of the networks as they are, whatever the table says."""
    return {
        name: {
            "params_M": true_parameters(record.index, name),
            "flops_M": true_flops(record.index, name),
        }
        for name in record.datasets
        if name in CLASSES
    }


def _print_runs(record: Record, runs: Mapping[str, Sequence[float]]) -> None:
    print(f"\n{'single runs':<22} accuracy %")
    for name, of in record.datasets.items():
        for split in ("val", "test"):
            values = runs.get(f"{name}__{split}")
            if values is not None:
                print(f"{name:<16} {split:<5} " + "  ".join(f"{each:.3f}" for each in values))
            elif getattr(of, split).value is not None:
                print(f"{name:<16} {split:<5} – (the table has the mean alone)")


def _print_record(record: Record) -> None:
    print(
        f"{'data set':<16} {'split':<5} {'acc %':>7} {'rank':>6} {'regret':>7} "
        f"{'params M':>9} {'FLOPs M':>8} {'train s':>8}"
    )
    for name, of in record.datasets.items():
        costs = (
            f"{_number(of.params_M, 9, 4)} {_number(of.flops_M, 8, 2)} "
            f"{_number(of.train_time_s, 8, 0)}"
        )
        for split, score in (("val", of.val), ("test", of.test)):
            rank = "–" if score.rank is None else score.rank
            print(
                f"{literal(name):<16} {split:<5} {_number(score.value, 7, 2)} {rank:>6} "
                f"{_number(score.regret, 7, 2)} {costs}"
            )
            costs = ""
    for label, texts in (("missing", record.missing), ("note", record.notes)):
        for text in dict.fromkeys(texts.values()):
            fields = ", ".join(field for field, other in texts.items() if other == text)
            print(literal(f"{label}: {fields}: {text}"))


def _list(names: list[str]) -> str:
    return ", ".join(literal(name, most=LONGEST_VALUE) for name in names)


def _number(value: Any, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
