"""configs/methods: a file a method, which says the same as the method's name alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from naslib_edd.config import load
from naslib_edd.presets import METHODS

FILES = sorted((Path(__file__).parents[1] / "configs" / "methods").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_parts_written_out_are_the_preset_s(path: Path) -> None:
    text = path.read_text()
    values = yaml.safe_load(text)
    assert text.startswith("# ") and values["optimizer"] == path.stem
    written = load(path)
    assert written.search == load({"optimizer": path.stem, "dataset": values["dataset"]}).search
    assert set(METHODS[path.stem]) <= set(values.get("search", {}))
