"""Every file of configs/methods is its method's preset, written out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from naslib_edd.config import load
from naslib_edd.presets import METHODS

FOLDER = Path(__file__).parents[1] / "configs" / "methods"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_its_preset(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ")
    given = yaml.safe_load(text)
    assert given["optimizer"] == file.stem
    assert load(given).search == load({"optimizer": file.stem}).search
    # Written out: with the optimizer's name alone taken away, the settings are still there.
    assert set(METHODS[file.stem]) <= set(given["search"])
