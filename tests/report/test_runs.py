import json

import pytest

from naslib_edd.errors import UserError
from naslib_edd.report import load_runs


def test_runs_are_found_below_a_folder_once(make_run, tmp_path):
    first, second = make_run("runs/a/0"), make_run("runs/a/1", seed=1)
    make_run("elsewhere/0")
    found = load_runs([tmp_path / "runs", second, tmp_path / "runs" / ".." / "runs"])
    assert [run.folder for run in found] == [first, second]
    assert [run.seed for run in found] == [0, 1]
    assert all(len(run.rows) == 3 and run.label == "edd_darts" for run in found)


def test_labels_come_from_the_name_or_the_mapping(make_run):
    config = {"optimizer": "edd_darts", "dataset": "cifar10", "name": "mine"}
    folders = [make_run("named", config=config), make_run("plain")]
    assert [run.label for run in load_runs(folders)] == ["mine", "edd_darts"]
    labelled = load_runs(folders, {"mine": "EDD (ours)"})
    assert [run.label for run in labelled] == ["EDD (ours)", "edd_darts"]


def test_an_unfinished_run_has_no_result(make_run):
    (run,) = load_runs([make_run("run", finished=False)])
    assert run.result is None


def test_a_torn_last_line_of_an_unfinished_run_is_left_out(make_run):
    folder = make_run("run", finished=False)
    with (folder / "record.jsonl").open("a") as file:
        file.write('{"epoch": 4, "t"')
    (run,) = load_runs([folder])
    assert len(run.rows) == 3


def test_images_come_from_the_result(make_run):
    told = make_run("told", result={"images": {"train": 10_000, "val": 9_000}})
    runs = load_runs([told, make_run("silent")])
    assert [run.images for run in runs] == [(10_000, 9_000), None]


def refused(folder, match):
    with pytest.raises(UserError, match=match):
        load_runs([folder])


def test_folders_without_runs_are_refused(tmp_path):
    refused(tmp_path / "typo", "there is no folder .*typo")
    refused(tmp_path, "no record.jsonl in")


def test_damaged_runs_are_refused(make_run):
    folder = make_run("json")
    record = folder / "record.jsonl"
    lines = record.read_text().splitlines()
    record.write_text("\n".join([lines[0], lines[1][:-5], lines[2]]))
    refused(folder, "line 2 .*is not JSON")
    refused(make_run("keys", rows=lambda rows: rows[2].pop("entropy")), "line 3 .*lacks entropy")
    refused(make_run("ops", rows=lambda rows: rows[0].update(ops=[7] * 6)), "line 1 .*ops")
    refused(make_run("type", rows=lambda rows: rows[0].update(ops=3)), "line 1 .*ops")
    refused(make_run("short", rows=lambda rows: rows.pop()), "holds 2 epochs, but result.json")


def test_empty_records_and_rows_of_another_kind_are_refused(make_run):
    folder = make_run("run", finished=False)
    (folder / "record.jsonl").write_text("")
    refused(folder, "no finished epoch")
    (folder / "record.jsonl").write_text("[1]\n")
    refused(folder, "line 1 .*is not a JSON object")
    (folder / "record.jsonl").write_text("{}\n")
    refused(folder, "line 1 .*lacks epoch")


@pytest.mark.parametrize("text", ["- a list", "search: 3", "{", "optimizer: edd_darts"])
def test_a_config_that_is_none_is_refused(make_run, text):
    folder = make_run("run")
    (folder / "config.yaml").write_text(text)
    refused(folder, "not a run's config")


def test_a_missing_config_and_a_damaged_result_are_refused(make_run):
    folder = make_run("config")
    (folder / "config.yaml").unlink()
    refused(folder, "cannot read the run's config")
    folder = make_run("result")
    (folder / "result.json").write_text(json.dumps([1]))
    refused(folder, "not a run's result")
    (folder / "result.json").write_text("{")
    refused(folder, "not a run's result")


@pytest.mark.parametrize(
    "text",
    [
        "optimizer: gdas\nseed: 3\nsearch:\n  epochs: 2\n",
        "optimizer: gdas\nseed: 3\nsearch:\n  seed: 4\n",
        'seed: 1\n"seed": 2\n',  # twice: not for the short way
        "a: |\n  seed: 3\nseed: 4\n",
        "{a: 1,\nseed: 3\n}",
        "seed: 007\na: 1\n",
        "seed: 1\nseed: 2\n",
        "seed: 3\n",
        "seed: 3\n- 1\n",
    ],
)
def test_a_config_read_once_for_all_seeds_is_the_config(text):
    from naslib_edd.report.runs import _parsed
    from naslib_edd.storage.yaml_text import NotYaml, parse

    def outcome(read):
        try:
            return read(text)
        except NotYaml:
            return NotYaml

    assert outcome(_parsed) == outcome(parse)
    assert outcome(_parsed) == outcome(parse)  # from the cache, too
