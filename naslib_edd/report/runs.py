"""Runs read back from their folders: config, record and result, checked."""

from __future__ import annotations

import copy
import functools
import os
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naslib_edd import spaces
from naslib_edd.data.names import canonical
from naslib_edd.errors import UserError
from naslib_edd.spaces import Space
from naslib_edd.storage.lines import check_epochs, read_lines, rows_in
from naslib_edd.storage.paths import PathLike, is_folder, path_of
from naslib_edd.storage.record import Row, RunFolder
from naslib_edd.storage.yaml_text import LARGEST, NotYaml, parse

#: What every line of a record has, and the figures need; the second part not of a floor.
_NEEDED = ("epoch", "arch_str", "ops")
_NEEDED_OF_SUPERNETS = ("t", "entropy", "logits")


class LeftOut(UserWarning):
    """A run among others was left out, because it is damaged or has nothing to tell yet."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run.

    Attributes:
        folder: where it lies.
        label: what it is called in figures and tables; runs of one label differ in their seed.
        config: every setting, as in ``config.yaml``.
        rows: the record, a row an epoch.
        result: what ``result.json`` holds; None while the run is unfinished.
    """

    folder: Path
    label: str
    config: dict[str, Any]
    rows: list[Row]
    result: Row | None

    @property
    def name(self) -> str:
        """The config's ``name``, or else its ``optimizer``."""
        return name_of(self.config)

    @property
    def floor(self) -> bool:
        """Whether it only looked architectures up: without logits, temperature and network."""
        return (self.config.get("search") or {}).get("strategy", "one_shot") != "one_shot"

    @property
    def space(self) -> Space:
        """The search space."""
        return _space(self.config)

    @property
    def dataset(self) -> str:
        """The image set of the search."""
        return canonical(str(self.config.get("dataset", "unknown data")))

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.config.get("seed", 0))

    @property
    def images(self) -> tuple[int, int] | None:
        """How many images the two halves had, where the result says so."""
        counts = (self.result or {}).get("images")
        if not isinstance(counts, dict) or not {"train", "val"} <= counts.keys():
            return None
        return int(counts["train"]), int(counts["val"])

    @property
    def last(self) -> Row:
        """The record of the last epoch."""
        return self.rows[-1]


def name_of(config: dict[str, Any]) -> str:
    """The name of a run: ``name``, or else ``optimizer``."""
    return str(config.get("name") or config.get("optimizer") or "run")


def load_runs(
    folders: PathLike | Iterable[PathLike], labels: dict[str, str] | None = None
) -> list[Run]:
    """All runs in or below the folders, in the folders' order.

    A damaged one among others is left out, with a :class:`LeftOut` that names it.

    Args:
        folders: one or more, each a run's folder or one with run folders anywhere below.
        labels: name of a run -> its label; the name itself by default.

    Raises:
        UserError: a folder that is missing or holds no record, or all runs are damaged.
    """
    return sound_runs(folders, labels)[0]


def sound_runs(
    folders: PathLike | Iterable[PathLike], labels: dict[str, str] | None = None
) -> tuple[list[Run], list[Path]]:
    """:func:`load_runs`, and the folders of the runs that it leaves out."""
    found: dict[Path, Path] = {}
    given = [folders] if isinstance(folders, str | os.PathLike) else folders
    for folder in (path_of(each, "the folder") for each in given):
        if not is_folder(folder, "the folder"):
            raise UserError(f"there is no folder {folder}; give a run's folder or one above runs")
        records = sorted(folder.rglob("record.jsonl"))
        if not records:
            raise UserError(
                f"no record.jsonl in {folder} or below; `naslib-edd search` writes one for each run"
            )
        for record in records:
            found.setdefault(Path(os.path.realpath(record.parent)), record.parent)
    runs: list[Run] = []
    problems: dict[Path, UserError] = {}
    for folder in found.values():
        try:
            runs.append(load_run(folder, labels))
        except UserError as error:
            problems[folder] = error
    if not runs:
        raise next(iter(problems.values()))
    for problem in problems.values():
        warnings.warn(f"left out: {problem}", LeftOut, stacklevel=3)
    return runs, list(problems)


def load_run(folder: PathLike, labels: dict[str, str] | None = None) -> Run:
    """The run of one folder.

    Raises:
        UserError: no record, no epoch in it, a damaged line, config or result; or a piece has
            no checksum and others have.
    """
    folder = path_of(folder, "the run's folder")
    if not is_folder(folder, "the run's folder"):
        raise UserError(f"there is no folder {folder}; give the folder of a run")
    files = RunFolder(folder)
    lines = read_lines(files.record)
    rows = rows_in(files.record, lines)
    if not rows:
        raise UserError(f"{files.record} holds no finished epoch yet: there is nothing to draw")
    text, config_sealed = files.read_config()
    read = files.read_result()
    result, result_sealed = (None, None) if read is None else read
    files.check_seals(config=config_sealed, lines=lines, result=result_sealed)
    config = _config(text, files.config)
    floor = config["search"].get("strategy", "one_shot") != "one_shot"
    space = _space(config)
    needed = _NEEDED if floor else (*_NEEDED, *_NEEDED_OF_SUPERNETS)
    if space.size is not None:
        needed = (*needed, "index")
    for number, row in enumerate(rows, start=1):
        missing = [key for key in needed if not isinstance(row, dict) or row.get(key) is None]
        if missing:
            raise UserError(
                f"line {number} of {files.record} lacks {', '.join(missing)}; the file is damaged"
            )
        try:
            space.check(row["ops"])
        except (TypeError, ValueError, UserError) as error:
            raise UserError(f"line {number} of {files.record}: ops are damaged: {error}") from None
    check_epochs(files.record, rows)
    if result is not None and result.get("epochs") != len(rows):
        raise UserError(
            f"{files.record} holds {len(rows)} epochs, but {files.result.name} beside it tells of "
            f"{result.get('epochs')}; the folder was changed by hand: run it again with --force"
        )
    name = name_of(config)
    return Run(
        folder=folder,
        label=(labels or {}).get(name, name),
        config=config,
        rows=rows,
        result=result,
    )


def _space(config: dict[str, Any]) -> Space:
    return spaces.get(str(config.get("search_space", "nasbench201")))


def _config(text: str, path: Path) -> dict[str, Any]:
    try:
        config = _parsed(text) if len(text) <= LARGEST else None
    except NotYaml:
        config = None
    if not isinstance(config, dict) or not isinstance(config.get("search"), dict):
        raise UserError(f"{path} is not a run's config (keys, with a section 'search')")
    return config


#: A seed's own line, as configs are written: what the runs of one setting differ in.
_SEED = re.compile(r"^seed: (0|[1-9][0-9]{0,8})\n", re.MULTILINE)


def _parsed(text: str) -> Any:
    """:func:`parse`, which takes long, once for all seeds of one setting."""
    found = _SEED.findall(text)
    if len(found) == 1:
        rest = _without_seed(_SEED.sub("", text))
        if isinstance(rest, dict) and "seed" not in rest:
            return {**copy.deepcopy(rest), "seed": int(found[0])}
    return parse(text)


@functools.lru_cache(maxsize=64)
def _without_seed(text: str) -> Any:
    try:
        return parse(text)
    except NotYaml:
        return None
