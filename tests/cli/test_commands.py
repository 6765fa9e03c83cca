"""The command line as a user meets it: real processes where the exit code or a signal matters."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers import FOLDER, rows_of, start, tiny_settings, write_columns, write_table

from naslib_edd.cli.commands import main
from naslib_edd.spaces.nb201.encoding import SIZE
from naslib_edd.storage.record import read_rows

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_settings(tmp_path / "runs")))
    return path


@pytest.fixture(autouse=True)
def no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NASLIB_EDD_TABLE", "NASLIB_EDD_CIFAR10", "NASLIB_EDD_DATA"):
        monkeypatch.delenv(name, raising=False)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run it, expect exit code 2 and one line; that line."""
    code = main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    assert code == 2, output
    lines = output.err.strip().splitlines()
    assert len(lines) == 1
    assert "Traceback" not in output.err
    return lines[0]


@pytest.mark.search
def test_search_prints_a_line_an_epoch_and_says_where_it_writes(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(config), "seed=3", "--no-figures", "search.epochs=2"]) == 0
    output = capsys.readouterr().out
    folder = tmp_path / "runs" / "nasbench201" / "digits" / "edd_darts" / "3"
    assert str(folder) in output
    assert "1/2" in output
    assert "2/2" in output
    assert len(read_rows(folder / "record.jsonl")) == 2


@pytest.mark.search
def test_search_draws_its_figures(config: Path, tmp_path: Path) -> None:
    assert main(["search", str(config)]) == 0
    figures = sorted(path.name for path in (tmp_path / "runs" / FOLDER / "figures").iterdir())
    assert {"accuracy.png", "beta.png", "cell.png", "temperature.png"} <= set(figures)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("search.epoch=3", "did you mean 'search.epochs'?"),
        ("search.epochs=many", "search.epochs must be a whole number, not 'many'"),
        ("search.edd_lambda=0", "search.edd_lambda = 0.0 must be above 0"),
        ("search.s=1", "search.s = 1 must be above 1"),
        ("optimizer=edd_dart", "did you mean 'edd_darts'?"),
        ("dataset=cifar", "did you mean 'cifar1"),
        ("dataset=cifar10", "NASLIB_EDD_CIFAR10"),
        ("table=/no/such/table.npz", "/no/such/table.npz"),
        ("device=tpu", "unknown device"),
        ("search.clip=both", "search.clip must be one of"),
        ("seed=2020-99-99", "seed must be a whole number, not '2020-99-99' (on the command line)"),
        ("threads=99999999999", "threads = 99999999999 must be at most 1024"),
        ("search.channels=1000000000", "out of memory"),
        ("data=/no/such/place", "leave out the data path"),
    ],
)
def test_bad_settings_give_one_line_and_write_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], override: str, words: str
) -> None:
    assert words in fails(capsys, "search", config, override)
    assert not (tmp_path / "runs").exists()


def test_an_out_dir_that_is_a_file(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert "choose another" in fails(capsys, "search", config, f"out_dir={tmp_path / 'file'}")
    assert (tmp_path / "file").read_text() == "mine"


def test_bad_config_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no config" in fails(capsys, "search", tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("search: [1, 2\n")
    assert "is not YAML" in fails(capsys, "search", broken)
    broken.write_text("optimiser: edd_darts\n")
    assert "did you mean 'optimizer'?" in fails(capsys, "search", broken)
    assert "unrecognized argument '--epochs'" in fails(capsys, "search", broken, "--epochs", "3")
    assert "invalid choice" in fails(capsys, "serach", broken)


def test_query(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "table.npz")
    assert main(["query", "1835", "--table", str(table)]) == 0
    printed = capsys.readouterr().out
    assert "|skip_connect~0|+|skip_connect~0|skip_connect~1|" in printed
    assert main(["query", "15624", "--table", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["datasets"]["cifar10"]["val"]["rank"] == 1
    assert found["datasets"]["cifar10"]["test"]["rank"] == 15625
    assert found["datasets"]["cifar100"]["test"]["value"] is None
    assert "cifar100.test" in found["missing"]


def test_bad_queries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "table.npz")
    typo = "|nor_conv_3x3~0|+|skip_conect~0|none~1|+|none~0|none~1|none~2|"
    line = fails(capsys, "query", typo, "--table", table)
    assert "did you mean 'skip_connect'?" in line
    assert "out of range" in fails(capsys, "query", "15625", "--table", table)
    cut = tmp_path / "cut.npz"
    cut.write_bytes(table.read_bytes()[:5000])
    assert str(cut) in fails(capsys, "query", "1", "--table", cut)
    foreign = tmp_path / "foreign.npz"
    foreign.write_text("hello")
    assert str(foreign) in fails(capsys, "query", "1", "--table", foreign)


def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "nb201_cifar10_full_training.pickle"
    path.write_bytes(pickle.dumps({"nb201_data": Evil()}))
    line = fails(capsys, "query", "1", "--table", path)
    assert "mkdir" in line
    assert not (tmp_path / "ran").exists()


def test_table_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "table.npz")
    assert main(["table", "info", str(table)]) == 0
    assert "15625 of 15625" in capsys.readouterr().out
    assert main(["table", "best", str(table), "--split", "val", "--top", "2", "--json"]) == 0
    assert [row["index"] for row in json.loads(capsys.readouterr().out)] == [15624, 15623]
    target = tmp_path / "copy.npz"
    assert main(["table", "convert", str(table), str(target)]) == 0
    capsys.readouterr()
    assert main(["query", "7", "--table", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["index"] == 7
    assert "no data set 'svhn'" in fails(capsys, "table", "best", table, "--dataset", "svhn")


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    output = capsys.readouterr().out
    for word in ("torch", "digits", "cifar10", "NASLIB_EDD_TABLE", "NASLib", "kernels"):
        assert word in output


@pytest.mark.process
def test_query_and_help_load_no_torch(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table.npz")
    script = (
        "import sys; from naslib_edd.cli.commands import main;"
        f"main(['query', '3', '--table', {str(table)!r}]); main(['table', 'info', {str(table)!r}]);"
        "main([]); heavy = {'torch', 'scipy', 'matplotlib', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.search
@pytest.mark.process
def test_ctrl_c_leaves_a_checkpoint_and_exits_130(config: Path, tmp_path: Path) -> None:
    process = start("search", config, "search.epochs=400", "--no-figures")
    record = tmp_path / "runs" / FOLDER / "record.jsonl"
    deadline = time.monotonic() + 60
    while not record.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert (record.parent / "checkpoint.pt").exists()


@pytest.mark.search
@pytest.mark.process
def test_a_full_disk_gives_one_line_and_leaves_the_last_checkpoint(
    config: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands in for the disk: the same OSError from the same call."""
    size = 20_000  # a checkpoint is larger; the config and the first lines of the record are not

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    process = start("search", config, "--no-figures", preexec_fn=limit)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(errors.strip().splitlines()) == 1
    assert "checkpoint.pt" in errors
    folder = tmp_path / "runs" / FOLDER
    assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "record.jsonl"]
    read_rows(folder / "record.jsonl")
    # With room again the same command goes on and ends as if nothing had been.
    process = start("search", config, "--no-figures", "--resume")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert main(["search", str(config), "--no-figures", f"out_dir={tmp_path / 'whole'}"]) == 0
    assert rows_of(folder) == rows_of(tmp_path / "whole" / FOLDER)


#: But for those of sweeps, which are lists of searches: tests/sweep/test_plan.py.
SEARCHES = sorted(path for path in CONFIGS.rglob("*.yaml") if path.parent.name != "sweeps")


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: path.stem)
def test_every_config_of_the_project_loads(path: Path) -> None:
    from naslib_edd.config.loading import load

    config = load(path)
    reduced = config.search.channels < 16 or config.search.cells < 5
    assert reduced == (path.parent.name == "reduced" or path.stem == "quickstart")


def test_the_built_in_table_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "6111", "--table", "digits", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record["datasets"]) == ["digits"]
    assert main(["table", "info", "digits"]) == 0
    assert "noise band of a regret" in capsys.readouterr().out
    assert main(["table", "best", "digits", "--top", "1", "--json"]) == 0
    [best] = json.loads(capsys.readouterr().out)
    assert best["datasets"]["digits"]["test"]["rank"] == 1


def test_query_needs_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "6111"]) == 0
    output = capsys.readouterr().out
    for text in ("91.61", "94.37", "73.22", "46.71", "note: cifar100.train_time_s"):
        assert text in output
    assert main(["query", "6111", "--epochs", "12", "--seeds"]) == 0
    assert "88.79" in capsys.readouterr().out
    assert main(["query", "6111", "--seeds", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["seeds"]["cifar100__val"]) == 3 and found["warning"] is None


def test_query_says_what_is_wrong_with_a_cell_or_its_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["query", "15474"]) == 0
    assert "the network has 0.802426 M parameters" in capsys.readouterr().out
    pools = "|avg_pool_3x3~0|+|skip_connect~0|avg_pool_3x3~1|"
    pools += "+|skip_connect~0|avg_pool_3x3~1|skip_connect~2|"
    assert main(["query", pools]) == 0
    output = capsys.readouterr().out
    assert "54.4" in output and "warning: no convolution lies on a path" in output
    for arch in ("naslib:2,2,0,2,3,4", "3,3,3,1,3,2", f"Structure(4 nodes with {pools})", "6111.0"):
        assert main(["query", arch, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["notes"]
    assert "for example 6111" in fails(capsys, "query", "best")
    assert "no runs of 3 epochs" in fails(capsys, "query", "1", "--epochs", "3")
    assert "carries none" in fails(capsys, "query", "1", "--latency", "fpga")


def test_best_within_limits_pareto_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "best", "--max-params", "0.3", "--top", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["index"] == 11972
    assert "keeps the limits" in fails(capsys, "table", "best", "--max-flops", "1")
    out = tmp_path / "front.svg"
    assert main(["table", "pareto", "--cost", "flops_M", "--out", str(out)]) == 0
    assert "6111" in capsys.readouterr().out and out.read_bytes().startswith(b"<?xml")
    assert main(["table", "pareto", "digits", "--cost", "params_M"]) == 2
    assert main(["figure", "cell", "6111", "--out", str(tmp_path / "cell.svg")]) == 0
    assert (tmp_path / "cell.svg").exists()


def test_check_of_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "table.npz")
    capsys.readouterr()
    assert main(["table", "check", "nb201"]) == 0
    assert "\nequal:" in capsys.readouterr().out
    assert main(["table", "check", str(table)]) == 1
    assert "NOT equal" in capsys.readouterr().out


@pytest.mark.search
def test_the_cell_of_a_digits_search_is_looked_up_in_nas_bench_201(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(config), "--no-figures", "search.epochs=1"]) == 0
    output = capsys.readouterr().out
    folder = tmp_path / "runs" / FOLDER
    result = json.loads((folder / "result.json").read_text())
    real = result["tables"]["nb201"]["datasets"]["cifar100"]["test"]["value"]
    assert "NAS-Bench-201 (other images), cifar100: val" in output and f"{real:.2f}" in output
    assert "tables" not in read_rows(folder / "record.jsonl")[0]
    assert list(result["table"]["datasets"]) == ["digits"]


def test_latency_of_a_users_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_columns(tmp_path / "x.npz", a__val=np.ones(SIZE))
    milliseconds = np.stack([np.arange(SIZE, dtype=float), np.full(SIZE, np.nan)])
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays, latency_devices=np.array(["a", "b"]), latency_ms=milliseconds)
    for device, shown, value in (("a", "7.000 ms", 7.0), ("b", "– ms", None)):
        options = ["query", "7", "--latency", device, "--latencies", str(path)]
        assert main(options) == 0
        assert f"latency on {device}: {shown}" in capsys.readouterr().out
        assert main([*options, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["latency"] == {"device": device, "ms": value}
    limits = ["--latency", "a", "--latencies", str(path), "--max-latency", "100", "--json"]
    assert main(["table", "best", *limits, "--top", "3"]) == 0
    assert all(record["index"] <= 100 for record in json.loads(capsys.readouterr().out))
    assert "is of a device" in fails(capsys, "table", "best", "--max-latency", "3")
