"""The tables that a person reads."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from racing.compare import net_memory
from racing.goals import verdict
from racing.shape import Record


def show(record: Record, console: Console) -> None:
    """The tables of a record."""
    gpu = f"{record['gpu']}, " if record["gpu"] else ""
    shape = "C={channels} N={cells} batch {batch_size} {size}×{size}"
    chosen = record["settings"]
    _say(
        console,
        f"{gpu}{record['processor']}, {record['threads']} threads, torch {record['torch']}, "
        f"{'C++ kernels' if record['kernels'] else 'PyTorch passes'}; "
        f"one bilevel step, {shape.format(**chosen)}, {chosen['repeats']} rounds "
        f"({chosen['sampled_repeats']} of samplers)",
    )
    plain = {row["under"] for row in record["ratios"] if row["label"].startswith("fast / plain,")}
    _engines(record, console, plain)
    _ratios(record, console)
    for row in record["curves"] or ():
        found = ", ".join(f"{what} ∝ {row['axis']}^{e:.2f}" for what, e in row["exponents"].items())
        _say(console, f"{found}; {row['axis']} of {', '.join(map(str, row['values']))}")
    for row in record["startup"] or ():
        _say(console, f"{row['name']}: {row['median']:.3f} s ({row['min']:.3f}–{row['max']:.3f})")


def show_gpu(record: Record, console: Console) -> None:
    """The tables of a GPU's record, and its goals."""
    _say(console, f"{record['gpu']}, {record['processor']}, torch {record['torch']}")
    for name, piece in record["pieces"].items():
        _say(console, f"\n{name}")
        if piece["kind"] == "race":
            _engines(piece, console, plain=set())
            least = piece["traffic"]
            _say(
                console,
                f"At least {least['bytes'] / 1e9:.3g} GB a step (the convolutions' tensors, once a "
                f"pass): {1e3 * least['seconds']:.2f} ms at {least['bandwidth'] / 1e9:.0f} GB/s. "
                "That share of a step: "
                + ", ".join(
                    f"{engine} {row['of_bandwidth']:.0%}"
                    for engine, row in piece["engines"].items()
                    if "of_bandwidth" in row
                ),
            )
        elif piece["kind"] == "search":
            how = f"extrapolated from {len(piece['seconds'])} epochs" * piece["extrapolated"]
            _say(
                console,
                f"{piece['total']:.1f} s for {piece['epochs']} epochs, {how or 'all of them run'}; "
                f"{piece['images']}; {piece['path']}",
            )
        else:
            count = len(piece["together"])
            _say(console, f"{count} at once take {piece['ratio']:.2f} times as long as one")
    lines, _ = verdict(record["goals"])
    _say(console, "\n" + "\n".join(lines))


def _engines(record: Record, console: Console, plain: set[str]) -> None:
    words = ("engine", "method", "layout", "type")
    table = _table(*words, "ms", "img/s", "MiB", "floor", "AutoDL", "NASLib", words=len(words))
    for name, row in record["engines"].items():
        multiples = row["multiples"]
        table.add_row(
            row["kind"] + (" *" if name in plain else "") + (" graph" if row["graph"] else ""),
            row["method"] or "–",
            row["layout"],
            row["precision"],
            f"{1e3 * row['median']:.1f}",
            "–" if row["kind"] == "floor" else f"{row['images_per_second']:.0f}",
            f"{net_memory(row):.0f}" if "memory_mib" in row else "–",
            *(_times(multiples[one]) for one in ("floor", "autodl", "naslib")),
        )
    console.print(table)
    floor = record["floor"]
    alone = next(row for row in record["engines"].values() if row["kind"] == "floor")
    rate = floor["gflop"] / alone["median"]
    _say(
        console,
        "ms: median of a step. img/s: train and val images. MiB: peak beyond the imports'. floor: "
        "the step in multiples of it. AutoDL, NASLib: how many times faster than theirs.\n"
        f"* plain in the layout that it runs in. The floor is {floor['gflop']:.3g} GFLOP of "
        f"convolutions, at {rate:.3g} GFLOP/s.\n",
    )


def _ratios(record: Record, console: Console) -> None:
    goals = {row["label"]: row for row in record["goals"]}
    table = _table("ratio", "median", "min–max", "goal", "", words=1)
    for row in record["ratios"]:
        goal = goals.get(row["label"])
        aim = ("–", "")
        if goal:
            aim = (f"≤ {goal['at_most']:.4g}", "met" if goal["met"] else "missed")
        spread = f"{row['min']:.3f}–{row['max']:.3f}" if "min" in row else "–"
        table.add_row(row["label"], f"{row['median']:.4f}", spread, *aim)
    console.print(table)


def _times(multiple: float | None) -> str:
    return "–" if multiple is None else f"{multiple:.2f}"


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False)


def _table(*headers: str, words: int) -> Table:
    """A table whose first columns are words, the rest numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < words else "right", no_wrap=True)
    return table
