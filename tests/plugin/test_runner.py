"""``naslib-edd naslib`` and ``search --engine naslib`` on a real checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import rows_of, write_table
from rich.console import Console

from naslib_edd.cli.commands import main
from naslib_edd.engine.loop import search
from naslib_edd.errors import UserError
from naslib_edd.plugin.naslib_config import complete
from naslib_edd.plugin.runner import open_queues, run
from naslib_edd.report.runs import load_runs
from naslib_edd.storage.record import read_rows, without_timings

pytestmark = pytest.mark.naslib


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    values = {
        "optimizer": "edd_darts",
        "search_space": "nasbench201",
        "dataset": "digits",
        "seed": 1,
        "out_dir": str(tmp_path / "runs"),
        "threads": 1,
        "search": {"epochs": 2, "batch_size": 4, "limit_train": 4, "limit_val": 8},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def folder(config: Path, name: str = "edd_darts", space: str = "nasbench201") -> Path:
    return config.parent / "runs" / space / "digits" / name / "1"


def quiet(config: Path, *overrides: str, **options: Any) -> dict[str, Any]:
    return run(config, overrides, console=Console(quiet=True), **options)


@pytest.mark.search
def test_a_search_leaves_the_same_record_as_the_built_in_engine(
    config: Path, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "table.npz")
    arguments = ["search.edd_lambda", "0.12", f"table={table}"]
    result = quiet(config, *arguments)
    assert result["changed"]["edd_lambda"] == 0.12
    assert result["images"] == {"train": 4, "val": 8, "test": 8}  # limit_val holds at the end, too
    rows = read_rows(folder(config) / "record.jsonl")
    assert [row["epoch"] for row in rows] == [1, 2]
    trajectory = json.loads((folder(config) / "errors.json").read_text())
    assert trajectory["arch_eval"] == rows
    assert len(trajectory["train_acc"]) == 2
    assert rows[0]["d"] == pytest.approx(0.12 / 0.06 * 0.0482831, rel=1e-4)
    assert rows[1]["table"]["index"] == rows[1]["index"] == result["index"]
    assert result["table"]["datasets"]["cifar10"]["val"]["value"] == pytest.approx(
        rows[1]["index"] / 15625 * 100
    )

    builtin = search(
        config,
        ["search.channels=2", "search.cells=1", "name=builtin", f"table={table}"],
        console=Console(quiet=True),
        figures=False,
    )
    # NASLib's cells of NB201 keep no running statistics.
    assert set(builtin.rows[0]) - set(rows[0]) == {"net_val_acc_running"}
    assert set(rows[0]) <= set(builtin.rows[0])
    # Reports read both.
    assert [item.name for item in load_runs([tmp_path / "runs"])] == ["builtin", "edd_darts"]


@pytest.mark.process
@pytest.mark.search
@pytest.mark.parametrize("method", ["edd_darts", "edd_gdas"])
def test_resume_after_a_kill(config: Path, method: str) -> None:
    """The whole record, errors.json and the result are those of a run that was left alone."""
    overrides = [f"optimizer={method}", "search.epochs=3"]
    whole = quiet(config, *overrides, f"out_dir={config.parent / 'whole'}")
    script = (
        "import os, sys\n"
        "from naslib_edd.plugin.recorder import Recorder\n"
        "before = Recorder.catch_up\n"
        "def die(self, trajectory):\n"
        "    if len(trajectory.train_acc) == 2: os._exit(9)\n"
        "    return before(self, trajectory)\n"
        "Recorder.catch_up = die\n"
        "from naslib_edd.cli.commands import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    # It dies after the second checkpoint was written, before the second row was.
    arguments = ["naslib", "--config-file", str(config), *overrides]
    killed = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True)
    assert killed.returncode == 9, killed.stderr
    assert len(read_rows(folder(config, method) / "record.jsonl")) == 1

    resumed = quiet(config, *overrides, resume=True)
    assert without_timings(resumed) == without_timings(whole)
    other = config.parent / "whole" / "nasbench201" / "digits" / method / "1"
    assert rows_of(folder(config, method)) == rows_of(other)
    texts = [json.loads((f / "errors.json").read_text()) for f in (folder(config, method), other)]
    for key in ("train_acc", "train_loss", "valid_acc", "valid_loss"):
        assert texts[0][key] == texts[1][key]
        assert len(texts[0][key]) == 3


@pytest.mark.process
@pytest.mark.search
def test_eval_only_in_a_new_process(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = quiet(config)
    before = rows_of(folder(config))
    arguments = ["naslib", "--config-file", str(config), "--eval-only"]
    done = subprocess.run(
        [sys.executable, "-m", "naslib_edd.cli", *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"final architecture: {result['arch_str']}" in done.stdout
    assert rows_of(folder(config)) == before


@pytest.mark.search
@pytest.mark.parametrize("name", ["darts", "gdas", "drnas"])
def test_naslibs_own_optimizers(config: Path, name: str, tmp_path: Path) -> None:
    table = write_table(tmp_path / "table.npz")
    result = quiet(config, f"optimizer=naslib:{name}", f"table={table}")
    rows = read_rows(folder(config, f"naslib_{name}") / "record.jsonl")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert result["index"] == rows[-1]["index"] == rows[-1]["table"]["index"]
    # Its logits are not in NASLib's checkpoints: what came back would be a random architecture.
    for option in ({"resume": True}, {"eval_only": True}):
        with pytest.raises(UserError, match="issue 153"):
            quiet(config, f"optimizer=naslib:{name}", **option)


@pytest.mark.search
@pytest.mark.parametrize("method", ["edd_darts", "edd_pc_darts"])
def test_nb301_through_the_runner(config: Path, method: str) -> None:
    small = ["search.limit_train=2", "search.batch_size=2", "search.limit_val=2"]
    result = quiet(config, f"optimizer={method}", "search_space=nasbench301", *small)
    assert {len(cell) for cell in result["cells"].values()} == {8}
    rows = read_rows(folder(config, method, "nasbench301") / "record.jsonl")
    assert len(rows[-1]["logits"]) == 28
    for kind in ("batch", "running"):  # NB301's norms keep them all
        assert (
            result[f"net_val_acc_{kind}"] == rows[-1][f"net_val_acc_{kind}"] in (0.0, 50.0, 100.0)
        )


@pytest.mark.search
def test_one_config_for_both_engines(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(config), "--engine", "naslib", "search.epochs=1"]) == 0
    assert "NASLib's Trainer" in capsys.readouterr().out
    assert main(["search", str(config), "--resume", "search.epochs=1"]) == 2
    assert "add --engine naslib" in capsys.readouterr().err
    assert main(["search", str(config), "--engine", "naslib", "search.epochs=1"]) == 2
    assert "already holds a run; add --resume" in capsys.readouterr().err
    arguments = ["naslib", "--config-file", str(config), "--force", "search.epochs", "1"]
    assert main(arguments) == 0


@pytest.mark.search
def test_a_run_of_other_settings_is_not_resumed(config: Path) -> None:
    quiet(config, "search.epochs=1")
    with pytest.raises(UserError, match=r"search\.epochs was 1 there and is 2"):
        quiet(config, resume=True)


@pytest.mark.search
def test_naslibs_loaders_want_torchvision(config: Path) -> None:
    from naslib_edd.plugin import standins

    if "torchvision" not in standins.given():
        assert open_loaders(config) is None
        return
    with pytest.raises(UserError, match=r"torchvision .* is not installed"):
        quiet(config, "loaders=naslib", "dataset=cifar10")


@pytest.mark.search
def test_a_library_that_a_plot_needs_is_missed_before_the_search(config: Path) -> None:
    from naslib_edd.plugin import standins

    if "seaborn" not in standins.given():
        pytest.skip("seaborn is installed")
    with pytest.raises(UserError, match="seaborn"):
        quiet(config, "plot_arch_weights=true")
    assert not folder(config).exists()


def open_loaders(config: Path) -> object:
    return open_queues(complete(config, ["loaders=naslib"]))
