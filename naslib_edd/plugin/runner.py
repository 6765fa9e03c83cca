"""A search on NASLib's Trainer: ``naslib-edd naslib`` and ``search --engine naslib``."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import yaml
from rich.console import Console

from naslib_edd import checkpoint
from naslib_edd.allocator import keep_freed_memory
from naslib_edd.config import as_dict, changed, dump
from naslib_edd.config import load as load_config
from naslib_edd.console import EpochLines, say
from naslib_edd.data import resolve
from naslib_edd.errors import UserError
from naslib_edd.files import write_text
from naslib_edd.plugin import compat, naslib_data, registry, standins
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.naslib_config import NaslibConfig, complete
from naslib_edd.plugin.queues import Queues, pick_device
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.plugin.trainer import trainer_class
from naslib_edd.prepare import changes, open_data, open_table
from naslib_edd.presets import METHODS
from naslib_edd.record import Row, RunFolder


def run(
    path: Path,
    overrides: Sequence[str] = (),
    *,
    resume: bool = False,
    eval_only: bool = False,
    force: bool = False,
    console: Console | None = None,
) -> Row:
    """Search on NASLib, or evaluate a search that was made; the result.

    Args:
        path: the config.
        overrides: see :func:`~naslib_edd.plugin.naslib_config.complete`.
        resume: go on from the last checkpoint of the run's folder.
        eval_only: only say which architecture the run's checkpoint holds, and look it up.
        force: start over in a folder that holds a run.
        console: where to print.

    Raises:
        UserError: bad input, missing data, no NASLib.
    """
    console = console or Console()
    config = complete(path, overrides)
    if config.optimizer.startswith("naslib:") and (resume or eval_only):
        raise UserError(
            f"{config.optimizer} cannot be resumed or evaluated: NASLib's checkpoints lack its "
            "logits (NASLib's issue 153), so the architecture would be a random one; use --force"
        )
    keep_freed_memory()
    naslib = compat.load()
    optimizer_class = registry.get(config.optimizer)
    if config.ours.threads is not None:
        torch.set_num_threads(config.ours.threads)
    queues = open_queues(config)
    data = naslib_data.root(config.ours) if queues is None else None
    table = open_table(config.ours) if config.space == "nasbench201" else None
    folder = RunFolder(config.folder)
    _begin(config, folder, resume=resume or eval_only, force=force)
    parsed = _parse(naslib, config, folder, resume=resume, eval_only=eval_only)
    if data is not None:
        parsed.data = str(data)
    naslib.utils.set_seed(config.ours.seed)
    logger = naslib.log.setup_logger(f"{parsed.save}/log.log")
    logger.setLevel(logging.INFO)
    optimizer = optimizer_class(**parsed.search)
    if not isinstance(optimizer, Adapter):
        # NASLib's own way to count fails from NumPy 2.4 on.
        optimizer.get_model_size = lambda: _millions(optimizer)
    optimizer.adapt_search_space(make_space(naslib, config), parsed.dataset)
    if isinstance(optimizer, Adapter) and queues is not None:
        optimizer.steps = len(queues.train)
    recorder = Recorder(optimizer=optimizer, folder=folder, table=table, queues=queues)
    lines = EpochLines(
        console=console,
        epochs=config.ours.search.epochs,
        statistics=list(recorder.statistics),
        datasets=list(table.datasets) if table is not None else [],
        searched=config.ours.dataset,
    )
    trainer = trainer_class(naslib.trainer.Trainer)(
        optimizer, parsed, recorder=recorder, queues=queues, lines=lines
    )
    _announce(console, config, folder, table, data)
    last = naslib.utils.get_last_checkpoint(parsed) if resume or eval_only else ""
    if eval_only:
        if not last:
            raise UserError(f"{folder.path} holds no checkpoint to evaluate; search first")
        optimizer.before_training()
        trainer._setup_checkpointers(last)
    else:
        trainer.search(resume_from=last)
    return _finish(console, config, optimizer, recorder, folder)


def open_queues(config: NaslibConfig) -> Queues | None:
    """Our data loaders; None where the config asks for NASLib's.

    Raises:
        UserError: the data are missing, or NASLib's loaders lack torchvision.
    """
    if config.loaders == "naslib":
        naslib_data.check_torchvision()
        return None
    data = open_data(config.ours, pick_device())
    return Queues(data=data, search=config.ours.search, seed=config.ours.seed)


def make_space(naslib: SimpleNamespace, config: NaslibConfig) -> Any:
    """The search space, with as many classes as the data set has."""
    name, dataset = config.space, config.ours.dataset
    if dataset.lower() in naslib.spaces.dataset_n_classes:
        return naslib.spaces.get_search_space(name, dataset)
    options: dict[str, Any] = {"n_classes": resolve(dataset).classes, "in_channels": 3}
    if name == "nasbench301":
        options["auxiliary"] = False
    return naslib.spaces.supported_search_spaces[name](**options)


def _begin(config: NaslibConfig, folder: RunFolder, *, resume: bool, force: bool) -> None:
    if resume and force:
        raise UserError("--resume goes on and --force starts over: give one of them")
    if folder.exists() and not (resume or force):
        raise UserError(
            f"{folder.path} already holds a run; add --resume to go on with it, --force to start "
            "over, or name … for another folder"
        )
    if resume and folder.checkpoint.exists():
        raise UserError(f"{folder.path} holds a run of the built-in engine; leave --engine out")
    if resume and folder.config.exists():
        before = as_dict(load_config(folder.config))
        checkpoint.check_same_run(before, as_dict(config.ours), folder.config)
        return
    folder.clear()
    for file in (folder.path / "search").glob("*"):
        if file.suffix == ".pth" or file.name == "last_checkpoint":
            file.unlink()
    write_text(folder.config, dump(config.ours))


def _parse(
    naslib: SimpleNamespace,
    config: NaslibConfig,
    folder: RunFolder,
    *,
    resume: bool,
    eval_only: bool,
) -> Any:
    """The config as NASLib's own parser reads it; makes NASLib's folders."""
    text = yaml.safe_dump(config.values, sort_keys=False, allow_unicode=True)
    file = write_text(folder.path / "naslib.yaml", text)
    arguments = ["--config-file", str(file)]
    arguments += ["--resume"] * resume + ["--eval-only"] * eval_only
    options = naslib.utils.default_argument_parser().parse_args(arguments)
    parsed = naslib.utils.get_config_from_args(options, config_type="nas")
    if Path(parsed.save) != folder.path:
        raise UserError(f"NASLib would write to {parsed.save}, not to {folder.path}")
    parsed.optimizer = config.optimizer
    return parsed


def _announce(
    console: Console, config: NaslibConfig, folder: RunFolder, table: Any, data: Path | None
) -> None:
    ours, search = config.ours, config.ours.search
    lines = [
        f"{config.optimizer} on {config.space}, NASLib's Trainer, {ours.dataset}, "
        f"{search.epochs} epochs, seed {ours.seed}",
        f"table: {'none' if table is None else table.source}",
        *(changes(ours) if config.optimizer in METHODS else []),
        f"writing to {folder.path}",
    ]
    if config.space == "nasbench201" and (search.channels, search.cells) != (16, 5):
        lines.append("note: NASLib's network is C=16, N=5; search.channels and cells do not count")
    if data is not None:
        lines.append(
            f"images: NASLib's loaders on {data}; of our settings of images only batch_size and "
            "train_portion count, and no net_val_acc is recorded"
        )
    if standins.given():
        lines.append(f"stand-ins for what is not installed: {', '.join(standins.given())}")
    for line in lines:
        say(console, line)


def _finish(
    console: Console, config: NaslibConfig, optimizer: Any, recorder: Recorder, folder: RunFolder
) -> Row:
    result: Row = {"optimizer": config.optimizer, "dataset": config.ours.dataset}
    result |= {"seed": config.ours.seed, "engine": "naslib", "epochs": len(recorder.rows)}
    if config.optimizer in METHODS:
        result["changed"] = changed(config.ours)
    wanted = ["arch_str", "ops", "index", "cells", "skip_count", "none_count", "warning", "table"]
    wanted += [f"net_val_acc_{kind}" for kind in recorder.statistics]
    last: Row = recorder.rows[-1] if recorder.rows else {}
    result |= {key: last[key] for key in wanted if key in last}
    if recorder.images is not None:
        result["images"] = recorder.images
    test = None if recorder.queues is None else recorder.queues.data.test
    if test is not None:
        for kind in recorder.statistics:
            result[f"net_test_acc_{kind}"] = recorder.accuracy(test, kind)
    result["final"] = str(optimizer.get_final_architecture().get_hash())
    result["seconds"] = round(sum(row["seconds"] for row in recorder.rows), 3)
    folder.write_result(result)
    found = result.get("arch_str") or json.dumps(result.get("cells"))
    say(console, f"final architecture: {found}")
    for name, scores in (result.get("table") or {}).get("datasets", {}).items():
        texts = [f"{p} {scores[p]['value']}" for p in ("val", "test") if scores[p]["value"]]
        say(console, f"  table, {name}: {', '.join(texts)}")
    return result


def _millions(optimizer: Any) -> float:
    return float(sum(p.numel() for p in optimizer.graph.parameters()) / 1e6)
