"""What ``naslib-edd genotype`` prints. Needs no PyTorch."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.collapse import warning_of
from naslib_edd.spaces.darts.cost import CIFAR, IMAGENET, Cost, Size, cost
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.genotype_forms import LONGEST, parse
from naslib_edd.spaces.darts.layout import CELLS
from naslib_edd.spaces.darts.published import PUBLISHED, known
from naslib_edd.spaces.darts.space import DartsSpace
from naslib_edd.storage.literal import literal
from naslib_edd.storage.paths import is_folder, look, path_of, read_text

#: The networks whose costs are shown.
_NETWORKS: dict[str, Size] = {"cifar": CIFAR, "imagenet": IMAGENET}


class Found(NamedTuple):
    """A genotype, and what it is called."""

    genotype: Genotype
    name: str | None
    source: str | None


def show(arch: str, *, draw: str | None, nb301: str | None, as_json: bool) -> int:
    """Print a genotype, its operations and what its networks cost.

    Args:
        arch: see :func:`read`.
        draw: a file to draw both cells into.
        nb301: the folder of NAS-Bench-301's models, "" for the one of the environment; None: do
            not ask them.
        as_json: print JSON.
    """
    found = read(arch)
    genotype = found.genotype
    told = {
        "name": found.name,
        "source": found.source,
        "arch_str": str(genotype),
        "genotype": genotype.as_dict(),
        "operations": {cell: _counts(genotype, cell) for cell in CELLS},
        "warning": warning_of(genotype),
    }
    costs = {name: cost(genotype, size) for name, size in _NETWORKS.items()}
    told |= {name: _cost(each, _NETWORKS[name]) for name, each in costs.items()}
    if nb301 is not None:
        from naslib_edd.spaces.darts.nb301 import predict

        told["nb301"] = predict(genotype, nb301 or None)._asdict()
    if draw is not None:
        from naslib_edd.spaces.darts.drawing import save_genotype

        told["drawing"] = literal(str(save_genotype(genotype, draw, title=found.name)))
    if as_json:
        print(json.dumps(told, allow_nan=False))
    else:
        _print(told)
    return 0


def show_published(*, as_json: bool) -> int:
    """Print the published cells."""
    rows: dict[str, dict[str, Any]] = {}
    for name, each in PUBLISHED.items():
        costs = {key: cost(each.genotype, size).parameters for key, size in _NETWORKS.items()}
        rows[name] = {"source": each.paper, **costs, "arch_str": str(each.genotype)}
    if as_json:
        print(json.dumps(rows))
        return 0
    print(f"{'name':<18} {'CIFAR-10':>9} {'ImageNet':>9}  parameters in millions; source")
    for name, row in rows.items():
        cifar, imagenet = (row[size] / 1e6 for size in _NETWORKS)
        print(f"{name:<18} {cifar:>9.3f} {imagenet:>9.3f}  {row['source']}")
    return 0


def read(arch: str) -> Found:
    """The genotype of a name, a text, a file that holds one (the last of a log), or a run's folder.

    Raises:
        UserError: there is none.
    """
    name = known(arch)
    if name is not None:
        return Found(PUBLISHED[name].genotype, name, PUBLISHED[name].paper)
    if "(" in arch or "{" in arch or "[" in arch:
        return Found(parse(arch), None, None)
    path = path_of(arch, "the genotype's file")
    if is_folder(path):
        return _of_run(arch)
    if look(path, "the genotype's file") is None:
        if os.sep in arch:
            raise UserError(f"there is no file {path} to read a genotype from")
        return Found(parse(arch), None, None)  # which says why it is none
    text = read_text(path, "the genotype's file", most=16_000_000) or ""
    last = text.rfind("Genotype(")
    if last >= 0:
        text = text[last : last + LONGEST].split("\n\n")[0]
        text = text[: _end(text)]
    return Found(parse(text), path.name, literal(str(path)))


def _end(text: str) -> int:
    """Where the bracket that opens first closes."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character in ")]" and depth == 0:
            return place + 1
    return len(text)


def _of_run(folder: str) -> Found:
    from naslib_edd.report.runs import load_run

    run = load_run(folder)
    if not isinstance(run.space, DartsSpace):
        raise UserError(
            f"the run {folder} searched {run.space.title}, whose architectures are no genotypes"
        )
    source = f"{run.name}, {run.space.title}, {run.dataset}, seed {run.seed}, epoch {len(run.rows)}"
    return Found(run.space.genotype(run.last["ops"]), run.name, literal(source))


def _counts(genotype: Genotype, cell: str) -> dict[str, int]:
    names = [name for name, _ in genotype.cell(cell)]
    return {name: names.count(name) for name in sorted(set(names), key=names.index)}


def _cost(found: Cost, size: Size) -> dict[str, int]:
    return {
        "channels": size.channels,
        "cells": size.cells,
        "classes": size.classes,
        "parameters": found.parameters,
        "auxiliary_parameters": found.auxiliary,
        "flops": found.flops,
    }


def _print(told: dict[str, Any]) -> None:
    if told["name"] is not None:
        print(f"{literal(told['name'])}: {told['source']}")
    print(f"{told['arch_str']}\n")
    for cell, counts in told["operations"].items():
        print(f"{cell + ' cell':<12} " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    print(f"\n{'network':<34} {'parameters':>11} {'auxiliary':>10} {'multiply-adds':>14}")
    for name, title in (("cifar", "CIFAR-10"), ("imagenet", "ImageNet")):
        row = told[name]
        network = f"{title}, C {row['channels']}, {row['cells']} cells"
        print(
            f"{network:<34} {row['parameters'] / 1e6:>9.3f} M "
            f"{row['auxiliary_parameters'] / 1e6:>8.3f} M {row['flops'] / 1e6:>12.1f} M"
        )
    if "nb301" in told:
        found = told["nb301"]
        seconds = "" if found["seconds"] is None else f", {found['seconds']:.0f} s of training"
        print(f"\nNAS-Bench-301 ({found['model']}): {found['accuracy']:.2f} %{seconds}")
    if told["warning"]:
        print(f"\nWarning: {told['warning']}")
    if "drawing" in told:
        print(f"\n{told['drawing']}")
