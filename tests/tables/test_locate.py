"""The order in which a table's path is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from naslib_edd.errors import DataMissing
from naslib_edd.tables import find_table
from naslib_edd.tables.locate import VARIABLE, built_in


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in ("flag", "config", "variable"):
        (tmp_path / name).touch()
    return {name: str(tmp_path / name) for name in ("flag", "config", "variable", "nowhere")}


def test_order(paths: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_table(None, None) is None
    monkeypatch.setenv(VARIABLE, paths["variable"])
    assert find_table(None, None) == Path(paths["variable"])
    assert find_table(None, paths["config"]) == Path(paths["config"])
    assert find_table(paths["flag"], paths["config"]) == Path(paths["flag"])


def test_an_empty_variable_is_not_set(
    paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert find_table(None, None) is None


def test_a_missing_path_says_who_gave_it(
    paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = paths["nowhere"]
    # A wrong first choice is not passed over for a right second one.
    with pytest.raises(DataMissing, match=f"{nowhere}, the path that the command line gives"):
        find_table(nowhere, paths["config"])
    with pytest.raises(DataMissing, match="the configuration gives"):
        find_table(None, nowhere)
    monkeypatch.setenv(VARIABLE, nowhere)
    with pytest.raises(DataMissing, match=f"environment variable {VARIABLE} gives"):
        find_table(None, None)


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "table").touch()
    assert find_table("~/table", None) == tmp_path / "table"


def test_the_built_in_table_by_its_name_and_by_the_searchs_data_set(
    paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = built_in("digits")
    assert digits is not None and digits.exists()
    assert find_table("digits") == find_table(None, "digits") == digits
    monkeypatch.setenv(VARIABLE, paths["variable"])
    # NAS-Bench-201's table, as the variable will name, has nothing about digits.
    assert find_table(dataset="digits") == digits
    assert find_table(dataset="cifar10") == Path(paths["variable"])
    assert find_table(None, paths["config"], dataset="digits") == Path(paths["config"])
    monkeypatch.setenv(VARIABLE, "digits")
    assert find_table(dataset="cifar10") == digits


def test_a_file_of_a_built_in_tables_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").touch()
    assert find_table("./digits") == Path("digits")
    assert built_in("digit") is None


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
def test_nas_bench_201s_data_sets_have_the_built_in_table(
    dataset: str, paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_table(dataset=dataset) == built_in("nb201")
    assert find_table(None, paths["config"], dataset=dataset) == Path(paths["config"])
    monkeypatch.setenv(VARIABLE, paths["variable"])
    assert find_table(dataset=dataset) == Path(paths["variable"])


def test_no_table_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_table(dataset="svhn") is None
    assert find_table("none", dataset="cifar10") is None
    assert find_table(None, "none", dataset="digits") is None
    monkeypatch.setenv(VARIABLE, "none")
    assert find_table(dataset="cifar10") is None
