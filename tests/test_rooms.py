"""The house: few rooms, modules that can be read in one sitting, and no import circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    """At a module's top or inside a function; what only a type checker reads is no import."""
    graph = {name: set(imports(name)) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def imports(module: str) -> Iterator[str]:
    """The project's modules that one imports."""
    yield from found(ast.parse(MODULES[module].read_text("utf-8")))


def found(tree: ast.AST) -> Iterator[str]:
    """The project's modules among the imports of a syntax tree."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in MODULES or node.module in MODULES:
                    yield name if name in MODULES else str(node.module)
        yield from found(node)


def test_a_circle_would_be_seen() -> None:
    """Also one inside a function; and not one for the type checker alone."""
    tree = ast.parse(
        "if TYPE_CHECKING:\n    from naslib_edd.errors import UserError\n"
        "def f():\n    from naslib_edd.engine import loop\n    import naslib_edd.device\n"
    )
    assert list(found(tree)) == ["naslib_edd.engine.loop", "naslib_edd.device"]
