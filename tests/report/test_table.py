import json
import statistics

import pytest

from naslib_edd.report import group_runs, load_runs
from naslib_edd.report.table import Spread, as_json, markdown, summarise
from naslib_edd.spaces.nb201.encoding import NONE, SKIP, index_to_ops

SETS = ("cifar10", "cifar100", "imagenet16_120")
SHORT = {"cifar10": "C10", "cifar100": "C100", "imagenet16_120": "IN16"}
INDICES = (6111, 1462, 9000)


def accuracies(seed):
    return {
        name: (10.0 * place + 1.3 * seed**2 + 40, 10.0 * place - 2.1 * seed + 50)
        for place, name in enumerate(SETS)
    }


@pytest.fixture
def three(make_run):
    """Three seeds of EDD."""
    return [
        make_run(
            f"edd/{seed}", seed=seed, index=index, accuracies=accuracies(seed),
            rank=100 * (seed + 1), seconds=10.0 + seed,
        )
        for seed, index in enumerate(INDICES)
    ]  # fmt: skip


def rows_of(folders, **options):
    return [summarise(group) for group in group_runs(load_runs(folders), **options)]


def test_numbers_equal_an_independent_computation(three):
    (row,) = rows_of(three)
    for name in SETS:
        for place, part in enumerate(("val", "test")):
            values = [accuracies(seed)[name][place] for seed in range(3)]
            found = row.accuracies[f"{SHORT[name]} {part}"]
            assert found.mean == pytest.approx(statistics.mean(values), rel=1e-12)
            assert found.std == pytest.approx(statistics.stdev(values), rel=1e-12)
            assert found.n == 3
    assert row.rank.mean == pytest.approx(200) and row.rank.std == pytest.approx(100)
    assert row.seconds.mean == pytest.approx(11)
    ops = [index_to_ops(index) for index in INDICES]
    assert row.skip.mean == pytest.approx(statistics.mean(o.count(SKIP) for o in ops))
    assert row.none.mean == pytest.approx(statistics.mean(o.count(NONE) for o in ops))


def test_the_order_of_seeds_does_not_matter_and_each_seed_does(three):
    (row,), (turned,), (fewer,) = rows_of(three), rows_of(three[::-1]), rows_of(three[:2])
    assert turned.accuracies == row.accuracies
    one, other = (accuracies(seed)["cifar10"][1] for seed in (0, 1))
    assert fewer.accuracies["C10 test"].mean == pytest.approx((one + other) / 2)
    assert fewer.accuracies["C10 test"].std == pytest.approx(abs(one - other) / 2**0.5)


def cells(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_markdown_stands_beside_the_paper_under_its_label(three):
    text = markdown(rows_of(three, data_note="CIFAR-10 (JPEG)"))
    ours = cells(text, "edd_darts")
    assert ours[:2] == ["edd_darts", "3"]
    assert text.startswith("Every run of ours is reduced: 3 epochs, CIFAR-10 (JPEG).")
    assert ours[3] == "47.90 ± 2.10"  # 50, 47.9, 45.8
    assert ours[8] == "200" and ours[-1] == "11"
    paper = cells(text, "*paper, Table 1: EDD-DARTS*")
    assert paper[3] == "93.80 ± 0.33" and paper[-1] == "7392"
    assert len(ours) == len(paper) == len(cells(text, "run")) == 12
    assert text.index("reduced: ") < text.index("paper, Table 1")


def test_each_row_says_how_it_was_reduced_where_they_differ(three, make_run):
    other = {"optimizer": "gdas", "dataset": "cifar10"}
    text = markdown(rows_of([*three, make_run("short", epochs=2, config=other)]))
    assert cells(text, "edd_darts")[0] == "edd_darts, reduced: 3 epochs"
    assert cells(text, "gdas")[0] == "gdas, reduced: 2 epochs"
    assert text.startswith("| run |")


def test_a_single_seed_and_a_missing_table_show_a_dash(make_run):
    single = markdown(rows_of([make_run("a", accuracies=accuracies(0))]))
    assert cells(single, "edd_darts")[3] == "50.00 ± –"
    bare = markdown(rows_of([make_run("b")]))
    assert cells(bare, "edd_darts")[2:9] == ["–"] * 7


def test_a_run_without_a_table_is_told_and_not_counted(three, make_run):
    text = markdown(rows_of([*three, make_run("edd/9", seed=9)]))
    assert cells(text, "edd_darts")[3] == "47.90 ± 2.10 (of 3)"


def test_json_holds_the_unrounded_numbers_and_the_architectures(three):
    (row,) = rows_of(three)
    found = json.loads(json.dumps(as_json([row], unfinished=["x, seed 1"])))
    (entry,) = found["rows"]
    assert entry["accuracies"]["C10 val"]["mean"] == row.accuracies["C10 val"].mean
    assert [run["index"] for run in entry["runs"]] == list(INDICES)
    assert entry["reduction"] == "reduced: 3 epochs"
    assert entry["paper"]["accuracies"]["C10 test"] == {"mean": 93.80, "std": 0.33}
    assert found["unfinished"] == ["x, seed 1"]


def test_settings_off_the_recipe_are_noted(make_run):
    config = {"optimizer": "lts_darts", "dataset": "cifar10", "search": {"batch_size": 32}}
    text = markdown(rows_of([make_run("a", config=config)]))
    assert "`batch_size=32`" in text
    assert "paper" not in text  # the paper has no row of LTS


def test_spread_of_nothing_and_of_one():
    assert Spread.over([]) == Spread.over([float("nan")]) == Spread(None, None, 0)
    assert Spread.over([2.0, float("nan")]) == Spread(2.0, None, 1)
