"""Another `optimizer` over a config that writes its method out runs that other method."""

from __future__ import annotations

from pathlib import Path

import pytest

from naslib_edd.config.loading import as_dict, changed, dump, load
from naslib_edd.config.methods import METHODS
from naslib_edd.errors import UserError
from naslib_edd.plugin.naslib_config import complete

CONFIGS = Path(__file__).parents[3] / "configs"
WRITTEN_OUT = CONFIGS / "naslib" / "edd_darts.yaml"


@pytest.mark.parametrize("method", METHODS)
def test_over_a_config_that_restates_its_method_the_new_method_is_its_own(method: str) -> None:
    assert changed(load(WRITTEN_OUT, [f"optimizer={method}"])) == {}


@pytest.mark.parametrize("former", ["edd_darts", "drnas", "gdas", "beta_darts", "sgas_pt"])
def test_so_does_every_dumped_config(former: str, tmp_path: Path) -> None:
    written = tmp_path / "whole.yaml"
    written.write_text(dump(load({"optimizer": former})))
    for method in ("darts_v1", "pcd_darts", "gaea_erm", "darts_pt"):
        assert changed(load(written, [f"optimizer={method}"])) == {}


def test_on_naslib_too() -> None:
    completed = complete(WRITTEN_OUT, ["optimizer", "gdas"])
    assert completed.ours.search == load({"optimizer": "gdas"}).search
    assert completed.values["search"]["relaxation"] == "gumbel"
    assert completed.values["search"]["temperature"] == completed.ours.search.temperature


def test_what_changes_the_former_method_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "ablation.yaml"
    file.write_text("optimizer: edd_darts\nsearch: {relaxation: softmax, edd_lambda: 0.12}\n")
    with pytest.raises(UserError, match=r"search\.relaxation=softmax, search\.edd_lambda=0\.12"):
        load(file, ["optimizer=gdas"])
    with pytest.raises(UserError, match=r"search\.relaxation=softmax"):
        complete(file, ["optimizer=gdas"])


def test_typed_keys_and_a_recipes_values_stay(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text("optimizer: edd_darts\nsearch: {epochs: 7, channels: 4, relaxation: softmax}\n")
    found = load(file, ["optimizer=beta_darts", "search.relaxation=softmax", "search.t0=2"])
    assert changed(found) == {"epochs": 7, "channels": 4, "t0": 2.0}


def test_the_same_method_and_mappings_keep_what_they_say() -> None:
    ablated = CONFIGS / "nb201" / "edd_darts_softmax.yaml"
    assert load(ablated, ["optimizer=edd_darts"]).search.relaxation == "softmax"
    mixed = {"optimizer": "gdas", "search": {"relaxation": "softmax"}}
    assert as_dict(load(mixed))["search"]["relaxation"] == "softmax"


def test_the_variant_is_told() -> None:
    assert changed(load({"search": {"variant": "release"}})) == {"variant": "release"}
