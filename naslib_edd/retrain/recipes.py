"""Recipes by name: the settings of published trainings, each value with its source.

What a release's arguments leave to its README (``--auxiliary --cutout``) is as the README has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from naslib_edd.errors import UserError, nearest


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named set of settings.

    Attributes:
        title: what it is, in a few words.
        source: the release, its file and commit, that all values are from but those of `others`.
        values: setting -> value.
        others: setting -> where its value is from instead, and how it differs.
    """

    title: str
    source: str
    values: Mapping[str, Any]
    others: Mapping[str, str]

    def source_of(self, key: str) -> str:
        """Where a value is from."""
        return self.others.get(key, self.source)


_NB201: dict[str, Any] = {
    "channels": 16,
    "cells": 5,
    "batch_size": 256,
    "learning_rate": 0.1,
    "learning_rate_min": 0.0,
    "schedule": "cosine",
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "seed": 777,
}
_NB201_OTHERS = {
    "seed": "NAS-Bench-201's seeds are 777, 888 and 999; a table has what each gave",
    "channels": "Dong & Yang 2020, section 2.2: C = 16",
    "cells": "Dong & Yang 2020, section 2.2: N = 5",
}
_DARTS: dict[str, Any] = {
    "channels": 36,
    "cells": 20,
    "auxiliary": 0.4,
    "cutout": 16,
    "drop_path": 0.2,
    "epochs": 600,
    "batch_size": 96,
    "learning_rate": 0.025,
    "learning_rate_min": 0.0,
    "schedule": "cosine",
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 3e-4,
    "clip_norm": 5.0,
}
_SWITCHES = "the switches of its README: --auxiliary --cutout"

RECIPES: dict[str, Recipe] = {
    "nb201_12": Recipe(
        title="NAS-Bench-201's 12 epochs",
        source="AutoDL-Projects f46486e, configs/nas-benchmark/hyper-opts/12E.config",
        values={**_NB201, "epochs": 12},
        others=_NB201_OTHERS,
    ),
    "nb201_200": Recipe(
        title="NAS-Bench-201's 200 epochs",
        source="AutoDL-Projects f46486e, configs/nas-benchmark/hyper-opts/200E.config",
        values={**_NB201, "epochs": 200},
        others=_NB201_OTHERS,
    ),
    "darts_cifar": Recipe(
        title="DARTS on CIFAR",
        source="quark0/darts f276dd3, cnn/train.py",
        values=_DARTS,
        others={"auxiliary": _SWITCHES, "cutout": _SWITCHES},
    ),
    "pc_darts_cifar": Recipe(
        title="PC-DARTS on CIFAR",
        source="yuhuixu1993/PC-DARTS b74702f, train.py",
        values={**_DARTS, "drop_path": 0.3},
        others={"auxiliary": _SWITCHES, "cutout": _SWITCHES},
    ),
    "drnas_cifar": Recipe(
        title="DrNAS on CIFAR",
        source="xiangning-chen/DrNAS f2caa4d, DARTS-space/train.py",
        values={**_DARTS, "drop_path": 0.3, "batch_size": 64},
        others={"auxiliary": _SWITCHES, "cutout": _SWITCHES},
    ),
    "s1_s4": Recipe(
        title="S1 to S4 of RobustDARTS",
        source="automl/RobustDARTS 3dec3fe, src/evaluation/args.py",
        values={**_DARTS, "channels": 16, "cells": 8},
        others={
            "auxiliary": "its scripts/DARTS_eval.sh: --auxiliary",
            "cutout": "its scripts/DARTS_eval.sh: --cutout",
        },
    ),
    "imagenet": Recipe(
        title="ImageNet, 250 epochs",
        source="xiangning-chen/DrNAS f2caa4d, DARTS-space/train_imagenet.py",
        values={
            "dataset": "imagenet",
            "stem": "imagenet",
            "channels": 48,
            "cells": 14,
            "classes": 1000,
            "auxiliary": 0.4,
            "drop_path": 0.0,
            "epochs": 250,
            "batch_size": 768,
            "learning_rate": 0.5,
            "schedule": "linear",
            "warmup_epochs": 5,
            "momentum": 0.9,
            "nesterov": False,
            "weight_decay": 3e-5,
            "clip_norm": 5.0,
            "label_smoothing": 0.1,
            "train_images": 1281167,
            "image_size": 224,
        },
        others={
            "auxiliary": _SWITCHES,
            "train_images": "ILSVRC 2012's training images",
            "warmup_epochs": "in its code: 5 where a batch is larger than 256",
        },
    ),
}
#: The recipe where none is named, by space.
USUAL = {
    "nasbench201": "nb201_200",
    "darts": "drnas_cifar",
    "s1": "s1_s4",
    "s2": "s1_s4",
    "s3": "s1_s4",
    "s4": "s1_s4",
}


def recipe_of(name: str | None, *, space: str) -> tuple[str, Recipe]:
    """The recipe of that name, or a space's usual one, and its name.

    Raises:
        UserError: there is none.
    """
    if name is None:
        if space not in USUAL:
            raise UserError(
                f"{space} has no usual recipe; name one with --recipe: {', '.join(RECIPES)}"
            )
        name = USUAL[space]
    if name not in RECIPES:
        raise UserError(f"unknown recipe '{name[:80]}'{nearest(name, RECIPES)}")
    return name, RECIPES[name]
