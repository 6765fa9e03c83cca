"""What a search needs before its first step: device, data and table, each checked.

Everything that can be wrong with them is found here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from naslib_edd.config.loading import as_dict, changed
from naslib_edd.config.settings import Config
from naslib_edd.data import SearchData
from naslib_edd.data import load as load_data
from naslib_edd.data.checksums import checksum_line
from naslib_edd.engine.baselines import TableSearch
from naslib_edd.engine.console import say
from naslib_edd.engine.engine import Engine
from naslib_edd.errors import UserError
from naslib_edd.storage.paths import path_of
from naslib_edd.storage.record import RunFolder
from naslib_edd.tables.locate import NONE as NO_TABLE
from naslib_edd.tables.locate import find_table

if TYPE_CHECKING:
    from naslib_edd.tables import Table

#: The search space whose architectures every table that we read is of.
TABLES_OF = "nasbench201"


def folder_of(config: Config) -> Path:
    """Where a run's files go: out_dir/search_space/dataset/optimizer/seed, as in NASLib."""
    name = config.name or config.optimizer
    out = path_of(config.out_dir or ".", "out_dir")
    return path_of(out / config.search_space / config.dataset / name / str(config.seed), "out_dir")


def pick_device(name: str) -> torch.device:
    """The torch device of a config's ``device``.

    Raises:
        UserError: it is not there, or the name is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"unknown device '{name}'; use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device '{name}' is not supported; use auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(f"device '{name}' is not there: torch sees no GPU; use device=cpu")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device '{name}' is not there: {torch.cuda.device_count()} GPU(s) found")
    return device


def open_data(config: Config, device: torch.device, given: Any = None) -> SearchData:
    """The images of a config, halved, on the device; ``given``: those of ``dataset: custom``.

    Raises:
        UserError: no such data set or split, or the data are missing or damaged.
    """
    search = config.search
    return load_data(
        config.dataset,
        path=config.data,
        split=search.split,
        split_file=search.split_file,
        limit_train=search.limit_train,
        limit_val=search.limit_val,
        seed=config.seed,
        device=device,
        download=config.download,
        train_portion=search.train_portion,
        train_images=search.train_images,
        given=given,
        mean=search.pixel_mean,
        std=search.pixel_std,
    )


def open_table(config: Config) -> Table | None:
    """The table of a config, of its data set or of the environment, if there is one.

    Raises:
        UserError: the config names a table, and it is of another search space.
    """
    if config.search_space != TABLES_OF:
        if config.table not in (None, NO_TABLE):
            raise UserError(
                f"table={config.table} is of {TABLES_OF}, and search_space is "
                f"{config.search_space}: nothing of it can be looked up there; leave table= out"
            )
        return None
    path = find_table(None, config.table, dataset=config.dataset.strip().lower())
    if path is None:
        return None
    from naslib_edd.tables import Table

    return Table.open(path)


def describe(engine: Engine | TableSearch) -> dict[str, Any]:
    """What makes a run the run it is: its settings, and how many images it has."""
    if engine.data is None:
        return as_dict(engine.config)
    images = {"train": len(engine.data.train), "val": len(engine.data.val)}
    return {**as_dict(engine.config), "images": images}


def changes(config: Config) -> list[str]:
    """A line that names the settings off the method's own, if there are any."""
    told = ", ".join(f"{key}={value}" for key, value in changed(config).items())
    return [f"settings off the method's own: {told}"] if told else []


def announce(
    console: Console,
    engine: Engine | TableSearch,
    table: Table | None,
    folder: RunFolder,
    said: Sequence[str] = (),
) -> None:
    """Say what is about to run, on what, and where its files go; and what there is to note."""
    lines = _about(engine, table) if isinstance(engine, Engine) else engine.about()
    notes = [f"note: {line}" for line in said]
    for line in [*lines, *changes(engine.config), f"writing to {folder.path}", *notes]:
        say(console, line)


def _made_of(engine: Engine) -> str:
    """Whether the fast supernet's nodes run on the C++ kernels: another rounding than PyTorch's."""
    search = engine.config.search
    if search.supernet != "fast" or engine.device.type != "cpu":
        return ""
    return f" ({engine.kernels})"


def _about(engine: Engine, table: Table | None) -> list[str]:
    config, search, data = engine.config, engine.config.search, engine.data
    return [
        f"{config.optimizer} on {config.search_space}, {data.name} from {data.source}: "
        f"{len(data.train)} + {len(data.val)} images, {engine.steps} steps of "
        f"{search.batch_size} an epoch, {engine.epochs} epochs",
        *checksum_line(data.differing),
        f"supernet: {search.supernet}{_made_of(engine)}, C={search.channels}, "
        f"{engine.space.depth.format(search.cells)}, {engine.device}, seed {config.seed}"
        + (f"; going on after epoch {engine.epoch}" if engine.epoch or engine.step else ""),
        f"step: {engine.path}",
        "table: "
        + (
            f"{table.source} ({len(table)} architectures), for the record only"
            if table is not None
            else "none found (`naslib-edd doctor` says how to get one); nothing is looked up"
        ),
    ]
