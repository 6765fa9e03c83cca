"""Many seeds on digits: outcomes gathered once, and compared as the package compares."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from digits_seeds import Outcome, gather, joined, main, markdown, read, values_of
from helpers import run, tiny_settings

from naslib_edd.errors import UserError
from naslib_edd.report.comparison import compare_values
from naslib_edd.tables import Table

pytestmark = pytest.mark.benchmark

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def outcome(method: str, seed: int, architecture: int) -> Outcome:
    return Outcome(method, seed, architecture, 20, 1, 0, 1.5, "abc", "none")


@pytest.mark.search
def test_finished_runs_are_gathered_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finals = {}
    for name, optimizer in (("ours", "edd_darts"), ("random_search", "random_search")):
        for seed in (0, 1):
            settings = tiny_settings(tmp_path / "runs", seed=seed, name=name, optimizer=optimizer)
            finals[name, seed] = run(settings).index
    out = tmp_path / "out"
    assert main([str(tmp_path / "runs"), "--out", str(out)]) == 0
    found = read(out / "runs.csv")
    assert {(one.method, one.seed): one.architecture for one in found} == finals
    assert all(one.epochs == 3 and len(one.commit) in (0, 7) for one in found)
    files = {path.name: path.read_text() for path in out.iterdir()}
    assert set(files) == {"runs.csv", "table.md", "pairs.csv"}
    test = Table.open("digits").column("digits__test").astype(float)
    ours = test[[finals["ours", 0], finals["ours", 1]]]
    assert f"| ours | 2 | {ours.mean():.2f} ± {ours.std(ddof=1):.2f} |" in files["table.md"]
    assert "n too small" in files["table.md"]
    # Again, with and without the runs: nothing changes.
    for arguments in ([str(tmp_path / "runs")], []):
        assert main([*arguments, "--out", str(out)]) == 0
        assert {path.name: path.read_text() for path in out.iterdir()} == files
    run(tiny_settings(tmp_path / "runs", seed=2, name="ours", search={"epochs": 2}))
    capsys.readouterr()
    with pytest.raises(UserError, match="unequal settings"):
        gather([tmp_path / "runs"])
    assert main(["--out", str(tmp_path / "none")]) == 2
    assert "has no runs" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_one_run_has_one_outcome() -> None:
    known = [outcome("b", 0, 7), outcome("a", 1, 8)]
    assert joined(known, [outcome("a", 0, 9), outcome("b", 0, 7)]) == [
        outcome("a", 0, 9),
        outcome("a", 1, 8),
        outcome("b", 0, 7),
    ]
    with pytest.raises(UserError, match="b, seed 0, is known with architecture 7 and given with 5"):
        joined(known, [outcome("b", 0, 5)])


def test_what_differs_is_bold() -> None:
    """The best ten cells against the worst ten, and against themselves."""
    order = np.argsort(Table.open("digits").column("digits__test"))
    cells = {"darts_v1": order[:10], "good": order[-10:], "too": order[-10:][::-1]}
    outcomes = [
        outcome(method, seed, int(cell))
        for method, own in cells.items()
        for seed, cell in enumerate(own)
    ]
    values = values_of(outcomes, Table.open("digits"))
    two = compare_values(values, measure="digits test", against=["darts_v1"])
    every = compare_values(values, measure="digits test")
    rows = {
        line.split(" | ")[0].strip("| "): line
        for line in markdown(outcomes, two, every, band=1.7).splitlines()
        if line.startswith("| ")
    }
    gap = np.mean(list(values["good"].values())) - np.mean(list(values["darts_v1"].values()))
    assert f"| **{gap:+.2f}, p = 0.0039** |" in rows["good"]
    assert rows["darts_v1"].endswith("| – |")
    assert {pair.other: pair.differ for pair in every.pairs if pair.one == "good"} == {
        "too": False,
        "darts_v1": True,
    }


def test_values_without_a_seed_are_refused() -> None:
    for values in ({}, {"a": {}}, {"a": {0: 1.0}, "b": {}}):
        with pytest.raises(UserError, match="nothing to compare"):
            compare_values(values, measure="digits test")


def test_the_committed_tables_are_of_the_committed_outcomes(tmp_path: Path) -> None:
    folder = RESULTS / "digits_20"
    text = (folder / "runs.csv").read_text()
    (tmp_path / "runs.csv").write_text(text)
    assert main(["--out", str(tmp_path)]) == 0
    for name in ("runs.csv", "table.md", "pairs.csv"):
        assert (tmp_path / name).read_text() == (folder / name).read_text(), name
    rows = list(csv.DictReader(text.splitlines()))
    assert len({(row["method"], row["seed"]) for row in rows}) == len(rows)


def test_the_first_seeds_are_those_of_the_records() -> None:
    """Six seeds of forty methods have their whole records in digits_methods."""
    known = {(one.method, one.seed): one for one in read(RESULTS / "digits_20" / "runs.csv")}
    records = gather([RESULTS / "digits_methods"])
    assert len(records) == 240
    assert all(known[one.method, one.seed] == one for one in records)


@pytest.mark.parametrize("text", ["method,seed\na,0\n", "method,seed,odd\na,0,1\n", "\xff"])
def test_a_damaged_file_is_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs.csv").write_bytes(text.encode("latin-1"))
    assert main(["--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "runs.csv is damaged" in said and len(said.splitlines()) == 1
