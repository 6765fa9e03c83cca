"""A retraining run: its folder, its record, its checkpoints, its end. `retrain()`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import torch
import yaml
from rich.console import Console

from naslib_edd.engine.console import StepBar, say
from naslib_edd.engine.epochs import LOOK_SECONDS
from naslib_edd.engine.loop import Interrupted
from naslib_edd.engine.provenance import Digests, depends_on, here, moved, went_on
from naslib_edd.engine.signals import Signals
from naslib_edd.engine.surroundings import as_found, memory_errors
from naslib_edd.retrain import export
from naslib_edd.retrain.architecture import Found, find
from naslib_edd.retrain.begin import begin, check_free, save
from naslib_edd.retrain.dry import dry
from naslib_edd.retrain.lines import Lines
from naslib_edd.retrain.network import parameters
from naslib_edd.retrain.opening import open_images
from naslib_edd.retrain.processes import Processes, join, leave
from naslib_edd.retrain.recipes import Recipe, recipe_of
from naslib_edd.retrain.result import Retrained, result_of, write_weights
from naslib_edd.retrain.settings import Settings, as_dict, make
from naslib_edd.retrain.trainer import Trainer
from naslib_edd.storage import envelope
from naslib_edd.storage.lock import only_writer
from naslib_edd.storage.paths import path_of
from naslib_edd.storage.record import Row, RunFolder, plain
from naslib_edd.supernet.cost import measure


def retrain(
    arch: str,
    recipe: str | None = None,
    overrides: Sequence[str] = (),
    *,
    out: str | os.PathLike[str] | None,
    data: str | None = None,
    space: str | None = None,
    resume: bool = False,
    force: bool = False,
    dry_run: bool = False,
    console: Console | None = None,
) -> Retrained | None:
    """Train one architecture's network from scratch.

    Args:
        arch: see :func:`naslib_edd.retrain.architecture.find`.
        recipe: a name of :data:`naslib_edd.retrain.recipes.RECIPES`; None: the space's usual one.
        overrides: ``key=value`` texts over it (:class:`naslib_edd.retrain.settings.Settings`).
        out: the run's folder; None for a dry run.
        data: where the images are; None: see :mod:`naslib_edd.data.locate`.
        space: the architecture's search space, where its text does not tell.
        resume: go on from the folder's checkpoint (on one device bit for bit), or begin.
        force: start over in a folder that holds a run.
        dry_run: check everything, time two steps, and write nothing; returns None.
        console: where to print; standard output by default.

    Raises:
        UserError: bad input, missing images or packages, a folder in use, a loss that is no number.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint.
    """
    found = find(str(arch), space=space)
    name, chosen = recipe_of(recipe, space=found.space.name)
    settings = make(chosen.values, overrides, where=f"recipe {name}")
    export.check_export(settings.export)
    folder = None if out is None else RunFolder(path_of(out, "--out"))
    if folder is not None and not dry_run:
        check_free(folder, resume=resume, force=force)
    with as_found(), memory_errors():
        processes, device = join(settings.device)
        try:
            if settings.threads is not None:
                torch.set_num_threads(settings.threads)
            images = open_images(settings, data, device, processes)
            trainer = Trainer(
                found.space, found.arch, settings, images, device=device, processes=processes
            )
            run = _Run(
                trainer,
                found,
                name,
                chosen,
                console or Console(quiet=processes.rank > 0),
                processes,
            )
            run.announce()
            if dry_run or folder is None:
                dry(run.console, trainer, chosen)
                return None
            return run.run(folder, resume=resume, force=force)
        finally:
            leave(processes)


class _Run:
    def __init__(
        self,
        trainer: Trainer,
        found: Found,
        name: str,
        recipe: Recipe,
        console: Console,
        processes: Processes,
    ) -> None:
        self.trainer, self.found, self.name, self.recipe = trainer, found, name, recipe
        self.console, self.processes = console, processes
        self.settings: Settings = trainer.settings
        self.images = trainer.images
        self.first = processes.rank == 0
        self.rows: list[Row] = []
        self.best: dict[str, Any] = {}
        self.described = export.about(
            found.space,
            found.arch,
            self.settings,
            classes=self.images.classes,
            size=self.images.size,
        )
        usual = as_dict(make(recipe.values, (), where=name))
        self.changed = {
            key: value for key, value in as_dict(self.settings).items() if value != usual[key]
        }

    def announce(self) -> None:
        """Say what is about to be trained, on what."""
        images, settings = self.images, self.settings
        network = self.trainer.network
        flops = measure(network, size=images.size).flops
        self.cost = {"params_M": parameters(network) / 1e6, "flops_M": flops / 1e6}
        counts = " + ".join(f"{count} {part}" for part, count in images.counts.items())
        changed = ", ".join(f"{key}={value}" for key, value in self.changed.items())
        lines = [
            f"{self.found.space.text(self.found.arch)}",
            f"{self.found.space.title}, from {self.found.source}; recipe {self.name}: "
            f"{self.recipe.title} ({self.recipe.source})",
            f"C={settings.channels}, {settings.cells} cells: {self.cost['params_M']:.3f} M "
            f"parameters, {self.cost['flops_M']:.1f} M multiply-adds",
            f"{images.name} from {images.source}: {counts} images, {images.classes} classes, "
            f"{images.steps} steps of {settings.batch_size} an epoch, {settings.epochs} epochs",
            f"{self.trainer.device}, {self.processes.count} process(es), {settings.precision}, "
            f"seed {settings.seed}",
        ]
        for line in [*lines, *([f"settings off the recipe: {changed}"] if changed else [])]:
            say(self.console, line)

    def config(self) -> dict[str, Any]:
        """What makes the run the run it is."""
        return {
            "recipe": self.name,
            "search_space": self.found.space.name,
            "arch_str": self.described["arch_str"],
            "images": {"classes": self.images.classes, **self.images.counts},
            "processes": self.processes.count,
            "retrain": as_dict(self.settings),
        }

    def run(self, folder: RunFolder, *, resume: bool, force: bool) -> Retrained:
        """All epochs that are left, in the folder; the first process alone writes."""
        if not self.first:
            self._take(self.processes.share(None))
            return self._train(folder, {}, [])
        with only_writer(folder.path) as said:
            digests: Digests = {"images": None, "table": None}
            if self.images.digest is not None:
                digests = depends_on(self.images.digest, None)
            text = yaml.safe_dump(self.config(), sort_keys=False)
            begun = begin(
                folder, self.trainer, self.config(), text, digests, resume=resume, force=force
            )
            self.rows, self.best = begun.rows, begun.best
            place = here(self.trainer.device)
            self.places = went_on(begun.places, place, epoch=self.trainer.epoch)
            said += begun.said
            if len(self.places) > len(begun.places):
                said += moved(self.places)
            for line in [f"writing to {folder.path}", *(f"note: {line}" for line in said)]:
                say(self.console, line)
            self.processes.share([self.trainer.state_dict(), self.rows, self.best])
            return self._train(folder, digests, self.places)

    def _take(self, given: Any) -> None:
        state, self.rows, self.best = given
        self.trainer.load_state_dict(state)

    def _train(self, folder: RunFolder, digests: Digests, places: list[Any]) -> Retrained:
        self.folder, self.digests, self.places = folder, digests, places
        #: The checksum of each row, by which a checkpoint knows its record.
        self.sums = [_sum(row) for row in self.rows]
        trainer, settings = self.trainer, self.settings
        lines = Lines(console=self.console, epochs=settings.epochs, val="val" in self.images.counts)
        self._saved_at = time.monotonic()
        with Signals() as signals, StepBar(console=self.console, steps=self.images.steps) as bar:
            while not trainer.finished:
                self._epoch(bar, signals)
                lines.show(self.rows)
                if self._stopped(signals) and not trainer.finished:
                    raise Interrupted(128 + (signals.seen or 15), folder.path)
        result = result_of(
            trainer, self.found, self.rows, recipe=self.name, changed=self.changed, cost=self.cost
        )
        result |= {
            "best": self.best,
            "processes": self.processes.count,
            "files": [],
            "seconds": round(sum(row["seconds"] for row in self.rows), 3),
            "ran_on": self.places,
        }
        if self.first:
            result["files"] = write_weights(trainer, folder.path, self.described)
            folder.write_result(result)
            self._show(result)
        return Retrained(
            test_acc=result["test_acc"], result=result, rows=self.rows, folder=folder.path
        )

    def _epoch(self, bar: StepBar, signals: Signals) -> None:
        trainer, settings = self.trainer, self.settings
        began = looked = time.monotonic()
        epoch = trainer.epoch
        bar.begin(epoch, trainer.step)
        for share in trainer.steps():
            trainer.run_step(share)
            now = time.monotonic()
            look = now - looked >= LOOK_SECONDS
            if look:
                trainer.check_finite()
                looked = now
            bar.advance(float(trainer.sums[0] / trainer.sums[2]) if look else None)
            if self._stopped(signals):
                self._save()
                raise Interrupted(128 + (signals.seen or 15), self.folder.path)
            if now - self._saved_at >= settings.checkpoint_seconds:
                self._save()
        rate = trainer.optimizer.param_groups[0]["lr"]
        row: Row = {
            "epoch": epoch + 1,
            "learning_rate": rate,
            "drop_path": float(getattr(trainer.network, "drop_path", 0.0)),
            **trainer.end_epoch(),
            "val_acc": None,
            "test_acc": None,
        }
        if trainer.epoch % settings.evaluate_every == 0 or trainer.finished:
            for part in ("val", "test"):
                if part in self.images.counts or part == "test":
                    row[f"{part}_acc"] = trainer.accuracy(part)
            self._keep_best(row)
        row["seconds"] = round(time.monotonic() - began, 3)
        self.rows.append(row)
        self.sums.append(_sum(row))
        if self.first:
            self.folder.append(row)
        self._save()

    def _keep_best(self, row: Row) -> None:
        by = "val" if row["val_acc"] is not None else "test"
        if self.best and row[f"{by}_acc"] <= self.best[f"{self.best['by']}_acc"]:
            return
        self.best = {"epoch": row["epoch"], "by": by, "test_acc": row["test_acc"]}
        if by == "val":
            self.best["val_acc"] = row["val_acc"]
        if self.first:
            export.save_weights(self.folder.path / "best.pt", self.trainer.network, self.described)

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        if self.first:
            save(self.folder, self.trainer, self.config(), self.sums, self.best, self.places,
                 self.digests)  # fmt: skip

    def _stopped(self, signals: Signals) -> bool:
        """Whether any process was told to stop: they must all do so after the same step."""
        stop = signals.seen is not None
        if not self.processes.several:
            return stop
        told = torch.tensor(float(stop), device=self.trainer.device)
        return bool(self.processes.total(told) > 0)

    def _show(self, result: Row) -> None:
        words = f"test accuracy of the last weights: {result['test_acc']:.2f} %"
        if "test_acc_ema" in result:
            words += f", of their average: {result['test_acc_ema']:.2f} %"
        say(self.console, words)
        say(self.console, f"record, result, {', '.join(result['files'])}: {self.folder.path}")


def _sum(row: Row) -> str:
    return envelope.of_values(plain(row))
