"""What a run writes is what the reference says that it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import run, tiny_settings

from naslib_edd.storage.lines import read_rows
from naslib_edd.storage.record_fields import RESULT, ROW

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
METHODS = {
    "edd_darts": {},
    "edd_pc_darts": {"partial_channels": 2},
    "random_search": {},
    "rs_ws": {},
    "sgas": {"epochs": 7},
    "darts_es": {},
    "zero_cost_pt": {"epochs": 2, "proxy_rounds": 1},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[set[str], set[str]]]:
    """Method → the keys of its rows and of its result."""
    found = {}
    for method, search in METHODS.items():
        out = tmp_path_factory.mktemp(method)
        made = run(tiny_settings(out, optimizer=method, search={"epochs": 2, **search}))
        found[method] = {key for row in made.rows for key in row}, set(made.result)
    own = Named(np.zeros((20, 8, 8), np.uint8), np.arange(20) % 2)
    out = tmp_path_factory.mktemp("own")
    made = run(tiny_settings(out, dataset="custom", search={"epochs": 1}), data=(own, None))
    found["own data"] = {key for row in made.rows for key in row}, set(made.result)
    return found


class Named(list[Any]):
    """A data set whose classes have names."""

    classes = ("one", "other")

    def __init__(self, images: Any, labels: Any) -> None:
        super().__init__(zip(images, labels, strict=True))


@pytest.mark.search
def test_every_field_written_is_in_the_reference(
    written: dict[str, tuple[set[str], set[str]]],
) -> None:
    for method, (row, result) in written.items():
        assert row <= ROW.keys(), (method, row - ROW.keys())
        assert result <= RESULT.keys(), (method, result - RESULT.keys())


@pytest.mark.search
def test_every_field_of_the_reference_is_written_by_some_run(
    written: dict[str, tuple[set[str], set[str]]],
) -> None:
    rows = set().union(*(row for row, _ in written.values()))
    results = set().union(*(result for _, result in written.values()))
    assert {k for k, f in ROW.items() if _of_engine(f)} - rows <= {"operations_left", "stop_epoch"}
    assert {k for k, f in RESULT.items() if _of_engine(f)} - results == set()


@pytest.mark.search
def test_always_means_always(written: dict[str, tuple[set[str], set[str]]]) -> None:
    for row, result in written.values():
        assert {key for key, field in ROW.items() if field.when == "always"} <= row
        assert {key for key, field in RESULT.items() if field.when == "always"} <= result


def test_so_are_those_of_the_committed_records() -> None:
    searches = [path for path in RESULTS.glob("**/record.jsonl") if "circle" not in path.parts]
    for path in sorted(searches)[::40]:
        assert {key for row in read_rows(path) for key in row} <= ROW.keys(), path


def _of_engine(field: Any) -> bool:
    return "NASLib" not in field.when
