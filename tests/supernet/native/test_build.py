"""Building the kernels: kept for the next process, and whatever fails leaves PyTorch's path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from naslib_edd.errors import UserError
from naslib_edd.supernet.native import build, cache, choice
from naslib_edd.supernet.native.kernels import SYMBOLS
from naslib_edd.supernet.native.taken import taking
from naslib_edd.supernet.native.targets import Target, target


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library with all names, made in no time: only the source's last lines, emptied."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    folder = tmp_path_factory.mktemp("made")
    names = list(SYMBOLS.values())
    source = folder / "empty.c"
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in names), encoding="utf-8")
    library = folder / "empty.so"
    subprocess.run(
        ["g++", "-x", "c", "-shared", "-fPIC", str(source), "-o", str(library)], check=True
    )
    return library.read_bytes()


@pytest.fixture(autouse=True)
def anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(choice.VARIABLE, "1")  # on any processor
    build.forget()
    yield
    build.forget()


@pytest.fixture
def quick(made: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Building takes no time; the list grows with each."""
    built: list[str] = []

    def compiled(of: Target) -> bytes:
        built.append(of.name)
        return made

    monkeypatch.setattr(build, "compiled", compiled)
    return built


def there(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "naslib_edd").glob("*"))


@pytest.mark.process
def test_built_once_and_kept(tmp_path: Path, quick: list[str]) -> None:
    assert choice.kernels() is not None
    library, checksum = there(tmp_path)
    assert library.suffix == ".so" and checksum == cache.beside(library)
    assert [path.stat().st_mode & 0o777 for path in there(tmp_path)] == [0o600, 0o600]
    assert library.parent.stat().st_mode & 0o777 == 0o700
    build.forget()
    assert choice.kernels() is not None
    assert len(quick) == 1


def test_another_source_is_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.key(target()) if shutil.which("g++") else pytest.skip("no g++")
    source = tmp_path / "kernels.cpp"
    source.write_text(build.SOURCE.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", source)
    build.forget()
    assert build.key(target()) != first


def damages(content: bytes) -> list[bytes]:
    """Lengths and flips of a library, and files that are none."""
    random = Random(0)
    lengths = [0, 1, 63, 64, 4096, len(content) // 2, len(content) - 4096, len(content) - 1]
    flipped = []
    for _ in range(40):
        changed = bytearray(content)
        for _ in range(random.choice([1, 1, 1, 50, 5000])):
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        flipped.append(bytes(changed))
    return [content[:length] for length in lengths] + flipped + [b"garbage", content + b"\0"]


@pytest.mark.process
def test_nothing_damaged_is_loaded(
    tmp_path: Path, quick: list[str], made: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert choice.kernels() is not None
    library, checksum = there(tmp_path)
    damaged = damages(made)
    for number, content in enumerate(damaged, start=1):
        library.write_bytes(content)
        build.forget()
        caplog.clear()
        assert choice.kernels() is not None
        assert len(quick) == 1 + number  # built anew
        assert len(caplog.records) == 1 and "\n" not in caplog.text.strip()
        assert library.read_bytes() == made
        assert cache.read(library) == made
    for text in (b"", b"garbage", checksum.read_bytes()[:10], b"0" * 64):
        checksum.write_bytes(text)
        build.forget()
        assert choice.kernels() is not None
        assert cache.read(library) == made
    checksum.unlink()
    build.forget()
    assert choice.kernels() is not None
    assert len(quick) == 1 + len(damaged) + 5


@pytest.mark.process
def test_a_sealed_library_without_our_functions(
    tmp_path: Path, quick: list[str], made: bytes
) -> None:
    assert choice.kernels() is not None
    library, _ = there(tmp_path)
    for content in (b"garbage", made.replace(b"gradient_f32", b"gradient_f33")):
        cache.keep(library, content)
        build.forget()
        assert choice.kernels() is not None
        assert library.read_bytes() == made
    assert len(quick) == 3


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no owners of folders here")
@pytest.mark.parametrize("what", ["folder", "library", "checksum"])
def test_another_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: list[str], what: str
) -> None:
    assert choice.kernels() is not None
    library, checksum = there(tmp_path)
    path = {"folder": library.parent, "library": library, "checksum": checksum}[what]
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, 12345, -1)
    build.forget()
    assert choice.kernels() is None
    assert build.why_not() == f"{path} is another user's"


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no modes here")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707, 0o755])
@pytest.mark.parametrize("what", ["folder", "library", "checksum"])
def test_open_to_others(tmp_path: Path, quick: list[str], what: str, mode: int) -> None:
    assert choice.kernels() is not None
    library, checksum = there(tmp_path)
    path = {"folder": library.parent, "library": library, "checksum": checksum}[what]
    path.chmod(mode)
    build.forget()
    assert choice.kernels() is None
    assert f"open to other users (mode {mode:04o})" in build.why_not()


def test_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a container: no HOME, and no entry in the user database."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        folder = cache.folder()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert choice.kernels() is None
    assert build.why_not() == "no C++ compiler"
    assert there(tmp_path) == []


def test_a_source_that_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "kernels.cpp"
    source.write_text("nonsense", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", source)
    monkeypatch.setattr(build, "OTHERS", ())  # which would only take time
    assert choice.kernels() is None
    assert build.why_not()
    assert there(tmp_path) == []  # nothing half-written


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    assert choice.kernels() is None


@pytest.mark.process
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: list[str]) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert choice.kernels() is None
    assert "No space left" in build.why_not()
    assert there(tmp_path) == []


def test_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, "0")
    assert choice.kernels() is None
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("value", ["garbage", "2", "on", "true", "x" * 5000])
def test_a_value_that_says_nothing(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(choice.VARIABLE, value)
    with pytest.raises(UserError, match=r"neither 0 .* nor 1") as caught:
        choice.kernels()
    assert len(str(caught.value)) < 200


@pytest.mark.process
@pytest.mark.slow
def test_one_openmp_runtime(tmp_path: Path) -> None:
    """A second one would have a pool of threads of its own, that fights with PyTorch's."""
    if choice.kernels() is None or sys.platform != "linux":
        pytest.skip("no kernels here, or not Linux")
    library, _ = there(tmp_path)
    tool = shutil.which("readelf")
    if tool is None:
        pytest.skip("no readelf")
    told = subprocess.run([tool, "-d", str(library)], capture_output=True, text=True, check=True)
    assert "gomp" not in told.stdout and "omp5" not in told.stdout


@pytest.mark.process
def test_what_is_taken_ends_with_its_block(
    monkeypatch: pytest.MonkeyPatch, quick: list[str]
) -> None:
    monkeypatch.delenv(choice.VARIABLE)
    usual = choice.kernels()
    with taking(False):
        assert choice.kernels() is None
        with taking(True):
            assert choice.kernels() is not None
        assert choice.kernels() is None
    assert choice.kernels() is usual
    monkeypatch.setenv(choice.VARIABLE, "1")  # over any setting
    with taking(False):
        assert choice.kernels() is not None
