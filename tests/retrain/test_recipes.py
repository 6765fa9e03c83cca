"""Each recipe trains, has its releases' values, and says where they are from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from retrain_small import NB201, cifar, run
from rich.console import Console

from naslib_edd.retrain import schedule
from naslib_edd.retrain.fields import RESULT, ROW
from naslib_edd.retrain.recipes import RECIPES, USUAL, recipe_of
from naslib_edd.retrain.run import retrain
from naslib_edd.retrain.settings import make, names
from naslib_edd.storage.record import RunFolder, read_rows

SMALL = [
    "channels=4",
    "cells=3",
    "epochs=2",
    "batch_size=8",
    "limit_train=16",
    "limit_test=8",
    "threads=1",
    "device=cpu",
]
DARTS = [name for name in RECIPES if "nb201" not in name and name != "imagenet"]


@pytest.mark.search
@pytest.mark.parametrize("name", ["nb201_12", "nb201_200"])
def test_nb201s_recipes_train(name: str, tmp_path: Path) -> None:
    data = cifar(tmp_path / "cifar10.npz")
    found = run(NB201, name, [*SMALL, "cells=1", "ema=0.5"], tmp_path / "out", data=str(data))
    check_fields(tmp_path / "out")
    assert found.rows[0]["learning_rate"] == 0.1
    assert found.rows[1]["learning_rate"] == pytest.approx(0.05)


@pytest.mark.search
@pytest.mark.parametrize("name", DARTS)
def test_the_darts_spaces_recipes_train(name: str, tmp_path: Path) -> None:
    data = cifar(tmp_path / "cifar10.npz")
    found = run("DARTS_V2", name, SMALL, tmp_path / "out", data=str(data))
    check_fields(tmp_path / "out")
    drop = RECIPES[name].values["drop_path"]
    assert [row["drop_path"] for row in found.rows] == [0, pytest.approx(drop / 2)]
    assert found.result["settings"]["auxiliary"] == 0.4
    assert found.result["settings"]["cutout"] == 16


@pytest.mark.search
def test_imagenets_recipe_trains_on_images_in_memory(tmp_path: Path) -> None:
    """Its schedule, smoothing and head, with CIFAR's stem: folders have a test of their own."""
    data = cifar(tmp_path / "cifar10.npz")
    changed = ["dataset=cifar10", "stem=cifar", "classes=10", "epochs=7", "limit_train=8"]
    found = run("DARTS_V2", "imagenet", [*SMALL, *changed], tmp_path / "out", data=str(data))
    rates = [row["learning_rate"] for row in found.rows]
    assert rates[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert rates[5:] == pytest.approx([0.5 * 2 / 10, 0.5 * 1 / 10])


def check_fields(folder: Path) -> None:
    """Documented fields and written ones are the same."""
    rows = read_rows(folder / "record.jsonl")
    found = RunFolder(folder).read_result()
    assert found is not None
    assert all(set(row) == set(ROW) for row in rows)
    optional = {name for name, field in RESULT.items() if field.when != "always"}
    assert set(RESULT) - optional <= set(found[0]) <= set(RESULT)
    assert all((folder / name).exists() for name in found[0]["files"])
    json.dumps(found[0], allow_nan=False)


def test_values_are_as_published() -> None:
    """The figures of RECIPES' sources, written down a second time."""
    twelve, hundreds = (make(RECIPES[name].values, (), where="") for name in list(RECIPES)[:2])
    assert (twelve.epochs, hundreds.epochs) == (12, 200)
    for each in (twelve, hundreds):
        assert (each.channels, each.cells, each.batch_size, each.seed) == (16, 5, 256, 777)
        assert (each.learning_rate, each.learning_rate_min, each.weight_decay) == (0.1, 0, 5e-4)
        assert (each.momentum, each.nesterov, each.clip_norm, each.cutout) == (0.9, True, 0, 0)
    size = {"darts_cifar": (36, 20, 96, 0.2), "pc_darts_cifar": (36, 20, 96, 0.3)}
    size |= {"drnas_cifar": (36, 20, 64, 0.3), "s1_s4": (16, 8, 96, 0.2)}
    for name, expected in size.items():
        each = make(RECIPES[name].values, (), where="")
        assert (each.channels, each.cells, each.batch_size, each.drop_path) == expected
        assert (each.epochs, each.learning_rate, each.weight_decay) == (600, 0.025, 3e-4)
        assert (each.auxiliary, each.cutout, each.clip_norm, each.nesterov) == (0.4, 16, 5, False)
    large = make(RECIPES["imagenet"].values, (), where="")
    assert (large.epochs, large.batch_size, large.channels, large.cells) == (250, 768, 48, 14)
    assert (large.learning_rate, large.weight_decay, large.label_smoothing) == (0.5, 3e-5, 0.1)


def test_every_value_is_a_setting_with_a_source() -> None:
    for recipe in RECIPES.values():
        assert set(recipe.values) <= set(names())
        assert set(recipe.others) <= set(recipe.values)
        assert all(recipe.source_of(key) for key in recipe.values)
    assert {recipe_of(None, space=space)[0] for space in USUAL} <= set(RECIPES)


def test_the_last_epochs_of_the_linear_schedule() -> None:
    """PC-DARTS: from 245 epochs on a fifth of the slope; 5 epochs of warm-up."""
    settings = make(RECIPES["imagenet"].values, (), where="")
    rates = [schedule.learning_rate(settings, epoch) for epoch in range(250)]
    assert rates[4] == 0.5 and rates[5] == pytest.approx(0.5 * 240 / 245)
    assert rates[244] == pytest.approx(0.5 / 245)
    assert rates[245] == pytest.approx(0.5 / 245) and rates[249] == pytest.approx(0.1 / 245)


def test_a_dry_run_writes_nothing_and_shows_sources(tmp_path: Path) -> None:
    data = cifar(tmp_path / "cifar10.npz")
    console = Console(file=io.StringIO(), width=200)
    small = [*SMALL, "cells=1"]
    found = retrain(
        NB201, "nb201_12", small, out=None, data=str(data), dry_run=True, console=console
    )
    assert found is None
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "yours; the recipe has 16" in text and "12E.config" in text
    assert "Nothing was written" in text
    assert [path.name for path in tmp_path.iterdir()] == ["cifar10.npz"]
