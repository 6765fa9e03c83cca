"""Every format that the fuzz covers. To add one: a function that writes a small file, its reader
in the guarded child, whether the format carries a checksum, and what hostile files there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fuzz import crafted, seeds


def _none() -> Iterator[tuple[str, bytes]]:
    return iter(())


class Format(NamedTuple):
    """A format.

    Attributes:
        make: writes an undamaged file, and what belongs beside it, into an empty folder; returns
            the path of the file.
        reader: ``"module:function"`` of what reads it, see :mod:`fuzz.child`.
        has_checksum: whether the format carries one, so that no damage may go unnoticed.
        crafted: hostile files, (name, bytes); all have to be refused.
    """

    make: Callable[[Path], Path]
    reader: str
    has_checksum: bool
    crafted: Callable[[], Iterator[tuple[str, bytes]]] = _none


def _nats(*, full: bool) -> Iterator[tuple[str, bytes]]:
    cases = crafted.archives(crafted.bzip2, "200", "12") if full else crafted.pickles(crafted.bzip2)
    return crafted.packed_tables(cases)


_TABLE, _FOLDER = "fuzz.readers:table", "fuzz.readers:table_folder"

FORMATS: dict[str, Format] = {
    "NB201 .pth": Format(
        seeds.nb201_pth,
        _TABLE,
        True,
        partial(crafted.archives, seeds.torch_zip, "full", "less"),
    ),
    "NB201 .pth, before torch 1.6": Format(
        seeds.nb201_legacy,
        _TABLE,
        False,
        partial(crafted.archives, seeds.torch_legacy, "full", "less"),
    ),
    "NASLib pickle": Format(seeds.naslib_pickle, _TABLE, False, crafted.naslib),
    "NATS-Bench file": Format(seeds.nats_file, _TABLE, True, partial(_nats, full=True)),
    "NATS-Bench folder": Format(seeds.nats_architecture, _FOLDER, True, partial(_nats, full=False)),
    "NATS-Bench folder's meta": Format(seeds.nats_meta, _FOLDER, True, partial(_nats, full=False)),
    "analog-nasbench objects": Format(
        seeds.analog, "fuzz.readers:analog", False, partial(crafted.pickles, bytes)
    ),
    "CIFAR batch, Python 2": Format(
        seeds.cifar10_python2,
        "fuzz.readers:cifar10",
        False,
        partial(crafted.pickles, bytes),
    ),
    "CIFAR batch, Python 3": Format(seeds.cifar10_python3, "fuzz.readers:cifar10", False),
    "ImageNet16 batch": Format(seeds.imagenet16, "fuzz.readers:imagenet16", False),
    "SVHN .mat, raw": Format(seeds.svhn, "fuzz.readers:svhn", False, crafted.mat),
    "SVHN .mat, packed": Format(seeds.svhn_packed, "fuzz.readers:svhn", True),
    "images .npz, stored": Format(seeds.npz, "fuzz.readers:cifar10_npz", True, crafted.npz),
    "images .npz, compressed": Format(seeds.npz_packed, "fuzz.readers:cifar10_npz", True),
}
