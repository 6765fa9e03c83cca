"""Device, folder and data of a search."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers import tiny_settings
from rich.console import Console

from naslib_edd.config.loading import load
from naslib_edd.engine.loop import search
from naslib_edd.engine.start import changes, folder_of, open_data, open_table, pick_device
from naslib_edd.errors import UserError
from naslib_edd.tables.locate import built_in


def test_devices() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UserError, match="unknown device 'gpu'"):
        pick_device("gpu")
    with pytest.raises(UserError, match="not supported"):
        pick_device("meta")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="torch sees no GPU"):
            pick_device("cuda:0")


def test_folder_is_naslibs_and_a_name_replaces_the_optimizer() -> None:
    config = load(None, ["out_dir=out", "dataset=cifar10", "seed=7", "optimizer=darts_v1"])
    assert folder_of(config) == Path("out/nasbench201/cifar10/darts_v1/7")
    config = load(None, ["out_dir=out", "name=mine"])
    assert folder_of(config) == Path("out/nasbench201/digits/mine/0")


@pytest.mark.search
def test_settings_off_the_methods_own_are_told_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A config may silently be of another method: its keys stand in the first lines."""
    settings = tiny_settings(tmp_path, search={"epochs": 1, "weight_decay": 3e-4})
    result = search(settings, console=Console(width=1000), figures=False).result
    assert result["changed"]["weight_decay"] == 3e-4
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "method's own" in line]
    assert line.startswith("settings off the method's own: ") and "weight_decay=0.0003" in line
    assert changes(load({"optimizer": "drnas"})) == []


def test_data_are_limited_as_the_config_says(tmp_path: Path) -> None:
    config = load(tiny_settings(tmp_path, search={"limit_train": 40, "limit_val": 30}))
    data = open_data(config, torch.device("cpu"))
    assert (len(data.train), len(data.val)) == (40, 30)
    assert data.train.images.dtype == torch.uint8


def test_no_table_is_no_error_but_a_missing_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    assert open_table(load(tiny_settings(tmp_path, dataset="svhn"))) is None
    assert open_table(load(tiny_settings(tmp_path, dataset="cifar10", table="none"))) is None
    with pytest.raises(UserError, match=r"none\.npz"):
        open_table(load(tiny_settings(tmp_path, table=str(tmp_path / "none.npz"))))


def test_a_search_on_cifar_looks_up_in_nas_bench_201(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    for dataset in ("cifar10", "CIFAR100", "ImageNet16-120"):
        table = open_table(load(tiny_settings(tmp_path, dataset=dataset)))
        assert table is not None and table.source == built_in("nb201")


def test_a_search_on_digits_looks_up_in_the_built_in_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASLIB_EDD_TABLE", str(tmp_path / "nb201.npz"))  # not even looked for
    quickstart = Path(__file__).resolve().parents[2] / "configs" / "quickstart.yaml"
    for config in (load(quickstart), load(tiny_settings(tmp_path, table="digits"))):
        table = open_table(config)
        assert table is not None
        assert table.datasets == ("digits",)
        assert table.source == built_in("digits")
