"""The site of docs/: its made pages hold all there is, its links lead somewhere, and it builds."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import naslib_edd
from naslib_edd.config.methods import METHODS
from naslib_edd.config.settings import Config, SearchSettings
from naslib_edd.storage.record_fields import RESULT, ROW

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_made_pages_hold_all_there_is(hooks: ModuleType) -> None:
    methods, settings, record = hooks.methods(), hooks.settings(), hooks.record()
    assert all(f"`{name}`" in methods for name in METHODS)
    for section, prefix in ((Config, ""), (SearchSettings, "search.")):
        names = {item.name for item in dataclasses.fields(section)} - {"search", "evaluation"}
        assert all(f"`{prefix}{name}`" in settings for name in names)
    assert all(f"`{name}`" in record for name in (*ROW, *RESULT))


def test_a_row_of_a_made_table_has_as_many_cells_as_its_head(hooks: ModuleType) -> None:
    """A bar inside a cell is escaped."""
    for text in (hooks.settings(), hooks.record()):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_every_public_name_is_on_the_api_page() -> None:
    listed = re.findall(r"^::: naslib_edd\.(\w+)$", (ROOT / "docs/api.md").read_text(), re.M)
    assert sorted(listed) == sorted(naslib_edd.__all__)


def test_every_page_is_in_the_menu() -> None:
    menu = re.findall(r"[\w]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2])
    made = {"index.md", "contributing.md", "changelog.md", "methods.md", "settings.md", "record.md"}
    assert set(menu) == made | {page.name for page in PAGES}


@pytest.mark.parametrize("page", [*TEXTS, *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    made = {"methods.md", "settings.md", "record.md"}
    for target in LINK.findall(page.read_text("utf-8")):
        path = target.partition("#")[0]
        if path and not path.startswith(("http", "mailto:")) and Path(path).name not in made:
            assert (page.parent / path).exists(), target


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


def test_the_workflow_names_the_versions_that_the_package_does() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    versions = workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.cfg").read_text("utf-8"))
    assert versions == classifiers


@pytest.mark.process
def test_the_site_builds_offline_without_a_warning(tmp_path: Path) -> None:
    for module in ("material", "mkdocs", "mkdocstrings"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install -c constraints.txt '.[docs]'")
    line = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "s")]
    nowhere = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}
    done = subprocess.run(
        line,
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    site = tmp_path / "s"
    assert "register_method" in (site / "api" / "index.html").read_text("utf-8")
    for html in site.rglob("*.html"):  # nothing that a reader's browser would fetch elsewhere
        assert not re.search(r"<(script|img)[^>]*src=\"?https?:", html.read_text("utf-8"))
        assert not re.search(r"<link[^>]*stylesheet[^>]*https?:", html.read_text("utf-8"))
