"""``loaders: naslib``: where NASLib's own data loaders are to read.

NASLib reads (and downloads) inside its own checkout. Here it is sent to the data that the config or
the environment names, in the official files' format; nothing is downloaded unasked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naslib_edd.config.settings import Config
from naslib_edd.data import resolve
from naslib_edd.data.datasets import Info
from naslib_edd.data.locate import DATA_VARIABLE, LAYOUTS, find
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.plugin import standins
from naslib_edd.storage.paths import path_of

#: Whether NASLib wants the folder above the set's own, or the set's own.
_ABOVE = {"cifar10": True, "cifar100": True, "ImageNet16-120": True, "svhn": False}


def check_torchvision() -> None:
    """Raise UserError where NASLib's loaders lack torchvision."""
    if "torchvision" in standins.given():
        standins.refuse("torchvision")


def root(config: Config) -> Path:
    """The folder that NASLib's loaders take for their data.

    Raises:
        UserError: NASLib has no such data set, or the files are missing or of another format.
    """
    info = resolve(config.dataset)
    if info.name not in _ABOVE:
        raise UserError(
            f"NASLib's loaders have no data set '{info.name}'; leave 'loaders: naslib' out, or use "
            f"{', '.join(_ABOVE)}"
        )
    try:
        found = find(info, config.data)
    except DataMissing:
        if config.download and config.data and info.name != "ImageNet16-120":
            return path_of(config.data, "the data path")  # torchvision downloads to there
        raise
    return _above(info, found) if _ABOVE[info.name] else _checked(found)


def _above(info: Info, folder: Path) -> Path:
    """The folder above, which must hold the set's under the name that NASLib asks for."""
    _checked(folder)
    wanted = info.name if info.name == "ImageNet16-120" else LAYOUTS[info.name][0][0]
    if folder.name != wanted:
        raise UserError(
            f"NASLib's loaders want the folder of {info.name} to be called {wanted}, not "
            f"{folder.name}; rename {folder} or leave 'loaders: naslib' out"
        )
    return folder.parent


def _checked(path: Path) -> Path:
    if path.is_file():
        raise UserError(
            f"NASLib's loaders read the official files only, not {path.name}; name their folder "
            f"(data: or {DATA_VARIABLE}), or leave 'loaders: naslib' out"
        )
    return path


def unreadable(data: Any, error: Exception) -> UserError:
    """What NASLib's loaders (torchvision) raise where files are missing or damaged, for people."""
    detail = " ".join(str(error).split()) or type(error).__name__
    return UserError(
        f"NASLib's loaders cannot read {data}: {detail}; torchvision takes whole, unchanged "
        "official files only. Mend them, or leave 'loaders: naslib' out"
    )
