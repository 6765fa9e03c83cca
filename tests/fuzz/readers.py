"""What reads each foreign format in the guarded child; the text tells two contents apart."""

from __future__ import annotations

from pathlib import Path

from fuzz.child import digest


def table(path: Path) -> str:
    """A benchmark table of any format."""
    from naslib_edd.tables import formats

    source = formats.read(path)
    arrays = {name: source.arrays[name] for name in source.arrays}
    return digest([source.format, arrays, dict(source.missing), dict(source.notes)])


def table_folder(path: Path) -> str:
    """A table that is a folder; the file is in it."""
    return table(path.parent)


def analog(path: Path) -> str:
    """analog-nasbench's objects."""
    from naslib_edd.tables.analog import read

    return digest(dict(read(path).arrays))


def cifar10(path: Path) -> str:
    return _images("cifar10", path.parent)


def cifar10_npz(path: Path) -> str:
    return _images("cifar10", path)


def svhn(path: Path) -> str:
    return _images("svhn", path.parent)


def imagenet16(path: Path) -> str:
    return _images("ImageNet16-120", path.parent)


def _images(name: str, path: Path) -> str:
    from naslib_edd.data.datasets import resolve
    from naslib_edd.data.sources import read

    raw = read(resolve(name), path)
    return digest([raw.train, raw.test])
