"""``naslib-edd rank RUN``: evaluate many cells with the shared weights of a run's checkpoint."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from naslib_edd.config import loading as configs
from naslib_edd.config.settings import Config
from naslib_edd.engine import checkpoint
from naslib_edd.engine.console import say
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.rank.agreement import Agreement, agreement
from naslib_edd.engine.start import describe, open_data, open_table, pick_device
from naslib_edd.engine.surroundings import as_found, memory_errors
from naslib_edd.errors import UserError
from naslib_edd.report.runs import load_run
from naslib_edd.storage.files import write_text
from naslib_edd.storage.literal import literal
from naslib_edd.storage.paths import PathLike, path_of
from naslib_edd.storage.record import RunFolder
from naslib_edd.tables.compare import ranked_dataset


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ranked:
    """The cells that were evaluated.

    Attributes:
        indices: of the cells, ascending, [n].
        supernet: accuracy of each with the shared weights on the validation half, %, [n].
        table: the table's test accuracy, %, [n].
        dataset: the table's data set.
        statistics: batch norm's, with which the first was measured.
        images: how many of the validation half.
        epoch: of the checkpoint.
        allowed: cells of the space that the search could have chosen.
        agreement: of the two columns.
        names: the cells as their space writes them.
    """

    indices: NDArray[np.intp]
    supernet: list[float]
    table: list[float]
    dataset: str
    statistics: str
    images: int
    epoch: int
    allowed: int
    agreement: Agreement
    names: list[str]


def rank(
    folder: PathLike,
    *,
    cells: int = 500,
    images: int | None = None,
    seed: int = 0,
    overrides: Sequence[str] = (),
    quiet: bool = True,
) -> Ranked:
    """Evaluate cells drawn at random, without replacement, of those that the search allowed.

    Args:
        folder: a run of the built-in engine, with its checkpoint.
        cells: how many; all that are allowed, if there are fewer.
        images: of the validation half, the first so many; all by default.
        seed: of the draw.
        overrides: ``key=value`` over the run's config: where data and table are, the device.
        quiet: draw no bar.

    Raises:
        UserError: no such run, no supernet or checkpoint in it, no table, missing data.
    """
    files = RunFolder(path_of(folder, "the run's folder"))
    run = load_run(files.path)
    if run.floor:
        raise UserError(f"{files.path} is a run without a supernet: there are no shared weights")
    if not files.has_checkpoint():
        raise UserError(
            f"{files.path} has no checkpoint, so its shared weights are gone; search again"
        )
    config = configs.load(files.config, overrides)
    with as_found(), memory_errors():
        engine, state = _engine(config, files)
        table = open_table(config)
        name = None if table is None else ranked_dataset(list(table.datasets), engine.data.name)
        if table is None or name is None:
            raise UserError("no table to compare with; name one: table=nb201, or its path")
        accuracies = table.accuracy(name, "test")
        chosen = _draw(engine, np.isfinite(accuracies), cells, seed)
        kind = engine.eval_statistics()[0]
        part = engine.data.val.first(images)
        order = track(chosen.drawn, "cells", disable=quiet)
        found = [engine.accuracy(part, engine.space.numbered(int(cell)), kind) for cell in order]
    values = [float(accuracies[cell]) for cell in chosen.drawn]
    return Ranked(
        indices=chosen.drawn,
        names=[engine.space.text(engine.space.numbered(int(cell))) for cell in chosen.drawn],
        supernet=found,
        table=values,
        dataset=name,
        statistics=kind,
        images=len(part),
        epoch=int(state["epoch"]),
        allowed=chosen.allowed,
        agreement=agreement(found, values),
    )


def show(ranked: Ranked, folder: str, *, as_json: bool, out: str | None) -> int:
    """Print what came out; write a line a cell into ``out``, a CSV file."""
    found = ranked.agreement
    facts = {
        "dataset": ranked.dataset, "epoch": ranked.epoch, "images": ranked.images,
        "statistics": ranked.statistics, "allowed": ranked.allowed, **dataclasses.asdict(found),
    }  # fmt: skip
    if out is not None:
        write_text(path_of(out, "the file of cells"), _csv(ranked))
    if as_json:
        print(json.dumps(facts, allow_nan=False))
        return 0
    console = Console(highlight=False)
    say(
        console,
        f"{literal(folder)}: {found.cells} of {ranked.allowed} cells with the shared weights of "
        f"epoch {ranked.epoch}, {ranked.images} validation images, {ranked.statistics} statistics, "
        f"beside the table's {literal(ranked.dataset)} test accuracy",
    )
    say(console, f"Kendall's tau   {_number(found.kendall)}  {_interval(found)}")
    say(console, f"Spearman's rho  {_number(found.spearman)}")
    say(
        console,
        f"at the top      tau {_number(found.kendall_top)} among the table's best {found.top}; "
        f"{found.found_top:g} of them are in the supernet's best {found.top} (chance: "
        f"{found.top**2 / found.cells:.1f})",
    )
    say(
        console,
        f"the supernet's best cell has {found.chosen:.2f} % in the table, better than "
        f"{found.chosen_better_than:.1f} % of these; their mean {found.mean:.2f}, best "
        f"{found.best:.2f}",
    )
    if out is not None:
        say(console, literal(out))
    return 0


@dataclasses.dataclass(frozen=True)
class _Draw:
    drawn: NDArray[np.intp]
    allowed: int


def _draw(engine: Engine, known: NDArray[np.bool_], cells: int, seed: int) -> _Draw:
    allowed = engine.allowed.cpu().numpy().astype(bool)
    ops = np.array([engine.space.numbered(cell) for cell in range(len(known))])
    usable = np.all([allowed[edge, ops[:, edge]] for edge in range(ops.shape[1])], axis=0)
    choices = np.flatnonzero(usable & known)
    if len(choices) < 3:
        raise UserError("the table knows fewer than three of the cells that the search allowed")
    drawn = np.random.default_rng(seed).permutation(choices)[:cells]
    return _Draw(np.sort(drawn), len(choices))


def _engine(config: Config, files: RunFolder) -> tuple[Engine, checkpoint.State]:
    """The run's engine as its last checkpoint has it."""
    device = pick_device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    engine = Engine(config=config, data=open_data(config, device), device=device)
    loaded = checkpoint.load_last(files.checkpoint)
    checkpoint.check_same_run(loaded.state["run"], describe(engine), loaded.path)
    state = loaded.state["engine"]
    try:
        engine.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError):
        raise checkpoint.damaged(loaded.path, "its state does not fit") from None
    return engine, state


def _csv(ranked: Ranked) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["index", "arch_str", "supernet_val_acc", "table_test_acc"])
    columns = (ranked.indices.tolist(), ranked.names, ranked.supernet, ranked.table)
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def _number(value: float | None) -> str:
    return "unknown (all alike)" if value is None else f"{value:+.3f}"


def _interval(found: Agreement) -> str:
    if found.kendall_low is None or found.kendall_high is None:
        return ""
    return f"95 % over cells [{found.kendall_low:+.3f}, {found.kendall_high:+.3f}]"


def run(
    folder: str, *, cells: int, images: int | None, seed: int, overrides: Sequence[str],
    as_json: bool, out: str | None,
) -> int:  # fmt: skip
    """The command."""
    for name, value, least in (("--cells", cells, 3), ("--images", images, 1)):
        if value is not None and value < least:
            raise UserError(f"{name} {value} is too few; give {least} or more")
    if out is not None and not Path(out).suffix.lower() == ".csv":
        raise UserError(f"--out {out!r} must end in .csv")
    ranked = rank(folder, cells=cells, images=images, seed=seed, overrides=overrides, quiet=as_json)
    return show(ranked, folder, as_json=as_json, out=out)
