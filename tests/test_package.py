"""The package as a whole: public names, what importing costs, what the README promises."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import naslib_edd

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_there() -> None:
    for name in naslib_edd.__all__:
        assert getattr(naslib_edd, name) is not None
    assert callable(naslib_edd.search)
    assert callable(naslib_edd.query)
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        naslib_edd.serach  # noqa: B018


@pytest.mark.process
def test_names_stay_callable_after_their_modules_are_imported() -> None:
    script = (
        "import naslib_edd.cli.commands, naslib_edd.tables.query, naslib_edd.engine.loop;"
        "import naslib_edd.cli.table_commands;"
        "import naslib_edd; assert callable(naslib_edd.query) and callable(naslib_edd.search)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.process
def test_importing_the_package_loads_nothing_heavy() -> None:
    script = (
        "import sys, naslib_edd, naslib_edd.cli.commands;"
        "heavy = {'torch', 'numpy', 'scipy', 'matplotlib', 'sklearn', 'rich'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.process
@pytest.mark.parametrize("part", ["relaxation", "temperature", "selection"])
def test_the_parts_know_no_host(part: str) -> None:
    script = (
        f"import sys, naslib_edd.{part};"
        "hosts = ('naslib_edd.supernet', 'naslib_edd.spaces.nb201',"
        "         'naslib_edd.engine', 'naslib_edd.plugin', 'naslib');"
        "found = [name for name in sys.modules if name in hosts];"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_version_is_one() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["version"] == naslib_edd.__version__


def test_the_readme_names_what_there_is() -> None:
    """Links lead somewhere, environment variables are read, every method is named."""
    from naslib_edd.config.methods import METHODS

    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)
    text = "".join(page.read_text("utf-8") for page in pages)
    source = "".join(path.read_text() for path in (ROOT / "naslib_edd").rglob("*.py"))
    for variable in re.findall(r"`(NASLIB_EDD_[A-Z0-9]+)`", text):
        assert variable in source, variable
    for method in METHODS:
        assert f"`{method}`" in text, method


def test_the_readmes_results_are_the_committed_ones() -> None:
    """The tables in the documents are the files that were made from records, to the letter."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "".join(page.read_text("utf-8") for page in pages)
    blocks = re.findall(r"<!-- from (\S+) -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert blocks
    for path, block in blocks:
        assert block.strip() == (ROOT / path).read_text().strip(), path
