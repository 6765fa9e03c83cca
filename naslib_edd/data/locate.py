"""Where the image sets and NAS-Bench-201's split files are: arguments, then the environment.

Nothing here reads an image, and nothing here needs PyTorch.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from naslib_edd.data.datasets import DATASETS, Info
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.paths import is_file, is_folder, path_of, readable

DATA_VARIABLE = "NASLIB_EDD_DATA"
SPLIT_VARIABLE = "NASLIB_EDD_SPLIT"
BUILT_IN = "scikit-learn"

# A set's folder by its official name (the archive's, or NAS-Bench-201's), and a file in it by
# which the layout is known.
LAYOUTS: dict[str, tuple[tuple[str, ...], str]] = {
    "cifar10": (("cifar-10-batches-py",), "data_batch_1"),
    "cifar100": (("cifar-100-python",), "train"),
    "svhn": (("svhn", "SVHN"), "train_32x32.mat"),
    "ImageNet16-120": (("ImageNet16", "ImageNet16-120"), "train_data_batch_1"),
}
# What the name of an .npz must contain where several sets could be meant.
_NPZ_NAMES = {
    "cifar10": re.compile(r"cifar[-_]?10(?!\d)", re.IGNORECASE),
    "cifar100": re.compile(r"cifar[-_]?100(?!\d)", re.IGNORECASE),
    "svhn": re.compile(r"svhn", re.IGNORECASE),
    "ImageNet16-120": re.compile(r"imagenet[-_]?16", re.IGNORECASE),
}


class Found(NamedTuple):
    """A line of :func:`describe`: a set's name, its place if it was found, and what to do."""

    name: str
    path: str | None
    advice: str


def inside(info: Info, path: Path, *, named: bool) -> tuple[Path | None, str]:
    """The set at ``path``: an official folder, a folder that holds one, or an ``.npz``.

    Args:
        info: the set.
        path: a file or a folder.
        named: whether the user named this path for this very set. If so any ``.npz`` will do;
            if not, its name must tell which set it is.

    Returns:
        The ``.npz`` or the official folder, or None; and what was looked at, in words.

    Raises:
        UserError: several ``.npz`` files of the folder could be meant.
    """
    what = f"the data of {info.name} at"
    path = path_of(path, f"the path of {info.name}")
    if not readable(path, what):
        return None, f"{path} (not there)"
    if is_file(path):
        if path.suffix.lower() != ".npz":
            return None, f"{path} (not an .npz; unpack an archive, then name its folder)"
        if named or _NPZ_NAMES[info.name].search(path.stem):
            return path, str(path)
        return None, f"{path} (its file name does not say that it is {info.name})"
    folders, mark = LAYOUTS[info.name]
    for folder in (path, *(path / name for name in folders)):
        if is_file(folder / mark, what):
            return folder, str(folder)
    match = _NPZ_NAMES[info.name]
    stored = sorted(file for file in path.glob("*.npz") if match.search(file.stem))
    exact = [file for file in stored if file.stem.lower() == info.name.lower()]
    if len(stored) > 1 and not exact:
        names = ", ".join(file.name for file in stored)
        raise UserError(
            f"{path} holds several files that could be {info.name} ({names}); name one of them"
        )
    if stored:
        return (exact or stored)[0], str((exact or stored)[0])
    return None, f"{path} (holds neither {folders[0]}/ nor an .npz named for {info.name})"


def find(info: Info, path: str | None) -> Path:
    """Where the set is: at ``path`` if given, else at its own variable's place, else the common.

    A place that was named but does not hold the set is an error: another copy of the data,
    found further on, might not be the one that was meant.

    Raises:
        DataMissing: it is not there; the message lists the places and says what to do.
    """
    places: list[str] = []
    if path:
        found, looked = inside(info, path_of(path, "the data path"), named=True)
        places.append(f"the path given: {looked}")
        if found is not None:
            return found
        raise missing(info, places)
    for variable in (info.variable, DATA_VARIABLE):
        assert variable is not None  # digits, the only set without one, are never looked up
        value = os.environ.get(variable)
        if not value:
            places.append(f"{variable} (not set)")
            continue
        found, looked = inside(info, path_of(value, variable), named=variable == info.variable)
        places.append(f"{variable}: {looked}")
        if found is not None:
            return found
        if variable == info.variable:
            break
    raise missing(info, places)


def missing(info: Info, places: list[str]) -> DataMissing:
    """The error for a set that is in none of the places."""
    return DataMissing(
        f"{info.name} was not found; looked at {'; '.join(places)}. {advice(info)[:1].upper()}"
        f"{advice(info)[1:]}"
    )


def advice(info: Info) -> str:
    """What to do to have this set, as a phrase."""
    if info.variable is None:
        return "install scikit-learn, which ships it"
    what = {
        "cifar10": "unpack cifar-10-python.tar.gz",
        "cifar100": "unpack cifar-100-python.tar.gz",
        "svhn": "get train_32x32.mat and test_32x32.mat",
        "ImageNet16-120": "get ImageNet16's train_data_batch_1 .. 10 and val_data",
    }[info.name]
    fetch = "" if info.name == "ImageNet16-120" else ", or let torchvision download it"
    return (
        f"{what} (or make an .npz of x_train, y_train, x_test, y_test) and point the data path, "
        f"{info.variable} or {DATA_VARIABLE} to it{fetch}"
    )


def describe() -> list[Found]:
    """For each set: its name, where it was found (None if it was not), and what to do."""
    lines = []
    for info in DATASETS.values():
        if info.variable is None:
            have = _importable("sklearn")
            lines.append(
                Found(info.name, BUILT_IN if have else None, "nothing" if have else advice(info))
            )
            continue
        try:
            lines.append(Found(info.name, str(find(info, None)), "nothing"))
        except DataMissing:
            lines.append(Found(info.name, None, advice(info)))
        except UserError as error:
            lines.append(Found(info.name, None, str(error)))
    return lines


def _importable(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def find_split(info: Info, argument: str | None, source: str) -> Path:
    """The split file: the one given, else ``NASLIB_EDD_SPLIT``'s, else by its published name.

    ``argument`` and the variable may name a file, or a folder that holds files under
    NAS-Bench-201's names. Without either, the file is sought under that name beside the data.

    Raises:
        UserError: it is not there; no other split is put in its place.
    """
    value = argument or os.environ.get(SPLIT_VARIABLE)
    told = "the split file given" if argument else SPLIT_VARIABLE
    places = [f"{told}: {value}" if value else f"{SPLIT_VARIABLE} (not set)"]
    if value:
        path = path_of(value, told)
        if readable(path, told) and is_file(path, told):
            return path
        candidates = [path / info.split_file] if info.split_file else []
    elif info.split_file:
        where = Path(source)
        common = os.environ.get(DATA_VARIABLE)
        folders = [where, where.parent]
        if common:
            folders.append(path_of(common, DATA_VARIABLE))
        folders = [folder for folder in folders if is_folder(folder)]
        candidates = [folder / info.split_file for folder in dict.fromkeys(folders)]
    else:
        candidates = []
    for candidate in candidates:
        if is_file(candidate, "the split file"):
            return candidate
        places.append(f"{candidate} (not there)")
    wanted = f" (NAS-Bench-201 publishes it as {info.split_file})" if info.split_file else ""
    raise UserError(
        f"the split of {info.name} needs a split file{wanted}, which was not found; looked at "
        f"{'; '.join(places)}. Give its path as the split file or in {SPLIT_VARIABLE}, or choose "
        "another split, such as 'halves'"
    )
