"""Paths that users name: each odd one is refused in one line, wherever it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from naslib_edd.cli.commands import main
from naslib_edd.errors import UserError
from naslib_edd.storage.paths import folder_name, is_file, is_folder, path_of, read_text

ODD = {
    "zero": "a\0b",
    "surrogate": "a\ud800b",
    "long name": "x" * 5000,
    "megabyte": "x" * 1_000_000,
    "long path": "x/" * 4000,
    "nobody": "~nobody-has-this-name/x",
    "escapes": "\x1b[31m[red]x[/blue]\n",
    "blank": " ",
}
SETTINGS = ("out_dir", "table", "data", "search.split_file", "name")
VARIABLES = (
    "NASLIB_EDD_TABLE",
    "NASLIB_EDD_DATA",
    "NASLIB_EDD_CIFAR10",
    "NASLIB_EDD_SPLIT",
    "NASLIB_HOME",
)
#: A small search that gets as far as its data; `search.split` has the split file looked for.
SMALL = ["search.epochs=1", "search.limit_train=32", "search.limit_val=32", "search.channels=2",
         "search.cells=1", "search.split=file", "threads=1", "search.batch_size=16"]  # fmt: skip


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    line = capsys.readouterr().err
    assert line.startswith("naslib-edd: ") and line.count("\n") == 1
    assert line.rstrip("\n").isprintable() and len(line) < 2100
    return line


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize(
    "command",
    [
        lambda odd: ["query", "1", "--table", odd],
        lambda odd: ["table", "info", odd],
        lambda odd: ["table", "convert", odd, "x.npz"],
        lambda odd: ["table", "convert", "digits", f"/no/such\0{odd}"],
        lambda odd: ["report", odd, "--out", "out"],
        lambda odd: ["report", "runs", "--out", odd],
        lambda odd: ["figure", "3", "--out", odd],
        lambda odd: ["figure", "4A", odd, "--out", "x.png"],
        lambda odd: ["search", odd],
        lambda odd: ["naslib", "--config-file", odd],
    ],
    ids=["query", "info", "source", "target", "report", "out", "figure", "of runs", "search",
         "naslib"],
)  # fmt: skip
def test_every_command_refuses_odd_paths(
    odd: str,
    command: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(odd)) == 2
    one_line(capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.search
@pytest.mark.parametrize("odd", ["zero", "surrogate", "megabyte", "nobody"])
@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_refuses_odd_paths(
    odd: str,
    key: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").touch()
    assert main(["search", "c.yaml", "--no-figures", *SMALL, f"{key}={ODD[odd]}"]) == 2
    one_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("value", ["x" * 5000, "~nobody-has-this-name", "/dev/null/x", "/dev/zero"])
def test_doctor_bears_odd_variables(
    variable: str,
    value: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("naslib_edd.plugin.diagnosis._try", lambda: "not tried")
    assert main(["doctor"]) in (0, 1)
    assert max(map(len, capsys.readouterr().out.splitlines())) < 2000


@pytest.mark.search
@pytest.mark.parametrize("name", ["../../x", "/abs/x", "..", ".", "a/b", "a\\b", " ", "x" * 250,
                                  "a\nb", "\x1b[31m"])  # fmt: skip
def test_a_run_s_name_stays_inside_its_folder(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for key in ("name", "dataset"):
        with pytest.raises(UserError, match=f"^{key} = "):
            folder_name(name, key)
        (tmp_path / "c.yaml").touch()
        assert main(["search", "c.yaml", f"{key}={name}"]) == 2
        assert one_line(capsys).startswith(f"naslib-edd: {key} = ")
    assert folder_name("name of (mine)-1.é$", "name") == "name of (mine)-1.é$"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert path_of("~/x") == tmp_path / "x" and path_of("~") == tmp_path
    assert path_of("a/~") == Path("a/~")


def test_pipes_and_devices_are_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        for command in (["query", "1", "--table"], ["table", "info"], ["search"]):
            assert main([*command, str(path)]) == 2
            one_line(capsys)
    assert not is_file(tmp_path / "pipe") and not is_folder(tmp_path / "pipe")
    with pytest.raises(UserError, match="no UTF-8 text"):
        (tmp_path / "x").write_bytes(b"\xff")
        read_text(tmp_path / "x", "file", most=10)
    assert read_text(tmp_path / "none", "file", most=10) is None


def test_a_circle_of_links_and_a_forbidden_folder(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "a")
    with pytest.raises(UserError, match="cannot look at the path"):
        is_file(tmp_path / "a")
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0)
    try:
        if os.access(shut, os.R_OK):
            pytest.skip("this user may enter anything")
        with pytest.raises(UserError, match="Permission denied"):
            is_file(shut / "x")
    finally:
        shut.chmod(0o700)


@pytest.mark.process
def test_a_user_without_a_home() -> None:
    """HOME is not set and the user has no passwd entry, as in containers."""
    code = (
        "import os, pwd\n"
        "os.environ.pop('HOME', None); os.environ.pop('XDG_CACHE_HOME', None)\n"
        "def none(*_): raise KeyError\n"
        "pwd.getpwuid = pwd.getpwnam = none\n"
        "from naslib_edd.cli.commands import main\n"
        "assert main(['query', '1', '--table', '~/x']) == 2\n"
        "assert main(['query', '1', '--table', 'digits']) == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no home folder is known" in done.stderr and done.stderr.count("\n") == 1
