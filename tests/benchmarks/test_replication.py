"""Final cells in a second table: on made-up runs and a made-up table, and the committed result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import replication

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.tables import Table

pytestmark = pytest.mark.benchmark

COMMITTED = Path(__file__).parents[2] / "benchmarks" / "results" / "cifar10_50"


class Second:
    """A second table with the accuracies that are its indices' and their opposites."""

    def column(self, name: str) -> Any:
        values = np.arange(15625) / 1000
        return -values if name.endswith("analog") else values


def copied(tmp_path: Path, *runs: str) -> Path:
    for run in runs:
        place = Path("nasbench201") / "cifar10" / run
        shutil.copytree(COMMITTED / place, tmp_path / place)
    return tmp_path


def test_methods_and_cells_in_both(tmp_path: Path) -> None:
    folder = copied(tmp_path, "edd_darts/0", "edd_darts/1", "darts_v1/0", "random_search/0")
    found = replication.replicate(folder, Second())  # type: ignore[arg-type]
    first = found["rows"][0]
    assert first["search"] == "edd_darts" and len(first["cells"]) == 2
    cell = first["cells"][0]
    assert cell["digital"] == cell["index"] / 1000 == -cell["analog"]
    assert found["methods"]["digital"] == -found["methods"]["analog"]
    assert found["different_cells"] == 4
    assert replication.markdown(found).count("\n| ") == 4


def test_nothing_to_look_up(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        replication.replicate(tmp_path, Second())  # type: ignore[arg-type]


def test_the_committed_table_is_what_the_records_give() -> None:
    try:
        table = Table.open("analog")
    except DataMissing as error:
        pytest.skip(str(error))
    found = replication.replicate(COMMITTED, table)
    assert json.loads(json.dumps(found)) == json.loads((COMMITTED / "analog.json").read_text())
    assert (COMMITTED / "analog.md").read_text("utf-8") == replication.markdown(found)
