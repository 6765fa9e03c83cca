"""Groups compared by seed: which test, which interval, which words, and the files that tell it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from naslib_edd.errors import UserError
from naslib_edd.report import group_runs, load_runs, report
from naslib_edd.report.comparison import Comparison, compare_groups
from naslib_edd.report.statistics import smallest_p
from naslib_edd.report.statistics_text import least_seeds, markdown, pairs_csv, verdict

BASE = {"drnas": 70.0, "gdas": 60.0, "darts_v1": 50.0}


@pytest.fixture
def compared(make_run, tmp_path):
    """Methods with seeds 0 … n - 1; the accuracy is the method's base and noise of the seed."""

    def make(
        n: int, base: dict[str, float] = BASE, noise: float = 1.0, shift: int = 0, **keys
    ) -> Comparison:
        random = np.random.default_rng(7)
        for place, (name, value) in enumerate(base.items()):
            for seed in range(shift * place, shift * place + n):
                accuracy = value + noise * float(random.normal())
                make_run(
                    f"{tmp_path}/{name}/{seed}", seed=seed, epochs=1,
                    config={"optimizer": name, "dataset": "digits"},
                    accuracies={"digits": (40.0, accuracy)},
                )  # fmt: skip
        found = compare_groups(group_runs(load_runs([tmp_path])), **keys)
        assert found is not None
        return found

    return make


def test_summaries_are_of_the_runs(compared):
    found = compared(6)
    assert [sample.name for sample in found.samples] == list(BASE)
    for sample in found.samples:
        values = list(sample.values.values())
        assert sample.mean == pytest.approx(np.mean(values))
        assert sample.std == pytest.approx(np.std(values, ddof=1))
        assert sample.median == pytest.approx(np.median(values))
        assert sample.low < sample.mean < sample.high and sample.n == 6


def test_many_shared_seeds_give_signed_ranks_and_few_give_rank_sums(compared):
    (pair, *_) = compared(8).pairs
    assert (pair.paired, pair.test) == (True, "wilcoxon")
    assert pair.p == pytest.approx(2 / 2**8) and pair.differ
    assert pair.words == "drnas is better"


def test_too_few_for_signed_ranks_but_not_for_sums(compared):
    for pair in compared(6).pairs:  # 3 comparisons: 2/64 · 3 > .05, 2/924 · 3 < .05
        assert pair.test == "mann_whitney" and pair.p == pytest.approx(2 / 924)
        assert pair.differ and not pair.too_few


def test_other_seeds_are_not_paired(compared):
    found = compared(8, shift=100)
    assert {pair.test for pair in found.pairs} == {"mann_whitney"}
    assert not any(pair.paired for pair in found.pairs)
    assert found.friedman is None and "## Ranks" not in markdown(found)


def test_a_paired_interval_leaves_out_what_seeds_share(make_run, tmp_path):
    random = np.random.default_rng(0)
    shared = random.normal(0, 8, 9)
    for name, value in (("gdas", 60.0), ("drnas", 61.0)):
        for seed in range(9):
            make_run(
                f"{name}/{seed}", seed=seed, epochs=1,
                config={"optimizer": name, "dataset": "digits"},
                accuracies={"digits": (1.0, value + shared[seed] + 0.1 * seed)},
            )  # fmt: skip
    found = compare_groups(group_runs(load_runs([tmp_path])))
    (pair,) = found.pairs
    assert pair.low == pytest.approx(1) and pair.high == pytest.approx(1)
    assert found.samples[0].high - found.samples[0].low > 5


def test_nothing_can_be_significant_is_said(compared):
    found = compared(3)
    assert found.hopeless
    text = markdown(found)
    assert "n too small: no result could be significant" in text
    assert f"{least_seeds(3)} seeds of each method are the fewest" in verdict(found)
    assert all(pair.words.startswith("n too small") for pair in found.pairs)


def test_the_issues_example_of_six_seeds_and_forty_methods():
    # 6 against 6, 39 comparisons: .084; the fewest that could tell are 7.
    assert smallest_p(6, 6) * 39 == pytest.approx(0.0844, abs=1e-4)
    assert least_seeds(39) == 7


def test_no_difference_is_not_distinguishable(compared):
    found = compared(8, {"drnas": 60.0, "gdas": 60.0})
    (pair,) = found.pairs
    gaps = np.subtract(*(np.array(list(s.values.values())) for s in found.samples))
    assert pair.p == pytest.approx(stats.wilcoxon(gaps, method="exact").pvalue)
    assert pair.words == "not distinguishable"
    assert "not distinguishable" in verdict(found)


def test_against_one_method_there_are_fewer_comparisons(compared):
    found = compared(4, against=["darts_v1"])
    assert [(p.one, p.other) for p in found.pairs] == [("drnas", "darts_v1"), ("gdas", "darts_v1")]
    assert {pair.comparisons for pair in found.pairs} == {2}


def test_two_references_share_their_own_pair(compared):
    found = compared(2, against=["darts_v1", "gdas"])
    assert len(found.pairs) == 3


def test_an_unknown_reference_is_told(compared):
    with pytest.raises(UserError, match=r"'dart_v1' is none of the methods.*'darts_v1'"):
        compared(2, against=["dart_v1"])


def test_what_lacks_an_accuracy_is_named(make_run, tmp_path):
    make_run("a", accuracies={"digits": (1.0, 2.0)})
    make_run("b", config={"optimizer": "gdas", "dataset": "cifar10"})
    found = compare_groups(group_runs(load_runs([tmp_path])))
    assert found.left_out == ["gdas"] and "gdas" in markdown(found)
    assert "nothing to compare" in verdict(found)


def test_runs_without_a_table_are_compared_by_the_network(make_run, tmp_path):
    make_run("a", result={"net_test_acc_batch": 31.0})
    found = compare_groups(group_runs(load_runs([tmp_path])))
    assert found.measure.startswith("test accuracy with shared weights")
    assert found.samples[0].mean == 31 and found.samples[0].low is None


def test_nothing_to_compare_is_no_error(make_run, tmp_path):
    make_run("a")
    assert compare_groups(group_runs(load_runs([tmp_path]))) is None


def test_report_writes_them(compared, tmp_path):
    compared(7)
    paths = report(sorted(tmp_path.iterdir()), tmp_path / "out")
    names = {path.name for path in paths}
    assert {"statistics.md", "statistics.json", "statistics.csv", "cd.png"} <= names
    told = json.loads((tmp_path / "out" / "statistics.json").read_text())
    lines = list(csv.DictReader(io.StringIO((tmp_path / "out" / "statistics.csv").read_text())))
    assert len(told["pairs"]) == len(lines) == 3
    assert told["friedman"]["seeds"] == 7
    assert [method["name"] for method in told["friedman"]["methods"]] == list(BASE)
    assert float(lines[0]["p"]) == told["pairs"][0]["p"]


def test_names_of_runs_are_only_text(make_run, tmp_path):
    name = "<b>|x*"
    for place in (0, 1):
        make_run(
            f"{place}", config={"optimizer": "gdas", "dataset": "digits", "name": f"{name}{place}"},
            accuracies={"digits": (1.0, 2.0 + place)},
        )  # fmt: skip
    found = compare_groups(group_runs(load_runs([tmp_path])))
    assert "<b>" not in markdown(found) and "&lt;b&gt;\\|x\\*0" in markdown(found)
    assert len(list(csv.reader(io.StringIO(pairs_csv(found))))) == 2


def test_the_command_takes_a_reference(compared, tmp_path, capsys):
    from naslib_edd.cli.commands import main

    compared(3)
    folders = [str(path) for path in sorted(tmp_path.iterdir())]
    out = tmp_path / "out"
    assert main(["report", *folders, "--out", str(out), "--against", "gdas"]) == 0
    assert "2 comparisons" in Path(out / "statistics.md").read_text()
    assert main(["report", *folders, "--out", str(out), "--against", "none"]) == 2
    assert "is none of the methods compared" in capsys.readouterr().err
