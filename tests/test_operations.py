"""`search.operations`: what may be searched, in every kind of search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import every, rows_of, run, tiny_settings, write_columns

from naslib_edd.config.loading import as_dict, load
from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.encoding import CONV3, POOL, SIZE, SKIP
from naslib_edd.spaces.nb201.space import SPACE

NAMES = ["nor_conv_3x3", "skip_connect", "avg_pool_3x3"]


@pytest.mark.search
@pytest.mark.parametrize(
    "method",
    every(2, ["edd_darts", "darts_v1", "gdas", "gaea_bilevel", "rs_ws", "drnas", "pc_darts",
              "darts_pt", "drnas_progressive", "sparse_nas", "surge_nas", "darts_es"]),
)  # fmt: skip
def test_only_these_are_chosen(tmp_path: Path, method: str) -> None:
    search = {"operations": NAMES, "channels": 4, "epochs": 2, "limit_train": 32, "limit_val": 32}
    found = run(tiny_settings(tmp_path, optimizer=method, search=search))
    for row in found.rows:
        assert set(row["ops"]) <= {SKIP, CONV3, POOL}
        assert 0 <= row["entropy"] <= np.log(3) + 1e-6


@pytest.mark.search
def test_all_but_none_is_exclude_none(tmp_path: Path) -> None:
    four = ["avg_pool_3x3", "nor_conv_3x3", "nor_conv_1x1", "skip_connect"]
    one = run(tiny_settings(tmp_path / "a", search={"operations": four}))
    two = run(tiny_settings(tmp_path / "b", search={"exclude_none": True}))
    assert rows_of(one.folder) == rows_of(two.folder)


@pytest.mark.search
@pytest.mark.parametrize("method", ["random_search", "local_search"])
def test_floors_look_only_these_up(tmp_path: Path, method: str) -> None:
    values = np.random.default_rng(0).uniform(10, 90, SIZE)
    table = write_columns(tmp_path / "t.npz", digits__val=values, digits__test=values)
    settings = tiny_settings(tmp_path, optimizer=method, table=str(table))
    settings["search"] = {"operations": NAMES[:2], "epochs": 1, "queries": 1000}
    found = run(settings)
    assert found.result["queries"] == 2**6  # all there are
    assert set(found.result["ops"]) <= {SKIP, CONV3}


@pytest.mark.parametrize(
    ("search", "match"),
    [
        ({"operations": ["conv_3x3", "none"]}, "'conv_3x3', which is no .*mean 'nor_conv_3x3'"),
        ({"operations": ["none"]}, "leaves none to choose from; name two"),
        ({"operations": []}, "leaves nothing to choose from"),
        ({"operations": ["none", "skip_connect"], "exclude_none": True}, "leaves skip_connect"),
        ({"operations": ["none", "none"]}, "names one twice"),
        ({"operations": ["none", 3]}, "must be a list, each a text or null"),
        ({"operations": ["none", "nor_conv_3x3"], "auxiliary_skip": 1.0}, "acts on skip_connect"),
        ({"operations": ["none", "nor_conv_3x3"], "identity_penalty": 1.0}, "acts on skip"),
        ({"operations": NAMES, "greedy": "cri1", "epochs": 40}, "operations leaves it out"),
        ({"operations": ["none", NAMES[0]], "greedy": "cri1", "epochs": 40}, "two operations or"),
        ({"operations": NAMES, "progressive_keep": 4}, "more than the 3 operations"),
    ],
)
def test_what_does_not_go_together(search: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        load({"optimizer": "darts_v1", "search": search})


def test_as_typed_and_as_written() -> None:
    typed = load(None, ["search.operations=[skip_connect, nor_conv_3x3]"])
    assert typed.search.operations == ("skip_connect", "nor_conv_3x3")
    assert typed.search.columns_in(SPACE.layout) == (SKIP, CONV3)
    assert load(as_dict(typed)) == typed
