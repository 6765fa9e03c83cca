"""Who may know NAS-Bench-201: its own modules, its tables and networks, and NASLib's graph."""

from __future__ import annotations

import ast
from pathlib import Path

import naslib_edd

ROOT = Path(naslib_edd.__file__).parent
#: Rooms and modules that are about NAS-Bench-201, and so may import its constants.
OF_NB201 = (
    "spaces/nb201/",  # itself
    "tables/",  # benchmark tables, all of them of this space
    "plugin/",  # NASLib's graph of it
    "report/inline.py",  # drawings of its cell in pages
    "report/landscape.py",  # the page of its whole table
    "report/page.py",  # the legend of its cells
    "report/panels.py",  # the colours of its operations
    "cli/commands.py",  # the command that draws it
    "cli/table_commands.py",  # what prints such a table
    "__init__.py",  # the networks that have public names
)
NB201 = "naslib_edd.spaces.nb201"


def imported(path: Path) -> set[str]:
    """The modules of NAS-Bench-201 that a file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name for name in names if f"{name}.".startswith(f"{NB201}.")}
    return found


def test_nobody_else() -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in sorted(ROOT.rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith(OF_NB201)
        if (found := imported(path))
    }
    assert not wrong, "these know NAS-Bench-201's constants; a Space's Layout says the same"


def test_the_list_is_needed(tmp_path: Path) -> None:
    for place in OF_NB201:
        path = ROOT / place
        files = path.rglob("*.py") if path.is_dir() else [path]
        assert any(imported(file) for file in files), f"{place} needs no exception"
    file = tmp_path / "x.py"
    file.write_text("def f():\n    from naslib_edd.spaces.nb201.encoding import EDGES\n")
    assert imported(file)
