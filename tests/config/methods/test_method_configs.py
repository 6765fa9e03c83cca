"""configs/methods: a file a method, which writes out what the method's name stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from naslib_edd.config.loading import load
from naslib_edd.config.methods import METHODS

FILES = sorted((Path(__file__).parents[3] / "configs" / "methods").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_is_the_method(file: Path) -> None:
    text = file.read_text()
    values = yaml.safe_load(text)
    assert text.startswith("# ")
    assert values["optimizer"] == file.stem and values["dataset"] == "cifar10"
    alone = load({"optimizer": file.stem, "dataset": "cifar10"})
    assert load(file).search == alone.search
    # The method's own parts stand in the file.
    assert set(METHODS[file.stem]) <= set(values["search"])


def test_every_method_has_a_file() -> None:
    assert {file.stem for file in FILES} == set(METHODS)
