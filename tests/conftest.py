"""What every test shares: one thread, no display, the markers' skips, the paths of real data."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports torch, NumPy or matplotlib: test modules are imported after this file.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

# A slow machine is not a failure; the rest stays as hypothesis chose it (it has a profile for CI).
settings.register_profile("naslib_edd", deadline=None)
settings.load_profile("naslib_edd")

#: Fixture with a path of real data -> the environment variable that names the path.
REAL_DATA = {"real_table": "NASLIB_EDD_TABLE", "real_cifar10": "NASLIB_EDD_CIFAR10"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="run the tests marked slow, too")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    run_slow = config.getoption("--run-slow")
    for item in items:
        variables = _data_variables(item)
        if variables:
            item.add_marker("data")  # so that -m data finds what asked for a fixture only
        missing = [name for name in variables if not os.environ.get(name)]
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"{' and '.join(missing)} not set"))
        if item.get_closest_marker("slow"):
            if not run_slow:
                item.add_marker(pytest.mark.skip(reason="slow: runs with --run-slow"))
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(1800))
        if item.get_closest_marker("gpu") and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
        if item.get_closest_marker("naslib") and not _has_naslib():
            item.add_marker(pytest.mark.skip(reason="NASLIB_HOME not set and naslib not installed"))


def _data_variables(item: pytest.Item) -> list[str]:
    """The environment variables a test needs: named by its mark or implied by its fixtures.

    A bare ``@pytest.mark.data`` on a test without these fixtures stands for all of them.
    """
    marks = list(item.iter_markers("data"))
    fixtures = getattr(item, "fixturenames", ())
    names = [name for mark in marks for name in mark.args]
    names += [variable for fixture, variable in REAL_DATA.items() if fixture in fixtures]
    if marks and not names:
        names = list(REAL_DATA.values())
    return sorted(set(names))


@cache
def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@cache
def _has_naslib() -> bool:
    return bool(os.environ.get("NASLIB_HOME")) or importlib.util.find_spec("naslib") is not None


def _path(fixture: str) -> Path:
    variable = REAL_DATA[fixture]
    path = Path(os.environ[variable])
    # A wrong path is a mistake, not a reason to skip.
    assert path.exists(), f"{variable}: there is no {path}"
    return path


@pytest.fixture(scope="session")
def real_table() -> Path:
    """The path of a real NAS-Bench-201 table, in any format that the package opens."""
    return _path("real_table")


@pytest.fixture(scope="session")
def real_cifar10() -> Path:
    """The path of the real CIFAR-10, in any format that the package opens."""
    return _path("real_cifar10")
