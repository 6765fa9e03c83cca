"""The house: few rooms, modules that can be read in one sitting, and no import circle."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import naslib_edd

ROOT = Path(naslib_edd.__file__).parent
MODULES = {
    ".".join(("naslib_edd", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in ROOT.rglob("*.py")
}


def test_at_most_twenty_rooms() -> None:
    names = [path for path in ROOT.iterdir() if not path.name.startswith((".", "__"))]
    assert len(names) <= 20, sorted(path.name for path in names)


def test_no_module_is_longer_than_300_lines() -> None:
    long = {name: lines for name, path in MODULES.items() if (lines := length(path)) > 300}
    assert not long


def length(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def test_no_import_circle() -> None:
    """Not even one that a function's import, or what only a type checker reads, would close."""
    sources = {name: path.read_text("utf-8") for name, path in MODULES.items()}
    assert circle(sources) is None


def circle(sources: Mapping[str, str]) -> str | None:
    """A circle among the imports of modules, name -> source, as one line; None: there is none."""
    graph = {name: set(imports(source, sources)) - {name} for name, source in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(error.args[1])
    return None


def imports(source: str, known: Container[str]) -> Iterator[str]:
    """The known modules that a source imports, wherever in it the import stands.

    A module's package is not one of them, though Python imports it first: ``__init__`` then counts
    where a name is taken from it.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known or node.module in known:
                    yield name if name in known else str(node.module)


@pytest.mark.parametrize(
    "back",
    [
        "from house.upper import Upper",
        "from house import upper",
        "import house.upper",
        "def f():\n    from house.upper import Upper",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.upper import Upper",
    ],
)
def test_a_circle_would_be_seen(back: str) -> None:
    sources = {"house": "", "house.upper": "from house.lower import Lower", "house.lower": ""}
    assert circle(sources) is None
    found = circle({**sources, "house.lower": back})
    assert found is not None and set(found.split(" -> ")) == {"house.upper", "house.lower"}


def test_no_import_is_relative() -> None:
    """The names above are whole ones."""
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), name
