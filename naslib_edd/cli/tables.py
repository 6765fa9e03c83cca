"""The grammar of ``naslib-edd query`` and ``naslib-edd table``. Imports nothing before it runs."""

from __future__ import annotations

import argparse
from typing import Any

_WHICH = "default: NASLIB_EDD_TABLE, else nb201; built in: nb201, digits"


def add_query(commands: Any) -> None:
    """Add ``query``."""
    query = commands.add_parser("query", help="look an architecture up in a table")
    query.add_argument(
        "arch",
        metavar="ARCH",
        help="an index (0 to 15624), an architecture string, six operation ids (3,3,3,1,3,2), "
        "naslib:2,2,0,2,3,4, or AutoDL's Structure(…)",
    )
    query.add_argument("--table", metavar="PATH", help=_WHICH)
    query.add_argument("--epochs", type=int, default=200, metavar="N", help="200, or 12")
    query.add_argument("--seeds", action="store_true", help="the accuracy of every run, too")
    _add_latency(query, "on this device, in ms")
    _add_json(query)
    query.set_defaults(run=_query)


def add_table(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add ``table`` and its actions."""
    table = commands.add_parser(
        "table", help="what a table holds; its best rows; convert, check it"
    )
    actions = table.add_subparsers(title="actions", metavar="ACTION", parser_class=parser_class)
    info = actions.add_parser("info", help="format, data sets, columns")
    best = actions.add_parser("best", help="the best architectures, within limits")
    pareto = actions.add_parser("pareto", help="the best accuracy at each cost, and a figure")
    convert = actions.add_parser("convert", help="any known format to a compact .npz")
    check = actions.add_parser("check", help="compare a file with the built-in table, cell by cell")
    for action, run in ((info, _info), (best, _best), (pareto, _pareto)):
        action.add_argument("path", nargs="?", metavar="PATH", help=_WHICH)
        _add_json(action)
        action.set_defaults(run=run)
    for action in (best, pareto):
        action.add_argument("--dataset", default=None, help="default: the table's first")
        action.add_argument("--split", choices=("val", "test"), default="test")
        action.add_argument("--epochs", type=int, default=200, metavar="N", help="200, or 12")
        _add_latency(action, "of the limit or the cost")
    best.add_argument("--top", type=int, default=10, metavar="N", help="how many (10)")
    best.add_argument("--max-params", type=float, metavar="M", help="at most, millions")
    best.add_argument("--max-flops", type=float, metavar="M", help="at most, millions")
    best.add_argument("--max-latency", type=float, metavar="MS", help="at most, with --latency")
    pareto.add_argument(
        "--cost", choices=("params_M", "flops_M", "train_time_s", "latency_ms"), default=None
    )
    pareto.add_argument("--out", metavar="FILE", help="a figure to draw (.png, .svg, .pdf)")
    convert.add_argument("source", help="an NB201 .pth, NATS-Bench folder, NASLib pickle or .npz")
    convert.add_argument("target", help="the .npz to write")
    convert.set_defaults(run=_convert)
    explore = actions.add_parser("explore", help="every cell on one page, to filter and to click")
    explore.add_argument("path", nargs="?", metavar="PATH", help=_WHICH)
    explore.add_argument("--out", required=True, metavar="FILE", help="the .html file to write")
    explore.add_argument("--dataset", default=None, help="shown first; default: the table's first")
    explore.add_argument(
        "--runs", nargs="+", default=[], metavar="FOLDER", help="paths of searches, from records"
    )
    explore.set_defaults(run=_explore)
    check.add_argument("official", metavar="PATH", help="your file, of any known format")
    check.add_argument("--table", metavar="PATH", default="nb201", help="against which (nb201)")
    _add_json(check)
    check.set_defaults(run=_check)
    table.set_defaults(run=lambda _: _help(table))


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_latency(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--latency", metavar="DEVICE", help=f"the latency {what}")
    command.add_argument(
        "--latencies", metavar="PATH", help="the table that has latencies (NASLIB_EDD_TABLE)"
    )


def _help(command: argparse.ArgumentParser) -> int:
    command.print_help()
    return 0


def _query(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.query(
        options.arch,
        options.table,
        epochs=options.epochs,
        seeds=options.seeds,
        device=options.latency,
        latencies=options.latencies,
        as_json=options.json,
    )


def _info(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.info(options.path, as_json=options.json)


def _best(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands
    from naslib_edd.tables.choice import Limits

    return table_commands.best(
        options.path,
        options.dataset,
        options.split,
        options.top,
        epochs=options.epochs,
        limits=Limits(options.max_params, options.max_flops, options.max_latency),
        device=options.latency,
        latencies=options.latencies,
        as_json=options.json,
    )


def _pareto(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.pareto(
        options.path,
        options.dataset,
        options.split,
        options.cost or ("latency_ms" if options.latency else "params_M"),
        epochs=options.epochs,
        device=options.latency,
        latencies=options.latencies,
        out=options.out,
        as_json=options.json,
    )


def _explore(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.explore(options.path, options.dataset, options.out, runs=options.runs)


def _convert(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.convert(options.source, options.target)


def _check(options: argparse.Namespace) -> int:
    from naslib_edd.cli import table_commands

    return table_commands.check(options.official, options.table, as_json=options.json)
