"""The one command, ``naslib-edd``. Exit codes: 0 done, 2 bad input (one clear line), 130 Ctrl-C."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from naslib_edd.cli import tables as cli_tables
from naslib_edd.cli.genotype import add_genotype
from naslib_edd.cli.retrain import add_retrain
from naslib_edd.errors import UserError, on_command_line
from naslib_edd.storage.literal import literal
from naslib_edd.storage.paths import path_of
from naslib_edd.storage.version import __version__


class _Parser(argparse.ArgumentParser):
    """argparse, but that its errors look like all others here: one line, exit code 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UserError(f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code. Errors for people go to standard error."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal's encoding lacks is shown as an escape, not raised.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with on_command_line():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    except UserError as error:
        print(f"naslib-edd: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("naslib-edd: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # `naslib-edd … | head` closed the pipe; leave quietly, also at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: list[str]) -> int:
    options, extra = parser().parse_known_args(arguments)
    # argparse takes no overrides behind an option (`search CONFIG --force seed=1`): we do.
    late = [text for text in extra if hasattr(options, "overrides") and not text.startswith("-")]
    if len(late) < len(extra):
        unknown = next(text for text in extra if text not in late)
        raise UserError(f"unrecognized argument {unknown!r}; see `naslib-edd --help`")
    if late:
        options.overrides += late
    if not hasattr(options, "run"):
        parser().print_help()
        return 0
    code: int = options.run(options)
    return code


def parser() -> argparse.ArgumentParser:
    """The command line's grammar. Each command imports what it needs when it runs."""
    root = _Parser(
        prog="naslib-edd",
        description="Differentiable architecture search on NAS-Bench-201 with EDD-DARTS.",
    )
    root.add_argument("--version", action="version", version=f"naslib-edd {__version__}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    search = commands.add_parser("search", help="search an architecture")
    search.add_argument("config", help="a YAML file, e.g. configs/quickstart.yaml")
    search.add_argument(
        "overrides", nargs="*", metavar="key=value", help="settings, e.g. seed=1 search.epochs=3"
    )
    search.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    search.add_argument("--force", action="store_true", help="start over in a used folder")
    search.add_argument("--data", metavar="PATH", help="the data set's file or folder")
    search.add_argument("--download", action="store_true", help="fetch data through torchvision")
    search.add_argument(
        "--table", metavar="PATH", help="the table to look up in: a path, nb201, digits, none"
    )
    search.add_argument("--no-figures", action="store_true", help="draw no figures at the end")
    search.add_argument(
        "--track", action="append", default=[], metavar="SINK",
        help="tensorboard or wandb (offline): gets each row, too; again for both",
    )  # fmt: skip
    search.add_argument(
        "--engine", choices=("builtin", "naslib"), default="builtin", help="whose loop (builtin)"
    )
    search.set_defaults(run=_search)

    sweep = commands.add_parser("sweep", help="many searches: methods, seeds, settings")
    sweep.add_argument("file", metavar="SWEEP.yaml", help="config, methods, seeds, set, out_dir")
    what = sweep.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="print one resumable command a run")
    what.add_argument("--status", action="store_true", help="how far each run is; runs nothing")
    sweep.set_defaults(run=_sweep)

    naslib = commands.add_parser("naslib", help="search on NASLib's own Trainer")
    naslib.add_argument("--config-file", required=True, metavar="FILE", help="NASLib-style YAML")
    naslib.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    naslib.add_argument("--eval-only", action="store_true", help="only evaluate the checkpoint")
    naslib.add_argument("--force", action="store_true", help="start over in a used folder")
    naslib.add_argument("overrides", nargs="*", metavar="key value", help="e.g. search.epochs 3")
    naslib.set_defaults(run=_naslib)

    methods = commands.add_parser("methods", help="every method: its parts, source and status")
    methods.add_argument("name", nargs="?", metavar="NAME", help="one of them; --yaml needs it")
    form = methods.add_mutually_exclusive_group()
    for name in ("json", "markdown", "yaml"):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name)
    methods.set_defaults(run=_methods, form="text")

    cli_tables.add_query(commands)
    cli_tables.add_table(commands, _Parser)
    add_genotype(commands)
    add_retrain(commands)

    report = commands.add_parser("report", help="table and figures from the records of runs")
    report.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or above them")
    report.add_argument("--out", required=True, metavar="FOLDER", help="where to write")
    report.add_argument("--data-note", metavar="TEXT", help="e.g. 'CIFAR-10 (JPEG)'")
    report.add_argument(
        "--against", action="append", default=[], metavar="METHOD",
        help="compare the others with this one (again for more); all pairs by default",
    )  # fmt: skip
    report.set_defaults(run=_report)

    rank = commands.add_parser(
        "rank", help="do a run's shared weights rank cells as the table does"
    )
    rank.add_argument("folder", metavar="RUN", help="a run's folder, with its checkpoint")
    rank.add_argument(
        "overrides", nargs="*", metavar="key=value", help="e.g. data=PATH table=nb201"
    )
    rank.add_argument("--cells", type=int, default=500, metavar="N", help="drawn at random (500)")
    rank.add_argument("--images", type=int, metavar="N", help="of the validation half (all)")
    rank.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (0)")
    rank.add_argument("--out", metavar="FILE", help="a .csv file with a line a cell")
    rank.add_argument("--json", action="store_true", help="print JSON")
    rank.set_defaults(run=_rank)

    figure = commands.add_parser("figure", help="one of the paper's figures, or a cell")
    figure.add_argument(
        "name", metavar="NAME", help="2A, 2B, 3 (parts); 4A, 4B, gap, table, bare (runs); cell"
    )
    figure.add_argument(
        "folders", nargs="*", metavar="FOLDER|ARCH", help="those of the runs; cell: which to draw"
    )
    figure.add_argument("--out", required=True, metavar="FILE", help="to write: .png, .pdf or .svg")
    figure.add_argument("--data-note", metavar="TEXT", help="e.g. 'CIFAR-10 (JPEG)'")
    figure.set_defaults(run=_figure)

    doctor = commands.add_parser("doctor", help="what is installed and found, and what to do")
    doctor.add_argument(
        "path", nargs="?", metavar="RUN|TABLE|FILE", help="check this for damage instead"
    )
    doctor.set_defaults(run=_doctor)
    return root


def _search(options: argparse.Namespace) -> int:
    from naslib_edd.cli.own_process import settle
    from naslib_edd.engine.loop import Interrupted, search

    settle()
    overrides = list(options.overrides)
    for key in ("data", "table"):
        if getattr(options, key) is not None:
            overrides.append(f"{key}={getattr(options, key)}")
    if options.download:
        overrides.append("download=true")
    if options.engine == "naslib":
        from naslib_edd.plugin import runner

        if options.track:
            raise UserError("--track is of the built-in engine; NASLib's has its own log")
        path = Path(options.config)
        runner.run(path, overrides, resume=options.resume, force=options.force)
        return 0
    try:
        search(
            options.config,
            overrides,
            resume=options.resume,
            force=options.force,
            figures=not options.no_figures,
            track=options.track,
        )
    except Interrupted as stop:
        print(f"naslib-edd: {literal(str(stop))}", file=sys.stderr)
        return stop.code
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from naslib_edd.sweep import command

    path = path_of(options.file, "the sweep's file")
    if options.list:
        return command.show_list(path)
    if options.status:
        return command.show_status(path)
    try:
        return command.sweep(path)
    except command.Stopped as stop:
        print(f"naslib-edd: {literal(str(stop))}", file=sys.stderr)
        return stop.code


def _naslib(options: argparse.Namespace) -> int:
    from naslib_edd.cli.own_process import settle
    from naslib_edd.plugin import runner

    settle()
    runner.run(
        Path(options.config_file),
        options.overrides,
        resume=options.resume,
        eval_only=options.eval_only,
        force=options.force,
    )
    return 0


def _methods(options: argparse.Namespace) -> int:
    from naslib_edd.config.methods.listing import listing

    print(listing(options.name, form=options.form))
    return 0


def _report(options: argparse.Namespace) -> int:
    import warnings

    from naslib_edd.report import report
    from naslib_edd.report.runs import LeftOut

    with warnings.catch_warnings():
        warnings.simplefilter("always", LeftOut)
        warnings.showwarning = _warned  # type: ignore[assignment]
        paths = report(
            options.folders, options.out, data_note=options.data_note, against=options.against
        )
    for path in paths:
        print(literal(str(path)))
    return 0


def _rank(options: argparse.Namespace) -> int:
    from naslib_edd.engine.rank import command

    return command.run(
        options.folder,
        cells=options.cells,
        images=options.images,
        seed=options.seed,
        overrides=options.overrides,
        as_json=options.json,
        out=options.out,
    )


def _warned(message: Warning | str, *_: object) -> None:
    """A warning as a line of ours."""
    print(f"naslib-edd: {message}", file=sys.stderr)


def _figure(options: argparse.Namespace) -> int:
    if options.name == "cell":
        from naslib_edd.spaces.nb201.drawing import draw_cells

        print(literal(str(draw_cells(options.folders, options.out))))
        return 0
    from naslib_edd.report.paper_figures import draw_paper_figure

    path = draw_paper_figure(
        options.name, options.out, folders=options.folders, data_note=options.data_note
    )
    print(literal(str(path)))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    if options.path is not None:
        from naslib_edd.cli.checkup import examine

        return examine(options.path)
    from naslib_edd.cli.doctor import doctor

    return doctor()


if __name__ == "__main__":
    sys.exit(main())
