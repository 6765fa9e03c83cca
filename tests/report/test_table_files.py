"""The table as CSV and LaTeX: the same numbers as in Markdown, and texts that stay texts."""

from __future__ import annotations

import csv
import io

import pytest

from naslib_edd.report import group_runs, load_runs
from naslib_edd.report.table import summarise
from naslib_edd.report.table_files import as_csv, as_latex, latex

ALL = ("cifar10", "cifar100", "imagenet16_120")


def rows(make_run, **config):
    folders = [
        make_run(f"a{seed}", seed=seed, accuracies=dict.fromkeys(ALL, (50.0, 60.0 + seed)),
                 config={"optimizer": "edd_darts", "dataset": "cifar10", **config})
        for seed in (0, 1)
    ]  # fmt: skip
    return [summarise(group) for group in group_runs(load_runs(folders))]


def test_csv_has_every_number_unrounded(make_run):
    ours, paper = csv.DictReader(io.StringIO(as_csv(rows(make_run))))
    assert ours["run"] == "edd_darts" and ours["source"] == "ours" and ours["n"] == "2"
    assert float(ours["C10 test mean"]) == 60.5
    assert float(ours["C10 test std"]) == pytest.approx(0.5**0.5)
    assert ours["reduction"] == "reduced: 3 epochs"
    assert paper["source"] == "paper" and float(paper["C10 test mean"]) > 90


def test_latex_has_a_line_a_row(make_run):
    text = as_latex(rows(make_run))
    assert "$60.50 \\pm 0.71$" in text and "\\textit{" in text
    lines = [line for line in text.splitlines() if line.endswith("\\\\")]
    assert len({line.count("&") - line.count("\\&") for line in lines}) == 1


def test_a_name_is_no_command_and_no_formula(make_run):
    made = rows(make_run, name="=1+1${x}_%")
    assert "=1+1\\$\\{x\\}\\_\\%" in as_latex(made)
    ours, *_ = csv.DictReader(io.StringIO(as_csv(made)))
    assert ours["run"].startswith("'=1+1")


def test_every_special_of_latex_is_escaped():
    assert latex("a_b & 50 % #1 $x$ {y} ~^\\<>|") == (
        r"a\_b \& 50 \% \#1 \$x\$ \{y\} \textasciitilde{}\textasciicircum{}\textbackslash{}"
        r"\textless{}\textgreater{}\textbar{}"
    )
