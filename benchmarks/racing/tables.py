"""The tables that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from racing.compare import compare_memory, net_memory
from racing.shape import Record


def show(record: Record, console: Console) -> None:
    """A record's tables, piece by piece, and the ratios of memory."""
    passes = f"{record['isa']}, {'C++ kernels' if record['kernels'] else 'PyTorch passes'}"
    _say(
        console,
        f"{record['processor']}, {record['gpu'] or passes}, {record['threads']} threads, "
        f"torch {record['torch']}; one bilevel step unless said otherwise",
    )
    memory = {}
    for name, piece in record["pieces"].items():
        if piece["kind"] == "memory":
            memory[piece["engine"]] = piece
            continue
        _say(console, f"\n{name}")
        {"race": _race, "search": _search, "seeds": _seeds, "curve": _curve, "startup": _startup,
         "auto": _auto}[piece["kind"]](piece, console)  # fmt: skip
        _ratios(piece.get("ratios", ()), record["goals"], console)
    if memory:
        _say(console, "\nmemory at the peak, beyond the imports'")
        for name, row in memory.items():
            _say(console, f"{name}: {net_memory(row):.0f} MiB")
        _ratios(compare_memory(memory), record["goals"], console)


def _race(piece: Record, console: Console) -> None:
    words = ("engine", "method", "layout", "type")
    table = _table(*words, "ms", "min–max", "img/s", "floor", "AutoDL", "NASLib", words=len(words))
    for row in piece["engines"].values():
        multiples = row["multiples"]
        table.add_row(
            row["kind"] + (" graph" if row["graph"] else ""),
            row["method"] or "–",
            row["layout"],
            row["precision"],
            f"{1e3 * row['median']:.1f}",
            f"{1e3 * row['min']:.1f}–{1e3 * row['max']:.1f}",
            "–" if row["kind"] == "floor" else f"{row['images_per_second']:.0f}",
            *(_times(multiples[one]) for one in ("floor", "autodl", "naslib")),
        )
    console.print(table)
    floor = next((row for row in piece["engines"].values() if row["kind"] == "floor"), None)
    if floor is not None:
        flop = piece["floor"]["gflop"]
        _say(
            console,
            f"The floor is {flop:.3g} GFLOP of convolutions, at {flop / floor['median']:.3g} "
            "GFLOP/s; columns floor, AutoDL, NASLib: multiples of it, times faster than theirs.",
        )
    if "traffic" in piece:
        least = piece["traffic"]
        engines = [(n, row) for n, row in piece["engines"].items() if "of_bandwidth" in row]
        _say(
            console,
            f"At least {least['bytes'] / 1e9:.3g} GB a step (the convolutions' tensors, once a "
            f"pass): {1e3 * least['seconds']:.2f} ms at {least['bandwidth'] / 1e9:.0f} GB/s. "
            "That share of a step: "
            + ", ".join(f"{name} {row['of_bandwidth']:.0%}" for name, row in engines),
        )


def _search(piece: Record, console: Console) -> None:
    how = f"extrapolated from {len(piece['seconds'])} epochs" * piece["extrapolated"]
    _say(
        console,
        f"{piece['total']:.1f} s for {piece['epochs']} epochs, {how or 'all of them run'}; "
        f"{piece['images']}; {piece['path']}",
    )


def _seeds(piece: Record, console: Console) -> None:
    _say(
        console, f"{len(piece['together'])} at once take {piece['ratio']:.2f} times as long as one"
    )


def _curve(piece: Record, console: Console) -> None:
    found = ", ".join(f"{what} ∝ {piece['axis']}^{e:.2f}" for what, e in piece["exponents"].items())
    _say(console, f"{found}; {piece['axis']} of {', '.join(map(str, piece['values']))}")


def _startup(piece: Record, console: Console) -> None:
    for row in piece["rows"]:
        _say(console, f"{row['name']}: {row['median']:.3f} s ({row['min']:.3f}–{row['max']:.3f})")


def _auto(piece: Record, console: Console) -> None:
    chosen = piece["choice"]
    times = ", ".join(f"{name} {1e3 * sorted(row)[len(row) // 2]:.1f} ms"
                      for name, row in piece["seconds"].items())  # fmt: skip
    _say(console, f"{times}; auto took {'on' if chosen['on'] else 'off'}: {chosen['why']}")


def _ratios(ratios: Sequence[Record], judged: Sequence[Record], console: Console) -> None:
    if not ratios:
        return
    goals = {row["label"]: row for row in judged}
    table = _table("ratio", "median", "min–max", "goal", "", words=1)
    for row in ratios:
        goal = goals.get(row["label"])
        aim = ("–", "")
        if goal:
            met = row["median"] <= goal["at_most"]
            aim = (f"≤ {goal['at_most']:.4g}", "met" if met else "missed")
        spread = f"{row['min']:.3f}–{row['max']:.3f}" if "min" in row else "–"
        table.add_row(row["label"], f"{row['median']:.4f}", spread, *aim)
    console.print(table)


def _times(multiple: float | None) -> str:
    return "–" if multiple is None else f"{multiple:.2f}"


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _table(*headers: str, words: int) -> Table:
    """A table whose first columns are words, the rest numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < words else "right", no_wrap=True)
    return table
