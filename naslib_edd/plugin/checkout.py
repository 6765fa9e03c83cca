"""Where NASLib is: a checkout named by NASLIB_HOME, or whatever ``import naslib`` finds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from naslib_edd.errors import UserError
from naslib_edd.storage.paths import is_file, is_folder, path_of

VARIABLE = "NASLIB_HOME"
#: The newest commit of NASLib's branch Develop, and the one that the plugin was tested with.
COMMIT = "0b51bc18"
HOW_TO_GET = (
    "get it with: git clone --branch Develop https://github.com/automl/NASLib && "
    f"export {VARIABLE}=$PWD/NASLib"
)
#: Files by which a checkout of Develop is known, and what their absence means.
_MARKS = {
    "naslib/__init__.py": "there is no naslib/ in it",
    "naslib/defaults/trainer.py": "it has no Trainer; it is not a whole checkout",
    "naslib/search_spaces/nasbench201/conversions.py": "it is older than branch Develop",
    "naslib/utils/pytorch_helper.py": "it is older than April 2023, or not branch Develop",
}


class Checkout(NamedTuple):
    """A NASLib: its folder (that holds ``naslib/``), and what is wrong with it, if anything."""

    path: Path
    problem: str | None
    advice: str | None


def find() -> Checkout | None:
    """The checkout that NASLIB_HOME names or that can be imported; None if there is neither."""
    home = os.environ.get(VARIABLE)
    if home:
        return check(path_of(home, VARIABLE))
    spec = importlib.util.find_spec("naslib")
    if spec is None or not spec.submodule_search_locations:
        return None
    return check(Path(next(iter(spec.submodule_search_locations))).parent)


def check(path: Path) -> Checkout:
    """Look at a folder that should be a checkout. Nothing of it is imported."""
    if not is_folder(path, VARIABLE):
        return Checkout(path, "there is no such folder", f"correct {VARIABLE}, or {HOW_TO_GET}")
    if path.name == "naslib" and is_file(path / "__init__.py", VARIABLE):
        advice = f"name the folder above it: export {VARIABLE}={path.parent}"
        return Checkout(path, "this is the package, not the checkout", advice)
    for mark, problem in _MARKS.items():
        if not is_file(path / mark, VARIABLE):
            return Checkout(path, problem, HOW_TO_GET)
    return Checkout(path, None, None)


def require() -> Path:
    """The folder of a whole checkout.

    Raises:
        UserError: there is none, or it is not what it should be.
    """
    found = find()
    if found is None:
        raise UserError(f"NASLib is not here: {HOW_TO_GET}")
    if found.problem is not None:
        raise UserError(f"NASLib at {found.path}: {found.problem}; {found.advice}")
    return found.path


def commit(path: Path) -> str | None:
    """The commit of a checkout, 8 digits; None where git cannot tell."""
    command = ["git", "-C", str(path), "rev-parse", "--short=8", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def put_on_path(path: Path) -> None:
    """Make ``import naslib`` find this checkout."""
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))
