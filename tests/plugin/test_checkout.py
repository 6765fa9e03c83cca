"""Finding a checkout, and what doctor says of it. Needs no NASLib."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from naslib_edd.cli.commands import main
from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, compat, diagnosis, standins


def fake(folder: Path, *, marks: int = 4) -> Path:
    """A folder with the first so many files by which a checkout is known."""
    for name in list(checkout._MARKS)[:marks]:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


@pytest.mark.parametrize(
    ("marks", "problem"),
    [
        (0, "there is no naslib/ in it"),
        (1, "it has no Trainer"),
        (2, "older than branch Develop"),
        (3, "older than April 2023"),
    ],
)
def test_what_is_wrong_is_said(
    marks: int,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NASLIB_HOME", str(fake(tmp_path, marks=marks)))
    assert main(["doctor"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "BAD" in line)
    assert problem in line and str(tmp_path) in line and "git clone" in line
    with pytest.raises(UserError, match=problem):
        checkout.require()


def test_a_missing_folder_and_the_package_in_place_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASLIB_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="no such folder; correct NASLIB_HOME"):
        checkout.require()
    monkeypatch.setenv("NASLIB_HOME", str(fake(tmp_path) / "naslib"))
    with pytest.raises(UserError, match=f"export NASLIB_HOME={tmp_path}$"):
        checkout.require()


def test_no_checkout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whoever asks for NASLib's engine reads how to get it, and nothing is written."""
    monkeypatch.delenv("NASLIB_HOME", raising=False)
    monkeypatch.setattr(checkout.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    monkeypatch.setattr(compat, "_loaded", None)
    assert checkout.find() is None
    config = tmp_path / "c.yaml"
    config.write_text(f"dataset: digits\nout_dir: {tmp_path / 'runs'}\n")
    for arguments in (["naslib", "--config-file"], ["search", "--engine", "naslib"]):
        assert main([*arguments, str(config)]) == 2
        error = capsys.readouterr().err
        assert "NASLib is not here" in error and "git clone --branch Develop" in error
        assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()
    (line,) = diagnosis.diagnose()
    assert "built-in engine does without" in line


@pytest.mark.process
def test_the_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASLIB_HOME", str(fake(tmp_path)))
    assert "its commit is unknown" in diagnosis.diagnose(try_import=False)[0]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *name, *command], check=True)
    first = diagnosis.diagnose(try_import=False)[0]
    assert f"tested was {checkout.COMMIT}" in first
    assert f"checkout {checkout.COMMIT}" in first


def test_a_checkout_that_does_not_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake(tmp_path) / "naslib" / "__init__.py").write_text("import no_such_module\n")
    monkeypatch.setenv("NASLIB_HOME", str(tmp_path))
    monkeypatch.setattr(diagnosis, "NEEDED", {})
    last = diagnosis.diagnose()[-1]
    assert last.startswith("BAD it does not import")
    assert "no_such_module" in last and "pip install no_such_module" in last


def test_what_the_trainer_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASLIB_HOME", str(fake(tmp_path)))
    monkeypatch.setattr(diagnosis, "NEEDED", {"no_such_module": "its-package"})
    lines = diagnosis.diagnose()
    assert "BAD it needs what is not installed: pip install its-package" in lines
    assert not any("import" in line for line in lines)


def test_each_stand_in_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASLIB_HOME", str(fake(tmp_path)))
    monkeypatch.setattr(standins, "missing", lambda: ["pyro", "xgboost"])
    lines = diagnosis.diagnose(try_import=False)
    assert any("stand-in for pyro" in line and "pip install pyro-ppl" in line for line in lines)
    assert any("stand-in for xgboost" in line for line in lines)


@pytest.mark.naslib
def test_doctor_on_the_real_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    output = capsys.readouterr().out.split("\nNASLib\n")[1]
    assert "ok  it imports" in output
    assert "BAD" not in output
