"""A sweep's file as searches: the grid, its order, its folders, and what is refused."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from naslib_edd.cli.commands import main
from naslib_edd.config.loading import load
from naslib_edd.engine.start import folder_of
from naslib_edd.errors import UserError
from naslib_edd.sweep.plan import read

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"


def write(folder: Path, **keys: Any) -> Path:
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump({"config": str(QUICKSTART), **keys}), "utf-8")
    return path


def test_the_grid_with_the_seeds_outermost(tmp_path: Path) -> None:
    grid = {"search.edd_lambda": [0.06, 0.12], "search.epochs": 3}
    plan = read(write(tmp_path, methods=["edd_darts", "edd_gdas"], seeds=2, set=grid))
    tasks = plan.tasks()
    assert len(tasks) == 2 * 2 * 2
    assert [task.seed for task in tasks] == [0] * 4 + [1] * 4
    assert [task.label for task in tasks[:4]] == [
        "edd_darts,edd_lambda=0.06", "edd_gdas,edd_lambda=0.06",
        "edd_darts,edd_lambda=0.12", "edd_gdas,edd_lambda=0.12",
    ]  # fmt: skip
    assert len({task.folder for task in tasks}) == 8
    assert {task.epochs for task in tasks} == {3}


def test_a_command_line_is_the_run(tmp_path: Path) -> None:
    """What --list prints, read as the shell reads it, is the task's own search."""
    path = write(
        tmp_path, methods=["darts_v1"], seeds=[4], set={"search.epochs": 2},
        out_dir=str(tmp_path / "a b"),
    )  # fmt: skip
    (task,) = read(path).tasks()
    program, command, config, *overrides, resume, bare = shlex.split(task.command)
    assert (program, command, resume) == ("naslib-edd", "search", "--resume")
    assert bare == "--no-figures"
    found = load(config, overrides)
    assert folder_of(found) == task.folder
    assert (found.optimizer, found.seed, found.search.epochs) == ("darts_v1", 4, 2)


def test_cores_are_shared_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naslib_edd.sweep.plan.cores", lambda: 8)
    config = tmp_path / "free.yaml"
    config.write_text("optimizer: darts_v1\n")
    for jobs, threads in ((2, 4), (8, 1), (16, 1), (None, 1)):
        plan = read(write(tmp_path, config=str(config), jobs=jobs))
        assert f"threads={threads}" in plan.tasks()[0].overrides
    # A config's own number stays: the quickstart's is 1.
    (task,) = read(write(tmp_path, jobs=1)).tasks()
    assert not any(text.startswith("threads=") for text in task.overrides)


def test_all_methods_and_the_config_s_own(tmp_path: Path) -> None:
    assert len(read(write(tmp_path, methods="all")).tasks()) >= 40
    (task,) = read(write(tmp_path)).tasks()
    assert task.label == "quickstart"


def test_a_config_beside_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("optimizer: gdas\n")
    (task,) = read(write(tmp_path, config="mine.yaml")).tasks()
    assert task.label == "gdas"


def test_every_seed_s_folder_is_where_its_config_goes(tmp_path: Path) -> None:
    grid = {"search.edd_rho": [0.25, 0.5]}
    tasks = read(write(tmp_path, methods=["edd_darts", "gdas"], seeds=[0, 3, 11], set=grid)).tasks()
    assert len(tasks) == 12
    for task in tasks:
        config = load(task.config, task.overrides)
        assert (config.seed, folder_of(config), config.search.epochs) == (
            task.seed, task.folder, task.epochs
        )  # fmt: skip


def test_several_configs(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"optimizer: gdas\nname: {name}\n")
    files = ["one.yaml", "two.yaml"]
    tasks = read(write(tmp_path, config=files, seeds=2)).tasks()
    assert [(task.label, task.seed) for task in tasks] == [
        ("one", 0), ("two", 0), ("one", 1), ("two", 1)
    ]  # fmt: skip
    tasks = read(write(tmp_path, config=files, methods=["gdas", "drnas"])).tasks()
    assert [task.label for task in tasks] == ["one,gdas", "one,drnas", "two,gdas", "two,drnas"]


SWEEPS = sorted((QUICKSTART.parent / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_the_project_s_sweeps_are_checked(path: Path) -> None:
    tasks = read(path).tasks()
    assert tasks and all(task.folder.parts[0] == "runs" for task in tasks)


def test_the_project_s_sweeps_are_those_of_the_paper() -> None:
    assert {"table_1", "table_5", "table_5_softmax", "table_7", "figure_4", "digits_20"} <= {
        path.stem for path in SWEEPS
    }
    runs = {path.stem: {task.label for task in read(path).tasks()} for path in SWEEPS}
    assert len(runs["digits_20"]) >= 40 and len(runs["table_5"]) == 6
    assert len(runs["table_2"]) == 72 and len(runs["table_2_pc_darts"]) == 8
    assert len(runs["table_3"]) == 9 and len(runs["table_3_partial"]) == 2
    assert len(runs["table_6"]) == 6 and len(runs["table_7_darts"]) == 30
    assert not runs["table_6"] & runs["table_6_softmax"]  # one folder
    assert len(runs["table_5_softmax"]) == 3 and len(runs["table_1"]) >= 12


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"method": ["gdas"]}, r"unknown key 'method'.*did you mean 'methods'"),
        ({"methods": ["gdsa"]}, r"unknown method 'gdsa'.*did you mean 'gdas'"),
        ({"methods": []}, "list of names"),
        ({"seeds": []}, "list of whole numbers"),
        ({"seeds": [0, -1]}, "0 or more"),
        ({"seeds": 0}, "1 or more"),
        ({"seeds": "all"}, "list of whole numbers"),
        ({"jobs": 0}, "1 or more"),
        ({"retries": 1.5}, "whole"),
        ({"set": ["search.epochs"]}, "must hold settings"),
        ({"set": {"seed": [1, 2]}}, "use seeds"),
        ({"set": {"name": "x"}}, "names its runs"),
        ({"set": {"search.epochs": []}}, "empty list"),
        ({"set": {"search.epoch": 3}}, "did you mean 'search.epochs'"),
        ({"set": {"search.epochs": [3, -1]}}, "at least"),
        ({"set": {"search.epochs": [3, 3]}}, "one folder"),
        ({"config": []}, "a file's name, or a list"),
        ({"config": [3]}, "a file's name, or a list"),
        ({"config": "nowhere.yaml"}, "there is no config"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    keys: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words):
        read(write(tmp_path, out_dir=str(tmp_path / "out"), **keys)).tasks()
    assert not (tmp_path / "out").exists()


@pytest.mark.search
def test_a_file_without_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("methods: [gdas]\n")
    assert main(["sweep", str(path)]) == 2
    assert "names no config" in capsys.readouterr().err
