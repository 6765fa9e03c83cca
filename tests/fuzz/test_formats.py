"""Every format of the registry, damaged: refused in a line, or the same result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz import crafted, own_crafted, own_seeds
from fuzz.campaign import as_json, run, summary
from fuzz.child import Child
from fuzz.entry import Format
from fuzz.formats import FORMATS

#: Formats whose hostile files are read by default: each kind of reader once.
_READERS = (
    *("NASLib pickle", "SVHN .mat, raw", "images .npz, stored"),
    *("checkpoint", "record.jsonl → report", "result.json → sweep", "config.yaml → search"),
    *("compact table", "built-in nb201.npz, packed"),
)


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as process:
        yield process


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_of_each(name: str, tmp_path: Path, child: Child) -> None:
    campaign = run(FORMATS[name], tmp_path, child, count=10, crafted=False)
    assert campaign.faults() == []
    assert any(case.outcome == "refused" for case in campaign.damaged)


@pytest.mark.parametrize("name", _READERS)
def test_hostile_files_are_refused(name: str, tmp_path: Path, child: Child) -> None:
    campaign = run(FORMATS[name], tmp_path, child, count=0)
    assert campaign.faults() == []
    assert len(campaign.crafted) > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_the_whole_of_each(name: str, tmp_path: Path, child: Child) -> None:
    campaign = run(FORMATS[name], tmp_path, child, count=200)
    assert campaign.faults() == []
    if FORMATS[name].has_checksum:
        assert not [case for case in campaign.damaged if case.outcome == "different"]


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    count: int, tmp_path: Path, child: Child
) -> None:
    both = Format(own_seeds.two_checkpoints, "fuzz.own_readers:checkpoint", has_checksum=True)
    campaign = run(both, tmp_path, child, count=count)
    assert [case for case in campaign.damaged if case.outcome != "same"] == []


def test_hostile_files_have_names_of_their_own() -> None:
    for cases in (
        crafted.archives(bytes, "full", "less"),
        crafted.naslib(),
        crafted.npz(),
        crafted.mat(),
        own_crafted.broken_json(),
        own_crafted.records(),
        own_crafted.results(),
        own_crafted.configs(),
        own_crafted.compact_tables(),
        own_crafted.packed_tables(),
    ):
        names = [name for name, _ in cases]
        assert len(names) == len(set(names)) > 10


def test_the_table_counts_and_names(tmp_path: Path, child: Child) -> None:
    campaign = run(FORMATS["images .npz, stored"], tmp_path, child, count=5)
    table = summary({"a format": campaign})
    row = table.splitlines()[-1].split(" | ")
    assert row[0] == "| a format" and row[1] == "yes" and row[2] == "5"
    assert sum(map(int, row[3:10])) == 5 and row[10] == row[11].rstrip(" |")
    record = as_json({"a format": campaign})["a format"]
    assert sum(record["damaged"].values()) == 5 and record["faults"] == []
