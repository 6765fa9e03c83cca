"""Every format that the fuzz covers. To add one: a function that writes a small file, its reader
in the guarded child, whether the format carries a checksum, and what hostile files there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fuzz import crafted, seeds
from fuzz.entry import Format
from fuzz.own_formats import OWN_FORMATS


def _nats(*, full: bool) -> Iterator[tuple[str, bytes]]:
    cases = crafted.archives(crafted.bzip2, "200", "12") if full else crafted.pickles(crafted.bzip2)
    return crafted.packed_tables(cases)


_TABLE, _FOLDER = "fuzz.readers:table", "fuzz.readers:table_folder"

FOREIGN_FORMATS: dict[str, Format] = {
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

FORMATS: dict[str, Format] = {**OWN_FORMATS, **FOREIGN_FORMATS}
