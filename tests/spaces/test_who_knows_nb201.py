"""Who may know NAS-Bench-201: its own modules, its tables and networks, and NASLib's graph."""

from __future__ import annotations

import ast
from pathlib import Path

import naslib_edd

ROOT = Path(naslib_edd.__file__).parent
#: Rooms and modules that are about NAS-Bench-201, and so may import its constants.
OF_NB201 = (
    "spaces/",  # its encoding, costs and forms
    "supernet/",  # its networks
    "standalone/",  # the builder of the table on digits
    "tabular/",  # benchmark tables, all of them of this space
    "lookup.py",  # the query of such a table
    "plugin/",  # NASLib's graph of it
    "report/cell.py",  # the drawings of its cell: in figures,
    "report/inline.py",  # and in pages
    "report/landscape.py",  # the page of its whole table
)
MODULES = ("nb201", "nb201_cost", "nb201_forms", "nb201_space", "collapse")


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
        found |= {name for name in names for m in MODULES if f"spaces.{m}" in name}
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
