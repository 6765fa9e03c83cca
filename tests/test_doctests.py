"""The examples in the package's docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "naslib_edd"


def _modules() -> list[str]:
    """Modules with an example, found by reading: nothing is imported for it."""
    with_examples = [
        path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text("utf-8")
    ]
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in with_examples]
    return [".".join(part for part in each if part != "__init__") for each in parts]


@pytest.mark.parametrize("name", _modules())
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASLIB_EDD_TABLE", raising=False)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    done = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert not done.failed


def test_there_are_some() -> None:
    assert len(_modules()) >= 6
