"""A sweep's YAML as a list of searches, each checked before the first one begins.

::

    config: configs/quickstart.yaml   # what all runs share; or a list of files
    methods: [darts_v1, edd_darts]    # or all; left out: the config's own
    seeds: [0, 1, 2]                  # or a number: so many from 0
    set:                              # one value for all, or a list: the grid
      search.epochs: 20
      search.edd_lambda: [0.06, 0.12]
    out_dir: runs/my_sweep
    jobs: 2                           # runs at once; the machine's cores by default
    executor: local                   # or slurm, ray, with the extra of that name
    resources: {gpus_per_node: 1}     # what each run asks for, as submitit or Ray names it
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from naslib_edd.config import loading as configs
from naslib_edd.config.methods import CARDS, known
from naslib_edd.engine.start import folder_of
from naslib_edd.errors import UserError, nearest
from naslib_edd.storage.literal import value as shown
from naslib_edd.storage.paths import look, path_of

_MOST_SEEDS = 10_000
#: The keys of a sweep's file.
KEYS = ("config", "methods", "seeds", "set", "out_dir", "jobs", "retries", "executor", "resources")
EXECUTORS = ("local", "slurm", "ray")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One search of a sweep.

    Attributes:
        label: method and what of the grid is its own, as its folder is named.
        seed: of the run.
        config: the file.
        overrides: ``key=value`` texts over it.
        folder: where its record goes.
        epochs: how many it will make.
    """

    label: str
    seed: int
    config: Path
    overrides: tuple[str, ...]
    folder: Path
    epochs: int

    @property
    def name(self) -> str:
        """Label and seed, for people."""
        return f"{self.label} seed {self.seed}"

    def of_seed(self, seed: int) -> Task:
        """The same search with another seed."""
        overrides = [f"seed={seed}" if text == f"seed={self.seed}" else text
                     for text in self.overrides]  # fmt: skip
        folder = self.folder.with_name(str(seed))
        return replace(self, seed=seed, overrides=tuple(overrides), folder=folder)

    @property
    def arguments(self) -> list[str]:
        """What follows ``naslib-edd``: begins the run, goes on with it, or does nothing more.

        Without the run's figures, which take seconds of each run: reports draw what they show.
        """
        return ["search", str(self.config), *self.overrides, "--resume", "--no-figures"]

    @property
    def command(self) -> str:
        """One line for a shell, a job array, xargs or GNU parallel."""
        return shlex.join(["naslib-edd", *self.arguments])


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A checked sweep; see the module's text for its keys."""

    configs: tuple[Path, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: dict[str, tuple[Any, ...]]
    out_dir: Path
    jobs: int
    retries: int
    executor: str
    resources: dict[str, Any]

    @property
    def threads(self) -> int:
        """Of each run: this machine's cores shared out, or those asked of the cluster, else 1."""
        if self.executor == "local":
            return max(1, cores() // self.jobs)
        asked = self.resources.get("cpus_per_task", self.resources.get("num_cpus", 1))
        return max(1, int(asked))

    def tasks(self) -> list[Task]:
        """Every search: those of the first seed first, so that early results span the grid.

        Raises:
            UserError: a setting or method that some run cannot have.
        """
        keys = list(self.settings)
        grids = list(itertools.product(*self.settings.values()))
        varied = [place for place, key in enumerate(keys) if len(self.settings[key]) > 1]
        # A config is read once: its seeds differ in the seed and in the folder's last part.
        first = [
            self._task(
                config,
                method,
                self.seeds[0],
                dict(zip(keys, values, strict=True)),
                [keys[v] for v in varied],
            )
            for config in self.configs
            for values in grids
            for method in self.methods or (None,)
        ]
        found = [task.of_seed(seed) for seed in self.seeds for task in first]
        if len({task.folder for task in found}) < len(found):
            raise UserError("two runs of this sweep would go to one folder: a value is given twice")
        return found

    def _task(
        self,
        file: Path,
        method: str | None,
        seed: int,
        values: Mapping[str, Any],
        varied: Sequence[str],
    ) -> Task:
        overrides = [f"{key}={_as_typed(value)}" for key, value in values.items()]
        if method is not None:
            overrides.append(f"optimizer={method}")
        base = configs.load(file, overrides)
        parts = [method or base.name or base.optimizer]
        if method is not None and len(self.configs) > 1:
            parts.insert(0, base.name or file.stem)
        parts += [f"{key.rpartition('.')[2]}={_as_typed(values[key])}" for key in varied]
        label = ",".join(parts).replace(os.sep, "_")
        overrides += [f"name={label}", f"seed={seed}", f"out_dir={self.out_dir}"]
        if base.threads is None:
            overrides.append(f"threads={self.threads}")
        config = configs.load(file, overrides)
        return Task(
            label=label,
            seed=seed,
            config=file,
            overrides=tuple(overrides),
            folder=folder_of(config),
            epochs=config.search.epochs,
        )


def read(path: Path) -> Sweep:
    """A sweep from its file.

    Raises:
        UserError: an unknown key, or a value of another kind than the key's.
    """
    given = configs.read(path)
    for key in given:
        if key not in KEYS:
            raise UserError(f"unknown key '{key}' in {path}{nearest(key, KEYS)}")
    if "config" not in given:
        raise UserError(f"{path} names no config; a sweep needs one, e.g. configs/quickstart.yaml")
    jobs, executor = given.get("jobs"), given.get("executor", "local")
    if executor not in EXECUTORS:
        raise UserError(
            f"executor in {path} is {shown(executor)}{nearest(str(executor), EXECUTORS)}"
        )
    resources = given.get("resources") or {}
    if not isinstance(resources, dict) or (resources and executor == "local"):
        raise UserError(f"resources in {path} are what runs ask of executor: slurm or ray")
    return Sweep(
        configs=_configs(given["config"], path),
        methods=_methods(given.get("methods"), path),
        seeds=_seeds(given.get("seeds", [0]), path),
        settings={key: _values(key, value, path) for key, value in _grid(given, path).items()},
        out_dir=path_of(str(given.get("out_dir", "runs")), "out_dir"),
        jobs=cores() if jobs is None else _whole(jobs, "jobs", path, least=1),
        retries=_whole(given.get("retries", 2), "retries", path, least=0),
        executor=executor,
        resources={str(key): value for key, value in resources.items()},
    )


def _configs(given: Any, path: Path) -> tuple[Path, ...]:
    """The files, as named or beside the sweep's own."""
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"config in {path} must be a file's name, or a list of them")
    files = [path_of(name, "the config") for name in names]
    return tuple(
        file if look(file, "the config") is not None else path.parent / file for file in files
    )


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _methods(given: Any, path: Path) -> tuple[str, ...]:
    if given is None:
        return ()
    if given == "all":
        return tuple(name for name, card in CARDS.items() if "builtin" in card.hosts)
    if not isinstance(given, list) or not given:
        raise UserError(f"methods in {path} must be a list of names, or all; not {shown(given)}")
    for name in given:
        if not known(str(name)):
            raise UserError(f"unknown method {name!r} in {path}{nearest(str(name), CARDS)}")
    return tuple(given)


def _seeds(given: Any, path: Path) -> tuple[int, ...]:
    if isinstance(given, int) and not isinstance(given, bool):
        return tuple(range(_whole(given, "seeds", path, least=1, most=_MOST_SEEDS)))
    if not isinstance(given, list) or not given:
        raise UserError(f"seeds in {path} must be a list of whole numbers, or how many")
    return tuple(_whole(seed, "seeds", path, least=0) for seed in given)


def _grid(given: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    held = given.get("set") or {}
    if not isinstance(held, Mapping):
        raise UserError(f"set in {path} must hold settings, as in 'search.epochs: 20'")
    taken = {"seed": "seeds", "optimizer": "methods", "out_dir": "out_dir", "name": None}
    for key in held:
        if key in taken:
            instead = f"; use {taken[key]}" if taken[key] else ": the sweep names its runs"
            raise UserError(f"'{key}' cannot be set in {path}{instead}")
    return held


def _values(key: str, value: Any, path: Path) -> tuple[Any, ...]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UserError(f"set.{key} in {path} is an empty list")
    return tuple(values)


def _whole(value: Any, key: str, path: Path, *, least: int, most: int = 2**63 - 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(
            f"{key} in {path} must be whole numbers of {least} or more, not {shown(value)}"
        )
    if value > most:
        raise UserError(f"{key} = {shown(value)} in {path} is too large; at most {most:g}")
    return value


def _as_typed(value: Any) -> str:
    """A value as one types it behind ``key=``."""
    if isinstance(value, str):
        return value
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()
