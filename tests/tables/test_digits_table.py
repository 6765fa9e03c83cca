"""The built-in table is what its card says: retrained, recounted, and in the right rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from digits_table.card import card
from digits_table.check import draw, retrain
from digits_table.classes import classes
from digits_table.digits import PROTOCOL

from naslib_edd.spaces.nb201.encoding import CONV3, NONE, POOL, SIZE, SKIP, all_ops, is_connected
from naslib_edd.tables import Table
from naslib_edd.tables.locate import built_in
from naslib_edd.tables.noise import noise, reliability, reliability_of_the_top, spearman

METRICS = ("val", "test", "val_loss", "test_loss")


@pytest.fixture(scope="module")
def table() -> Table:
    return Table.open("digits")


def trained(table: Table, metric: str) -> np.ndarray:
    """The values of every seed of the trained architectures, [6466, S]."""
    return np.asarray(table.column(f"digits__{metric}_seeds"))[classes().representatives]


def facts(test: np.ndarray) -> dict[str, bool]:
    """What must hold of the test accuracies [15625] whatever the seeds, and not of others' rows."""
    ops = all_ops()
    connected = np.array([is_connected(each) for each in ops.tolist()])
    bare = np.isin(ops, (NONE, SKIP, POOL)).all(axis=1)
    full = (ops == CONV3).sum(axis=1) + (ops == SKIP).sum(axis=1) == 6
    residual = full & (ops == CONV3).any(axis=1) & (ops == SKIP).any(axis=1)
    one_value = np.array_equal(test, test[classes().representatives][classes().of])
    return {
        "a cell cut off from its input is at chance": bool((test[~connected] < 20).all()),
        "a connected cell is above chance": bool((test[connected] > 20).mean() > 0.99),
        "members of a class share their value": one_value,
        "residual cells of 3x3 convolutions beat cells without weights": bool(
            np.median(test[residual]) > np.median(test[bare & connected])
        ),
    }


def test_facts(table: Table) -> None:
    assert all(facts(table.column("digits__test")).values()), facts(table.column("digits__test"))


@pytest.mark.parametrize("seed", range(3))
def test_a_permuted_table_is_found_out(table: Table, seed: int) -> None:
    test = np.random.default_rng(seed).permutation(table.column("digits__test"))
    held = facts(test)
    assert sum(held.values()) <= 1
    assert not held["members of a class share their value"]
    assert not held["a cell cut off from its input is at chance"]


def test_retrained_entries_are_those_of_the_table(table: Table) -> None:
    """For real, in seconds: a random one, the best and one cut off from its input."""
    best = int(classes().representatives[np.argmax(trained(table, "test").mean(axis=1))])
    cut_off = next(
        int(i) for i in classes().representatives if not is_connected(all_ops()[i].tolist())
    )
    entries = [*draw(table, 1, seed=1), (best, 0), (cut_off, 0)]
    found = noise(trained(table, "test"))
    for entry in retrain(table, entries):
        # Another machine rounds otherwise, and then it is another draw of the same noise.
        assert abs(entry.test[0] - entry.test[1]) < 5 * np.sqrt(2) * found.seed_std, entry


def test_the_columns(table: Table) -> None:
    assert len(table) == SIZE
    assert table.datasets == ("digits",)
    seeds = table.about["seeds"]
    for metric in METRICS:
        each, mean = table.column(f"digits__{metric}_seeds"), table.column(f"digits__{metric}")
        assert each.shape == (SIZE, len(seeds))
        assert np.isfinite(each).all()
        np.testing.assert_allclose(mean, each.astype(float).mean(axis=1), rtol=1e-5)
    # Accuracies are whole numbers of hits among the noisy copies.
    for split in ("val", "test"):
        count = table.about["images"][split] * PROTOCOL.copies
        hits = table.column(f"digits__{split}_seeds").astype(float) * count / 100
        np.testing.assert_allclose(hits, hits.round(), atol=1e-2)


def test_the_two_accuracies_agree(table: Table) -> None:
    val, test, loss = (trained(table, m).mean(axis=1) for m in ("val", "test", "test_loss"))
    assert spearman(val, test) > 0.9
    assert spearman(test, -loss) > 0.9
    assert table.about["spearman"]["val, test"] == pytest.approx(spearman(val, test), abs=1e-4)


def test_noise_and_reliability_are_as_told(table: Table) -> None:
    for metric in METRICS:
        score = trained(table, metric) * (-1 if metric.endswith("loss") else 1)
        told = table.about["noise"][metric]
        assert told == pytest.approx(noise(score[classes().of])._asdict(), abs=1e-4)
        assert table.about["reliability"][metric] == pytest.approx(reliability(score), abs=1e-4)
        assert table.about["reliability_top_half"][metric] == pytest.approx(
            reliability_of_the_top(score), abs=1e-4
        )
    assert table.about["reliability"]["test"] >= 0.8
    assert table.about["reliability"]["val"] >= 0.8


def test_it_was_made_by_the_protocol_that_is_here(table: Table) -> None:
    assert table.about["protocol"] == PROTOCOL.as_dict()


def test_the_noise_of_the_table_is_over_its_rows(table: Table) -> None:
    found = table.noise("digits", "test")
    assert found is not None
    assert found == noise(table.column("digits__test_seeds"))
    assert table.noise("digits", "nothing") is None


def test_small_and_with_a_card() -> None:
    path = built_in("digits")
    assert path is not None
    assert path.stat().st_size < 1_000_000
    assert Path(path.with_name("DIGITS.md")).read_text() == card(Table.open("digits").about)


def test_it_opens_and_answers_by_name() -> None:
    record = Table.open("digits").query("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    assert record.datasets["digits"].test.value == pytest.approx(10, abs=6)  # cut off: chance
