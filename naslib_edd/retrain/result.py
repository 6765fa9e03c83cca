"""What a retraining run leaves at its end: ``result.json``, and the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naslib_edd.retrain import export
from naslib_edd.retrain.architecture import Found
from naslib_edd.retrain.settings import as_dict
from naslib_edd.retrain.trainer import Trainer
from naslib_edd.storage.record import Row


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """What a training gave.

    Attributes:
        test_acc: accuracy of the last weights on the test images, %.
        result: what ``result.json`` holds (:mod:`naslib_edd.retrain.fields`).
        rows: the record, a row an epoch.
        folder: the run's folder.
    """

    test_acc: float
    result: Row = field(repr=False)
    rows: Sequence[Row] = field(repr=False)
    folder: Path


def result_of(
    trainer: Trainer,
    found: Found,
    rows: Sequence[Row],
    *,
    recipe: str,
    changed: Mapping[str, Any],
    cost: Mapping[str, float],
) -> Row:
    """What was trained, on what, and how good it is (:mod:`naslib_edd.retrain.fields`).

    Args:
        trainer: at its end.
        found: the architecture.
        rows: the record.
        recipe: its name.
        changed: the settings that are not the recipe's.
        cost: parameters and multiply-adds, in millions.
    """
    images, last = trainer.images, rows[-1]
    result: Row = {
        "arch_str": found.space.text(found.arch),
        "index": found.space.index(found.arch),
        "space": found.space.name,
        "from": found.source,
        "recipe": recipe,
        "changed": dict(changed),
        "settings": as_dict(trainer.settings),
        "images": {
            "name": images.name,
            "source": images.source,
            "classes": images.classes,
            "size": images.size,
            **images.counts,
        },
        **cost,
        "epochs": trainer.epoch,
        **{key: last[key] for key in ("train_loss", "train_acc", "val_acc", "test_acc")},
    }
    if trainer.average is not None:
        average = trainer.average.module
        has_val = "val" in images.counts
        result["val_acc_ema"] = trainer.accuracy("val", average) if has_val else None
        result["test_acc_ema"] = trainer.accuracy("test", average)
    return result


def write_weights(trainer: Trainer, place: Path, described: dict[str, Any]) -> list[str]:
    """Write the last weights, their average, and the exported network; the names of all files."""
    export.save_weights(place / "last.pt", trainer.network, described)
    files = ["last.pt", "best.pt"]
    if trainer.average is not None:
        export.save_weights(place / "ema.pt", trainer.average.module, described)
        files.append("ema.pt")
    if trainer.settings.export != "none":
        network = export.load_network(place / files[-1 if trainer.average else 0])
        files.append(export.save_whole(place, network, described, trainer.settings.export))
    return files
