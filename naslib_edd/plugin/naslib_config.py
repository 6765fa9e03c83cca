"""One config language: a YAML of ours or of NASLib's, completed to what NASLib's parser needs.

NASLib's parser wants sections and keys to be there, takes overrides only of keys that are, and
reads ``False`` on the command line as true. So the file is completed and overridden here, checked
by :mod:`naslib_edd.config.loading`, and what NASLib's parser then reads is a whole config.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naslib_edd.config import loading as configs
from naslib_edd.config.methods import known
from naslib_edd.config.overrides import typed_value
from naslib_edd.config.settings import Config, SearchSettings, names
from naslib_edd.errors import UserError, nearest
from naslib_edd.storage.paths import folder_name, path_of

Values = dict[str, Any]

SPACES = ("nasbench201", "nasbench301")
#: What NASLib's Trainer reads of ``search:`` and of the top level, where a config leaves it out.
_SEARCH: Values = {"checkpoint_freq": 1, "train_portion": 0.5, "cutout": False}
_TOP: Values = {"save_arch_weights": False, "plot_arch_weights": False, "evaluation": {}}
LOADERS = ("naslib_edd", "naslib")


@dataclass(frozen=True, kw_only=True)
class NaslibConfig:
    """A completed config.

    Attributes:
        optimizer: a method of ours, ``naslib:NAME``, or a third party's.
        ours: its checked settings; for an optimizer of others those of data, table and seed.
        values: everything, for NASLib's parser.
        space: the search space.
        loaders: whose data loaders.
    """

    optimizer: str
    ours: Config
    values: Values
    space: str
    loaders: str

    @property
    def folder(self) -> Path:
        """Where NASLib puts the run: out_dir/search_space/dataset/name/seed."""
        ours, values = self.ours, self.values
        return (
            Path(values["out_dir"])
            / values["search_space"]
            / values["dataset"]
            / values["optimizer"]
            / str(ours.seed)
        )


def complete(path: Path, overrides: Sequence[str]) -> NaslibConfig:
    """Read, override, check and complete a config.

    Args:
        path: a YAML file.
        overrides: ``key=value`` texts, or keys and values in turn as NASLib has them.

    Raises:
        UserError: a wrong key, value, optimizer or search space.
    """
    values = configs.read(path_of(path, "the config"))
    for section in ("search", "evaluation"):
        values[section] = dict(values.get(section) or {})
    former, typed = values.get("optimizer"), []
    for key, value in pairs(overrides):
        section, _, leaf = key.rpartition(".")
        if section not in ("", "search", "evaluation") or not leaf:
            raise UserError(f"unknown key '{key}' on the command line; e.g. search.epochs")
        (values[section] if section else values)[leaf] = value
        typed.append(leaf)
    optimizer = str(values.get("optimizer", Config.optimizer))
    if "optimizer" in typed and known(optimizer):
        dataset = values.get("dataset", Config.dataset)
        values["search"] = configs.of_method(
            values["search"],
            former=former,
            method=optimizer,
            typed=typed,
            dataset=dataset,
            where=str(path),
        )
    space = str(values.get("search_space", Config.search_space)).lower()
    if space not in SPACES:
        raise UserError(
            f"search_space '{space}' is not supported on NASLib{nearest(space, SPACES)}"
        )
    loaders = str(values.pop("loaders", LOADERS[0]))
    if loaders not in LOADERS:
        raise UserError(f"loaders '{loaders}' is unknown{nearest(loaders, LOADERS)}")
    ours = _checked({**values, "search_space": space}, optimizer, path)
    name = folder_name(ours.name or optimizer.replace(":", "_"), "name")
    search = {**_SEARCH, **_resolved(ours, optimizer), **values["search"]}
    search["train_portion"] = search["train_portion"] or _SEARCH["train_portion"]
    top = {"dataset": ours.dataset, "seed": ours.seed}
    top["out_dir"] = str(path_of(ours.out_dir or ".", "out_dir"))
    kept = {key: value for key, value in values.items() if key not in ("data", "name")}
    completed = {**_TOP, **kept, **top, "optimizer": name, "search_space": space, "search": search}
    return NaslibConfig(
        optimizer=optimizer, ours=ours, values=completed, space=space, loaders=loaders
    )


def pairs(texts: Sequence[str]) -> list[tuple[str, Any]]:
    """``key=value`` texts, or keys and values in turn, as (key, value as a setting takes it)."""
    found: list[tuple[str, Any]] = []
    rest = list(texts)
    while rest:
        key, equals, raw = rest.pop(0).partition("=")
        if not equals:
            if not rest:
                raise UserError(f"'{key}' on the command line has no value")
            raw = rest.pop(0)
        found.append((key.strip(), typed_value(key.strip(), raw)))
    return found


def _checked(values: Values, optimizer: str, path: Path) -> Config:
    """Our part of the config, checked; for others' optimizers without ``search:``."""
    own = {key: values[key] for key in values if key in names(Config)}
    own["search"] = {k: v for k, v in values["search"].items() if k in names(SearchSettings)}
    if own["search"].get("grad_clip") == 0:
        own["search"] |= {"clip": "off", "grad_clip": 5.0}  # NASLib's way to switch it off
    if not known(optimizer):
        own["optimizer"] = "darts_v1"
    for key, value in values["search"].items():
        if key.startswith(("edd_", "pcd_")) and key not in names(SearchSettings):
            close = nearest(key, names(SearchSettings))
            raise UserError(f"unknown key 'search.{key}' = {value!r} in {path}{close}")
    return configs.load(own)


def _resolved(ours: Config, optimizer: str) -> Values:
    """Every setting of ``search:``; for others' optimizers the few that NASLib's Trainer reads."""
    search: Values = configs.as_dict(ours)["search"]
    if known(optimizer):
        return search
    wanted = ("epochs", "batch_size", "learning_rate_min")
    return {key: search[key] for key in wanted}
