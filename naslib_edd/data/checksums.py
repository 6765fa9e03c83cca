"""Published checksums of the official image files, which carry none inside.

Sources of the MD5 sums: torchvision (CIFAR, SVHN), AutoDL-Projects (ImageNet16). A file that
differs is not refused: people keep parts of a set, or images packed anew, under the official names.
It is said in a line, and recorded, for such a search is not one on the official images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

MD5: dict[str, dict[str, str]] = {
    "cifar10": {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
    "cifar100": {
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    },
    "svhn": {
        "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
    },
    "ImageNet16-120": {
        "train_data_batch_1": "27846dcaa50de8e21a7d1a35f30f0e91",
        "train_data_batch_2": "c7254a054e0e795c69120a5727050e3f",
        "train_data_batch_3": "4333d3df2e5ffb114b05d2ffc19b1e87",
        "train_data_batch_4": "1620cdf193304f4a92677b695d70d10f",
        "train_data_batch_5": "348b3c2fdbb3940c4e9e834affd3b18d",
        "train_data_batch_6": "6e765307c242a1b3d7d5ef9139b48945",
        "train_data_batch_7": "564926d8cbf8fc4818ba23d2faac7564",
        "train_data_batch_8": "f4755871f718ccb653440b9dd0ebac66",
        "train_data_batch_9": "bb6dd660c38c58552125b1a92f86b5d4",
        "train_data_batch_10": "8f03f34ac4b42271a294f91bf480f29b",
        "val_data": "3410e3017fdaefba8d5073aaa65e4bd6",
    },
}


def differing(name: str, files: Iterable[Path]) -> list[str]:
    """Those of a set's official files that are not as they were published, by name.

    Args:
        name: of the set, as the catalogue spells it.
        files: the files, under their official names.

    Raises:
        OSError: a file cannot be read.
    """
    return [file.name for file in files if _md5(file) != MD5[name][file.name]]


def checksum_line(names: Sequence[str]) -> list[str]:
    """What is said about files that differ: one line, or none."""
    if not names:
        return []
    listed = ", ".join(names)
    are = "is" if len(names) == 1 else "are"
    return [
        f"note: {listed} {are} not as published (MD5), so this is not the official image set; "
        "the result says so"
    ]


def set_of(path: Path) -> str | None:
    """The set that publishes a file of this name, or None."""
    return next((name for name, files in MD5.items() if path.name in files), None)


def _md5(path: Path) -> str:
    # Against damage, not against malice: MD5 is what was published.
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
