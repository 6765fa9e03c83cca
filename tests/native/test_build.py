"""Building the kernels: kept for the next process, and whatever fails leaves PyTorch's path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from naslib_edd.native import build, choice


@pytest.fixture(autouse=True)
def anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(choice.VARIABLE, "1")  # on any processor
    build.forget()
    yield
    build.forget()


def libraries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "naslib_edd").glob("*"))


def test_built_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if choice.kernels() is None:
        pytest.skip("the kernels could not be built here: no C++ compiler")
    (library,) = libraries(tmp_path)
    assert library.suffix == ".so"

    def no_building(_: Path) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(build, "_build", no_building)
    build.forget()
    assert choice.kernels() is not None


def test_another_source_is_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build._key() if shutil.which("g++") else pytest.skip("no g++")
    source = tmp_path / "kernels.cpp"
    source.write_text(build.SOURCE.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", source)
    assert build._key() != first


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no owners of folders here")
def test_another_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache" / "naslib_edd"
    folder.mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        own = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert choice.kernels() is None
    assert libraries(tmp_path) == []


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert choice.kernels() is None
    assert libraries(tmp_path) == []


def test_a_source_that_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "kernels.cpp"
    source.write_text("nonsense", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", source)
    assert choice.kernels() is None
    assert libraries(tmp_path) == []  # nothing half-written


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    assert choice.kernels() is None


def test_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, "0")
    assert choice.kernels() is None
    assert not (tmp_path / "cache").exists()


def test_one_openmp_runtime(tmp_path: Path) -> None:
    """A second one would have a pool of threads of its own, that fights with PyTorch's."""
    if choice.kernels() is None or sys.platform != "linux":
        pytest.skip("no kernels here, or not Linux")
    (library,) = libraries(tmp_path)
    tool = shutil.which("readelf")
    if tool is None:
        pytest.skip("no readelf")
    told = subprocess.run([tool, "-d", str(library)], capture_output=True, text=True, check=True)
    assert "gomp" not in told.stdout and "omp5" not in told.stdout


@pytest.mark.parametrize("capability", ["DEFAULT", "AVX2", "NO AVX"])
def test_off_where_registers_are_short(capability: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(choice.VARIABLE)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert choice.kernels() is None
