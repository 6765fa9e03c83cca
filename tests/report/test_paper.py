import pytest

from naslib_edd.config.loading import as_dict, load
from naslib_edd.report import paper_row
from naslib_edd.report.paper import COLUMNS, TABLE_1, TABLE_5, TABLE_7


def config(optimizer="edd_darts", dataset="cifar10", **search):
    return as_dict(load({"optimizer": optimizer, "dataset": dataset, "search": search}))


def test_every_row_has_six_accuracies():
    rows = [*TABLE_1.values(), *TABLE_5.values(), *TABLE_7.values()]
    assert len(rows) == 13 + 9 + 3
    for row in rows:
        assert len(row.accuracies) == len(COLUMNS) == 6, row.name
        assert all(10 < mean < 95 and (std is None or std < 3) for mean, std in row.accuracies)


@pytest.mark.parametrize(
    "given, title, c10_test",
    [
        (config("darts_v1"), "paper, Table 1: DARTS-V1", (54.30, 0.00)),
        (config(), "paper, Table 1: EDD-DARTS", (93.80, 0.33)),
        (config(dataset="CIFAR10"), "paper, Table 1: EDD-DARTS", (93.80, 0.33)),
        (config(variant="release"), "paper, Table 1: EDD-DARTS", (93.80, 0.33)),
        (config("edd_darts_clip"), "paper, Table 1: EDD-DARTS (clip)", (94.05, 0.11)),
        (config(edd_lambda=0.24), "paper, Table 5: EDD-DARTS, sn s=1/t, λ=0.24", (92.83, 0.52)),
        (config(s=100), "paper, Table 5: EDD-DARTS, sn s=100, λ=0.06", (93.44, 0.54)),
        (
            config(relaxation="softmax", edd_lambda=0.12),
            "paper, Table 5: EDD-DARTS, softmax, λ=0.12",
            (93.60, 0.29),
        ),
        (config("pcd_darts"), "paper, Table 7: PCD, searched on CIFAR-10", (93.78, 0.43)),
        (config(dataset="cifar100"), "paper, Table 7: EDD, searched on CIFAR-100", (93.44, 0.49)),
    ],
)
def test_a_method_finds_its_row(given, title, c10_test):
    row = paper_row(given)
    assert row is not None and row.title == title
    assert row.accuracies[COLUMNS.index(("cifar10", "test"))] == c10_test


def test_the_paper_gives_seconds_in_table_1():
    assert TABLE_1["EDD-DARTS"].seconds / TABLE_1["DARTS-V1"].seconds == pytest.approx(1.019, 1e-3)
    assert TABLE_1["SurgeNAS"].accuracies[0] == (90.2, None)


@pytest.mark.parametrize(
    "given",
    [
        config(dataset="digits"),  # the paper has no such search
        config("lts_darts"),
        config("darts_v1", dataset="cifar100"),
        config(edd_lambda=0.07),
        config(s=10),
        {},
    ],
)
def test_what_the_paper_did_not_do_has_no_row(given):
    assert paper_row(given) is None
