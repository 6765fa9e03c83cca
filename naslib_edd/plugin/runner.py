"""A search on NASLib's Trainer: ``naslib-edd naslib`` and ``search --engine naslib``."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import yaml
from rich.console import Console

from naslib_edd.config.loading import as_dict, changed, dump
from naslib_edd.config.loading import load as load_config
from naslib_edd.config.methods import METHODS
from naslib_edd.data import resolve
from naslib_edd.engine import checkpoint
from naslib_edd.engine.begin import check_free, check_lost
from naslib_edd.engine.console import EpochLines, say
from naslib_edd.engine.provenance import (
    Digests,
    Place,
    check_depends,
    depends_on,
    here,
    moved,
    went_on,
)
from naslib_edd.engine.start import changes, open_data, open_table
from naslib_edd.engine.surroundings import as_found
from naslib_edd.errors import UserError
from naslib_edd.plugin import compat, naslib_data, registry, rng, saving, standins
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.fast import TiedSupernet
from naslib_edd.plugin.naslib_config import NaslibConfig, complete
from naslib_edd.plugin.queues import Queues, pick_device
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.plugin.trainer import trainer_class
from naslib_edd.storage.files import disk_errors, write_text
from naslib_edd.storage.lines import read_lines
from naslib_edd.storage.lock import only_writer
from naslib_edd.storage.record import Row, RunFolder
from naslib_edd.tables.compare import lines_of_others, other_tables


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
        begun = _begin(config, folder, digests, resume=go_on, force=force)
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
        _announce(console, config, optimizer, folder, table, data, said)
        last = "" if begun.last is None else str(begun.last)
        if not eval_only:
            trainer.search(resume_from=last)
        elif not last:
            raise UserError(f"{folder.path} holds no checkpoint to evaluate; search first")
        else:
            optimizer.before_training()
            trainer._setup_checkpointers(last)
        return _finish(console, config, optimizer, recorder, folder, begun.places)


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


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A run that can go on: its newest checkpoint, on what it ran and runs, lines to say."""

    last: Path | None
    places: list[Place]
    said: list[str]


def _begin(
    config: NaslibConfig, folder: RunFolder, digests: Digests, *, resume: bool, force: bool
) -> _Begun:
    check_free(folder, resume=resume, force=force)
    checkpoint.check_holds({"run": as_dict(config.ours)})
    if resume and folder.has_checkpoint():
        raise UserError(f"{folder.path} holds a run of the built-in engine; leave --engine out")
    device = pick_device()
    last: Path | None = None
    said: list[str] = []
    if resume and folder.config.exists():
        text, has_seal = folder.read_config()
        before = as_dict(load_config(folder.config))
        checkpoint.check_same_run(before, as_dict(config.ours), folder.config)
        if not has_seal:
            folder.write_config(text)  # an older run's: the record will have checksums, too
        last, noted, said = saving.newest(folder.path)
        if last is None:
            known = int(config.values["search"].get("checkpoint_freq") or 1) - 1
            said += check_lost(folder, known=known)
        else:
            places = noted.get("ran_on", [])
            said += check_depends(noted.get("depends") or {}, digests, last)
            # The checkpoint has the rows: a line of the record that is damaged is written anew.
            lines = read_lines(folder.record) if folder.record.exists() else []
            damaged = [str(line.number) for line in lines if line.row is None]
            if damaged:
                said.append(
                    f"{folder.record.name}: written anew, line {', '.join(damaged)} was bad"
                )
            now = went_on(places, here(device), epoch=_epoch(last, config))
            return _Begun(last=last, places=now, said=said + moved(now[len(places) - 1 :]))
    folder.clear()
    for file in (folder.path / "search").glob("*"):
        if file.suffix == ".pth" or file.name == "last_checkpoint":
            file.unlink()
    folder.write_config(dump(config.ours))
    return _Begun(last=None, places=went_on([], here(device), epoch=0), said=said)


def _epoch(checkpoint: Path, config: NaslibConfig) -> int:
    """The epochs that are done in a checkpoint of NASLib's, told by its name."""
    number = checkpoint.stem.rpartition("_")[2]
    return int(number) + 1 if number.isdigit() else config.ours.search.epochs


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
    console: Console,
    config: NaslibConfig,
    optimizer: Any,
    folder: RunFolder,
    table: Any,
    data: Path | None,
    said: Sequence[str],
) -> None:
    ours, search = config.ours, config.ours.search
    lines = [
        f"{config.optimizer} on {config.space}, NASLib's Trainer, {ours.dataset}, "
        f"{search.epochs} epochs, seed {ours.seed}",
        f"table: {'none' if table is None else table.source}",
        f"writing to {folder.path}",
        *(f"note: {line}" for line in said),
    ]
    if isinstance(optimizer, Adapter):
        tied = isinstance(optimizer.supernet, TiedSupernet)
        network = "the fast supernet on its parameters" if tied else "the graph itself"
        told = changes(ours) if config.optimizer in METHODS else []
        lines[2:2] = [f"network: NASLib's graph, computed by {network}", *told, *optimizer.idle()]
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
    console: Console,
    config: NaslibConfig,
    optimizer: Any,
    recorder: Recorder,
    folder: RunFolder,
    places: list[Place],
) -> Row:
    result: Row = {"optimizer": config.optimizer, "dataset": config.ours.dataset}
    result |= {"seed": config.ours.seed, "engine": "naslib", "epochs": len(recorder.rows)}
    if config.optimizer in METHODS:
        result["changed"] = changed(config.ours)
    wanted = ["arch_str", "ops", "index", "cells", "skip_count", "none_count", "warning", "table"]
    wanted += [f"net_val_acc_{kind}" for kind in recorder.statistics]
    last: Row = recorder.rows[-1] if recorder.rows else {}
    result |= {key: last[key] for key in wanted if key in last}
    if "index" in last:
        result |= other_tables(recorder.table, last["index"], named=config.ours.table)
    if recorder.images is not None:
        result["images"] = dict(recorder.images)
    test = None if recorder.queues is None else recorder.queues.data.test
    if test is not None:
        # Where the val half is limited, so is this: a trial run is to end soon.
        test = test.first(config.ours.search.limit_val)
        result["images"]["test"] = len(test)
        for kind in recorder.statistics:
            result[f"net_test_acc_{kind}"] = recorder.accuracy(test, kind)
    result["final"] = str(optimizer.get_final_architecture().get_hash())
    result["seconds"] = round(sum(row["seconds"] for row in recorder.rows), 3)
    result["ran_on"] = places
    folder.write_result(result)
    found = result.get("arch_str") or json.dumps(result.get("cells"))
    say(console, f"final architecture: {found}")
    for name, scores in (result.get("table") or {}).get("datasets", {}).items():
        texts = [f"{p} {scores[p]['value']}" for p in ("val", "test") if scores[p]["value"]]
        say(console, f"  table, {name}: {', '.join(texts)}")
    for text in lines_of_others(result):
        say(console, f"  {text}")
    return result


def _millions(optimizer: Any) -> float:
    return float(sum(p.numel() for p in optimizer.graph.parameters()) / 1e6)
