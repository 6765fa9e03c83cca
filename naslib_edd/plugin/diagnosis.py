"""What ``naslib-edd doctor`` says of NASLib: the checkout, the stand-ins, whether it imports."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, standins

#: What NASLib's Trainer needs and the plugin does not stand in for: module → what to install.
NEEDED = {"fvcore": "fvcore", "networkx": "networkx", "yacs": "yacs", "termcolor": "termcolor"}
_IMPORT = "from naslib_edd.plugin import compat; compat.load()"


def diagnose(*, try_import: bool = True) -> list[str]:
    """Lines for people: what is there, what is wrong with it, what to do.

    Args:
        try_import: import NASLib in another process to see whether it works; takes seconds.
    """
    try:
        found = checkout.find()
    except UserError as error:
        return [f"BAD {error}"]
    if found is None:
        return [f"–   not here; the built-in engine does without. To {checkout.HOW_TO_GET}"]
    if found.problem is not None:
        return [f"BAD {found.path}: {found.problem}; {found.advice}"]
    lines = [f"ok  {found.path}{_version(found)}"]
    absent = [package for module, package in NEEDED.items() if not _there(module)]
    if absent:
        lines.append(f"BAD it needs what is not installed: pip install {' '.join(absent)}")
    for name in standins.missing():
        purpose, package = standins.PURPOSES[name]
        lines.append(
            f"–   stand-in for {name} ({purpose}); for the real one: pip install {package}"
        )
    if try_import and not absent:
        lines.append(_try())
    return lines


def _version(found: checkout.Checkout) -> str:
    commit = checkout.commit(found.path)
    if commit is None:
        return ": no git, so its commit is unknown"
    if commit == checkout.COMMIT:
        return f": commit {commit}, the tested one"
    advice = f"git -C {found.path} checkout {checkout.COMMIT}"
    return f": commit {commit}; tested was {checkout.COMMIT} ({advice})"


def _try() -> str:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"BAD it could not be tried: {error}"
    if done.returncode == 0:
        return "ok  it imports"
    said = done.stderr.strip().splitlines() or ["it gave no reason"]
    return f"BAD it does not import: {said[-1].removeprefix('naslib_edd.errors.UserError: ')}"


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
