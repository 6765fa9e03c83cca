"""Which architecture to train: a text, a published name, a number, or a run's folder."""

from __future__ import annotations

import os
from typing import NamedTuple

import yaml

from naslib_edd import spaces
from naslib_edd.errors import UserError
from naslib_edd.spaces import Kept, Space
from naslib_edd.storage.literal import value
from naslib_edd.storage.paths import is_folder, look, path_of
from naslib_edd.storage.record import RunFolder

#: The spaces that a text may be of where none is named, with the form that an error shows.
_GUESSED = ("nasbench201", "darts")


class Found(NamedTuple):
    """An architecture, its space, and where it is from: the text itself, or a run."""

    space: Space
    arch: Kept
    source: str


def find(given: str, *, space: str | None = None) -> Found:
    """The architecture that a user names.

    Args:
        given: a run's folder (of a search that has ended), or any form that the space reads: an
            architecture string, an index, a ``Genotype(…)`` text, a published cell's name.
        space: of the text; None: a run's own, else found by the text's form.

    Raises:
        UserError: there is none; says what is wrong.
    """
    text = given.strip()
    if not text:
        raise UserError("the architecture is an empty text; give one, or a run's folder")
    if not any(mark in text for mark in "|({[,~") and len(text) < 4096:
        folder = _folder(text)
        if folder is not None:
            return _of_run(folder, space)
    chosen = spaces.get(guess(text) if space is None else space)
    return Found(chosen, chosen.parse(_number(text)), "the command line")


def guess(text: str) -> str:
    """The space of an architecture's text, by its form.

    Raises:
        UserError: it has the form of none.
    """
    from naslib_edd.spaces.darts.published import known

    if known(text) is not None or "Genotype" in text or text.startswith("{"):
        return "darts"
    if "|" in text or "~" in text or isinstance(_number(text), int) or text.startswith(("(", "[")):
        return "nasbench201"
    for name in _GUESSED:
        try:
            spaces.get(name).parse(text)
        except UserError:
            continue
        return name
    raise UserError(
        f"{value(text)} is no architecture: give a run's folder, an architecture string or index "
        "of NAS-Bench-201, a Genotype(…) text or a published cell's name (`naslib-edd genotype` "
        "lists them); --space says of which space it is"
    )


def _number(text: str) -> int | str:
    digits = text.removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else text


def _folder(text: str) -> RunFolder | None:
    path = path_of(text, "the run's folder")
    if is_folder(path):
        return RunFolder(path)
    if look(path, "the run's folder") is not None:
        raise UserError(f"{path} is a file; give a run's folder, or the architecture itself")
    if os.sep in text or text in (".", ".."):
        raise UserError(f"there is no run's folder {path}; give that of a search, or a text")
    return None


def _of_run(folder: RunFolder, space: str | None) -> Found:
    found = folder.read_result()
    if found is None:
        raise UserError(
            f"{folder.path} has no result.json: it is no search's folder, or the search has not "
            "ended; go on with it, or give an architecture"
        )
    result = found[0]
    text = result.get("arch_str")
    if not isinstance(text, str):
        raise UserError(f"{folder.result} names no architecture (arch_str)")
    if space is None:
        config = yaml.safe_load(folder.read_config()[0])
        space = str(config.get("search_space") if isinstance(config, dict) else None)
    chosen = spaces.get(space)
    return Found(chosen, chosen.parse(text), str(folder.path))
