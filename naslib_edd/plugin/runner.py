"""A search on NASLib's Trainer: ``naslib-edd naslib`` and ``search --engine naslib``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import yaml
from rich.console import Console

from naslib_edd.data import resolve
from naslib_edd.engine.begin import check_free
from naslib_edd.engine.console import EpochLines
from naslib_edd.engine.provenance import (
    depends_on,
)
from naslib_edd.engine.start import open_data, open_table
from naslib_edd.engine.surroundings import as_found
from naslib_edd.errors import UserError
from naslib_edd.plugin import compat, naslib_data, registry, rng, standins
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.begin import begin
from naslib_edd.plugin.naslib_config import NaslibConfig, complete
from naslib_edd.plugin.queues import Queues, pick_device
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.plugin.telling import announce, finish
from naslib_edd.plugin.trainer import trainer_class
from naslib_edd.storage.files import disk_errors, write_text
from naslib_edd.storage.lock import only_writer
from naslib_edd.storage.record import Row, RunFolder


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
    naslib = compat.load()
    optimizer_class = registry.get(config.optimizer)
    with as_found(), rng.kept(), disk_errors():
        return _run(
            naslib,
            config,
            optimizer_class,
            resume=resume,
            eval_only=eval_only,
            force=force,
            console=console,
        )


def _run(
    naslib: SimpleNamespace,
    config: NaslibConfig,
    optimizer_class: Any,
    *,
    resume: bool,
    eval_only: bool,
    force: bool,
    console: Console,
) -> Row:
    if config.ours.threads is not None:
        torch.set_num_threads(config.ours.threads)
    if config.values["plot_arch_weights"] and "seaborn" in standins.given():
        standins.refuse("seaborn")  # NASLib would miss it when the search is done
    queues = open_queues(config)
    table = open_table(config.ours) if config.space == "nasbench201" else None
    folder = RunFolder(config.folder)
    digests = depends_on(None if queues is None else queues.data, table)
    go_on = resume or eval_only
    check_free(folder, resume=go_on, force=force)
    with only_writer(folder.path) as said:
        begun = begin(config, folder, digests, resume=go_on, force=force)
        said += begun.said
        parsed = _parse(naslib, config, folder, resume=resume, eval_only=eval_only)
        data = naslib_data.root(config.ours) if queues is None else None
        if data is not None:
            parsed.data = str(data)
        optimizer = _optimizer(naslib, config, parsed, optimizer_class)
        extra = 0
        if isinstance(optimizer, Adapter):
            extra = optimizer.stages.extra_epochs
            if queues is not None:
                optimizer.steps, optimizer.images = len(queues.train), queues.data
        recorder = Recorder(optimizer=optimizer, folder=folder, table=table, queues=queues)
        lines = EpochLines(
            console=console,
            epochs=config.ours.search.epochs + extra,
            statistics=list(recorder.statistics),
            datasets=list(table.datasets) if table is not None else [],
            searched=config.ours.dataset,
        )
        trainer = trainer_class(naslib.trainer.Trainer)(
            optimizer,
            parsed,
            recorder=recorder,
            queues=queues,
            lines=lines,
            noted={"ran_on": begun.places, "depends": digests},
        )
        announce(console, config, optimizer, folder, table, data, said)
        last = "" if begun.last is None else str(begun.last)
        if not eval_only:
            trainer.search(resume_from=last)
        elif not last:
            raise UserError(f"{folder.path} holds no checkpoint to evaluate; search first")
        else:
            optimizer.before_training()
            trainer._setup_checkpointers(last)
        return finish(console, config, optimizer, recorder, folder, begun.places)


def _optimizer(
    naslib: SimpleNamespace, config: NaslibConfig, parsed: Any, optimizer_class: Any
) -> Any:
    """The optimizer on its search space, seeded, with NASLib's log begun."""
    naslib.utils.set_seed(config.ours.seed)
    logger = naslib.log.setup_logger(f"{parsed.save}/log.log")
    logger.setLevel(logging.INFO)
    for handler in logger.handlers:
        # On a full disk a file of ours says so, in one line; logging would print tracebacks.
        handler.handleError = lambda record: None
    optimizer = optimizer_class(**parsed.search)
    if isinstance(optimizer, Adapter):
        optimizer.tell_no_more(config.loaders)
    else:
        # NASLib's own way to count fails from NumPy 2.4 on.
        optimizer.get_model_size = lambda: _millions(optimizer)
    optimizer.adapt_search_space(make_space(naslib, config), parsed.dataset)
    return optimizer


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


def _millions(optimizer: Any) -> float:
    return float(sum(p.numel() for p in optimizer.graph.parameters()) / 1e6)
