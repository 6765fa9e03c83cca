"""What ``naslib-edd query`` and ``naslib-edd table`` print. Needs no PyTorch, nor rich."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.literal import LONGEST_VALUE, literal
from naslib_edd.lookup import query as look_up
from naslib_edd.spaces.collapse import warning_of
from naslib_edd.tabular.columns import dataset_name
from naslib_edd.tabular.convert import convert as convert_table
from naslib_edd.tabular.locate import find_table
from naslib_edd.tabular.record import Record
from naslib_edd.tabular.table import Table


def query(arch: str, path: str | None, *, as_json: bool) -> int:
    """Print one architecture's record."""
    record = look_up(arch, table=path)
    if as_json:
        found = record.as_dict() | {"warning": warning_of(record.ops)}
        print(json.dumps(found, allow_nan=False))
        return 0
    print(f"index {record.index}")
    print(f"{record.arch_str}\n")
    _print_record(record)
    warning = warning_of(record.ops)
    if warning:
        print(f"warning: {warning}")
    return 0


def info(path: str | None, *, as_json: bool) -> int:
    """Print what a table holds."""
    found = _open(path).info()
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


def best(path: str | None, dataset: str | None, split: str, top: int, *, as_json: bool) -> int:
    """Print the best architectures of one accuracy."""
    if top < 1:
        raise UserError(f"--top {top}: ask for 1 architecture or more")
    table = _open(path)
    if not table.datasets:
        raise UserError(f"{table.source} has no accuracy at all")
    name = table.datasets[0] if dataset is None else dataset_name(dataset, table.datasets)
    column = f"{name}__{split}"
    if column not in table.accuracies:
        raise UserError(f"{table.source} has no {split} accuracy of {name}")
    values = table.accuracies[column]
    known = np.flatnonzero(np.isfinite(values))
    # Stable, so that of equal accuracies the lower index comes first.
    order = known[np.argsort(-values[known], kind="stable")][:top]
    records = [table.query(int(index)) for index in order]
    if as_json:
        print(json.dumps([record.as_dict() for record in records], allow_nan=False))
        return 0
    print(f"{literal(name)}, {split}: best of {len(known)} architectures")
    print(f"{'rank':>5} {'index':>6} {'val %':>8} {'test %':>8}  architecture")
    for record in records:
        of = record.datasets[name]
        rank = getattr(of, split).rank
        row = f"{_number(of.val.value, 8, 3)} {_number(of.test.value, 8, 3)}"
        print(f"{rank:>5} {record.index:>6} {row}  {record.arch_str}")
    return 0


def convert(source: str, target: str) -> int:
    """Write a compact table, and say what it holds."""
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


def _open(path: str | None) -> Table:
    found = find_table(path, None)
    if found is None:
        raise DataMissing(
            "no benchmark table: give its PATH (digits: the built-in one) or set NASLIB_EDD_TABLE"
        )
    return Table.open(found)


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
    for field, why in record.missing.items():
        print(literal(f"missing: {field}: {why}"))
    for field, note in record.notes.items():
        print(literal(f"note: {field}: {note}"))


def _list(names: list[str]) -> str:
    return ", ".join(literal(name, most=LONGEST_VALUE) for name in names)


def _number(value: Any, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
