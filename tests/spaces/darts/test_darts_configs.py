"""configs/darts: the releases' recipes of a search in the DARTS space, and a reduced one."""

from __future__ import annotations

from pathlib import Path

import pytest

from naslib_edd.config.loading import changed, load

FOLDER = Path(__file__).parents[3] / "configs" / "darts"
REDUCED = FOLDER.parent / "reduced" / "darts_space.yaml"
FILES = [*sorted(FOLDER.glob("*.yaml")), REDUCED]
#: From the command lines' defaults: quark0/darts cnn/train_search.py at f276dd3, and
#: yuhuixu1993/PC-DARTS train_search.py at b74702f.
DARTS = {
    "batch_size": 64, "learning_rate": 0.025, "learning_rate_min": 0.001,
    "arch_learning_rate": 3e-4,
}  # fmt: skip
PC_DARTS = {
    "batch_size": 256, "learning_rate": 0.1, "learning_rate_min": 0.0,
    "arch_learning_rate": 6e-4,
}  # fmt: skip
BOTH = {
    "channels": 16, "cells": 8, "epochs": 50, "momentum": 0.9, "nesterov": False,
    "weight_decay": 3e-4, "order": "logits_first", "clip": "weights", "grad_clip": 5.0,
    "split": "halves",
}  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_they_load(file: Path) -> None:
    assert file.read_text().startswith("# ")
    config = load(file)
    assert (config.search_space, config.dataset) == ("darts", "cifar10")
    for space in ("s1", "s2", "s3", "s4"):
        assert load(file, ["search_space=" + space]).search == config.search


@pytest.mark.parametrize("name", ["darts_v1", "edd_darts", "pc_darts", "edd_pc_darts"])
def test_recipes_are_the_releases(name: str) -> None:
    config = load(FOLDER / f"{name}.yaml")
    assert config.optimizer == name
    wanted = {**BOTH, **(PC_DARTS if "pc" in name else DARTS)}
    assert {key: getattr(config.search, key) for key in wanted} == wanted
    assert config.search.arch_weight_decay == (0.0 if "edd" in name else 1e-3)
    assert config.search.partial_channels == (4 if "pc" in name else 1)
    assert config.search.arch_warmup_epochs == (15 if name == "pc_darts" else 0)


def test_the_reduced_one_says_what_it_changes() -> None:
    assert REDUCED.read_text().startswith("# REDUCED")
    config = load(REDUCED, ["optimizer=edd_darts", "search_space=s2"])
    assert config.optimizer == "edd_darts"
    assert {"channels", "cells", "limit_train", "limit_val"} <= set(changed(config))
