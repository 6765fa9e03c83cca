"""Stand-ins: given only for what is missing, clear when they are used, gone afterwards."""

from __future__ import annotations

import collections
import importlib
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from naslib_edd.errors import UserError
from naslib_edd.plugin import compat, standins

MODULE = "naslib_edd_absent"


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that is not installed and may be stood in for."""
    monkeypatch.setitem(standins.PURPOSES, MODULE, ("a test", "absent-package"))
    standins.install()
    yield MODULE
    standins.remove()
    standins._finder.given.discard(MODULE)


def test_what_naslib_does_with_a_stand_in_works(absent: str) -> None:
    module = importlib.import_module(f"{absent}.some.part")
    thing, other = module.Thing, module.function

    class Child(thing):  # type: ignore[misc, valid-type]
        value = other.nested

    assert issubclass(Child, thing)
    assert absent in standins.given()


def test_who_uses_one_reads_what_to_install(absent: str) -> None:
    module = importlib.import_module(absent)
    for use in (lambda: module.Thing(), lambda: module.part.function(1, x=2)):
        with pytest.raises(UserError, match=r"a test\), .*pip install absent-package"):
            use()


def test_installed_modules_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(standins.PURPOSES, "json", ("a test", "json"))
    standins.install()
    try:
        assert importlib.import_module("json").loads("1") == 1
        with pytest.raises(ImportError):
            importlib.import_module("json.no_such_part")
    finally:
        standins.remove()


def test_nothing_is_left_behind(absent: str) -> None:
    importlib.import_module(absent)
    standins.remove()
    assert absent not in sys.modules
    with pytest.raises(ImportError):
        importlib.import_module(absent)


def test_other_missing_modules_stay_missing() -> None:
    standins.install()
    try:
        with pytest.raises(ImportError):
            importlib.import_module("naslib_edd_nobody_knows")
    finally:
        standins.remove()


def test_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(collections, "Iterable", raising=False)
    compat.aliases()
    assert collections.Iterable is collections.abc.Iterable  # type: ignore[attr-defined]


@pytest.mark.process
def test_importing_the_plugin_changes_nothing() -> None:
    script = (
        "import sys, collections; before = list(sys.meta_path);"
        "import naslib_edd.plugin, naslib_edd.plugin.compat, naslib_edd.plugin.checkout;"
        "assert sys.meta_path == before and not hasattr(collections, 'Iterable');"
        "found = {'torch', 'naslib', 'numpy'} & set(sys.modules);"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.naslib
def test_naslib_holds_no_stand_in_for_what_is_there(naslib: SimpleNamespace) -> None:
    given = set(standins.given())
    assert given <= set(standins.PURPOSES)
    assert {"sklearn", "scipy", "torch", "numpy", "networkx"}.isdisjoint(given)
    # Whatever is installed is the real thing, also after NASLib was imported.
    for name in given - {"turtle"}:
        with pytest.raises(ImportError):
            importlib.import_module(name)


@pytest.mark.naslib
def test_naslibs_modules_are_its_own(naslib: SimpleNamespace) -> None:
    assert compat.load() is naslib
    assert naslib.trainer.Trainer.__module__ == "naslib.defaults.trainer"
