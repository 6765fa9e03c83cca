"""Runs that differ only by their seed, gathered under one label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.report.recipe import SIZE_KEYS, Settings, comparable, other_settings, reduction
from naslib_edd.report.runs import Run

_REDUCED = "reduced: "
#: Settings whose values speak for themselves.
_BY_VALUE = ("optimizer", "dataset", "search_space")
_TOLD_BY_SIZE = frozenset({f"search.{key}" for key in SIZE_KEYS})


@dataclass(frozen=True, kw_only=True)
class Group:
    """Finished runs of one setting.

    Attributes:
        label: what the row or line is called.
        reduction: see :func:`naslib_edd.report.recipe.reduction`.
        settings: those off the method's own; see :func:`naslib_edd.report.recipe.other_settings`.
        runs: by seed; no seed twice.
    """

    label: str
    reduction: str | None
    settings: dict[str, Any]
    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        """The label, and how the runs were reduced if they were."""
        return f"{self.label}, {self.reduction}" if self.reduction else self.label


def group_runs(runs: Sequence[Run], *, data_note: str | None = None) -> list[Group]:
    """Gather runs by label; runs of one label with unequal settings get labels that say which.

    Args:
        runs: all finished.
        data_note: see :func:`naslib_edd.report.recipe.reduction`.

    Raises:
        UserError: the same setting and seed twice, which a mean over seeds must not count twice.
    """
    by_setting: dict[tuple[str, str], list[Run]] = {}
    namesakes: dict[str, dict[str, Settings]] = {}
    for run in runs:
        size = reduction(run.config, images=run.images, data_note=data_note)
        flat = comparable(run.config)
        key = json.dumps([size, flat], sort_keys=True, default=str)
        by_setting.setdefault((run.label, key), []).append(run)
        namesakes.setdefault(run.label, {})[key] = flat
    return [
        Group(
            label=label + _suffix(namesakes[label][key], list(namesakes[label].values())),
            reduction=reduction(members[0].config, images=members[0].images, data_note=data_note),
            settings=other_settings(members[0].config),
            runs=_by_seed(members),
        )
        for (label, key), members in by_setting.items()
    ]


def shared_reduction(groups: Sequence[Group]) -> str | None:
    """What the reductions of all groups have in common: told once, not in each one's name."""
    parts = _shared_parts(groups)
    return f"{_REDUCED}{', '.join(parts)}" if parts else None


def name_among(group: Group, groups: Sequence[Group]) -> str:
    """The group's label, and of its reduction what :func:`shared_reduction` does not tell."""
    shared = _shared_parts(groups)
    if not shared:
        return group.title
    return ", ".join([group.label, *(part for part in _parts(group) if part not in shared)])


def edges_text(groups: Sequence[Group]) -> str:
    """How many edges an architecture keeps, as a note says it: "edges of 6"."""
    counts = sorted({run.space.layout.kept_edges for group in groups for run in group.runs})
    return f"edges of {' or '.join(map(str, counts))}"


def _shared_parts(groups: Sequence[Group]) -> list[str]:
    first, *others = map(_parts, groups)
    return [part for part in first if all(part in other for other in others)]


def _parts(group: Group) -> list[str]:
    return group.reduction.removeprefix(_REDUCED).split(", ") if group.reduction else []


def _suffix(own: Settings, namesakes: Sequence[Settings]) -> str:
    """The settings of a run in which others of its label differ, as ``", key=value"``."""
    parts = []
    for key, value in own.items():
        if key not in _TOLD_BY_SIZE and any(other.get(key) != value for other in namesakes):
            name = key.removeprefix("search.")
            parts.append(f", {value}" if key in _BY_VALUE else f", {name}={value}")
    return "".join(parts)


def _by_seed(runs: Sequence[Run]) -> tuple[Run, ...]:
    seeds: dict[int, Run] = {}
    for run in runs:
        if run.seed in seeds:
            raise UserError(
                f"{seeds[run.seed].folder} and {run.folder} are the same run ({run.label}, seed "
                f"{run.seed}) twice; leave one of them out"
            )
        seeds[run.seed] = run
    return tuple(seeds[seed] for seed in sorted(seeds))
