"""NAS-Bench-201's own file, ``NAS-Bench-201-v1_0-e61699.pth`` or ``…-v1_1-096897.pth``.

A dict written by ``torch.save``: ``meta_archs``, the architecture strings in index order, and
``arch2infos``, a dict from an index to the results of 200 (``"full"``) and 12 epochs (``"less"``).
It is read without PyTorch and without nas_201_api. The real files are gigabytes of Python objects;
of each training run only what the columns are made of is kept, so that reading takes minutes and
little memory. Convert the file once.

Torch writes a zip file, whose checksums are compared first; before version 1.6 it wrote four
pickles one after the other, which have no checksum.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from naslib_edd.storage.broken import BROKEN, first_line
from naslib_edd.storage.pickles import PLAIN, Foreign, Machine, Maker, Stream
from naslib_edd.storage.pickles.stream import Progress
from naslib_edd.storage.zipcheck import zip_fault
from naslib_edd.tables.archive import gather
from naslib_edd.tables.columns import Source
from naslib_edd.tables.formats import unreadable
from naslib_edd.tables.progress import reading
from naslib_edd.tables.results import mean_cost, slim
from naslib_edd.tables.safe_pickle import load_from

_KEYS = {"200": "full", "12": "less"}
#: What the layout before version 1.6 begins with: a number and the layout's version.
_MAGIC, _LAYOUT = 0x1950A86A20F9469CFC6C, 1001
#: Bytes of memory for a byte of the file (measured on files by the official classes).
_MEMORY = 0.7


def _skipped(what: str) -> Maker:
    return Maker(lambda args: Foreign(what))


#: Tensors: a table may hold some, but nothing of a table is made of them.
_TORCH = {
    **PLAIN,
    **{
        f"torch.{kind}Storage": _skipped("a tensor's storage")
        for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte")
    },
    "torch.BoolStorage": _skipped("a tensor's storage"),
    "torch._utils._rebuild_tensor_v2": _skipped("a tensor"),
    "torch._utils._rebuild_parameter": _skipped("a tensor"),
    "torch.Size": Maker(lambda args: args),
}


def read(path: Path) -> Source:
    """Read a NAS-Bench-201 file of version 1.0 or 1.1.

    Raises:
        UserError: the file is damaged, asks to run code, or holds something else.
    """
    size = path.stat().st_size
    with reading(path, size, memory=_MEMORY) as progress:
        load = _load_zip if _is_zip(path) else _load_legacy
        content = load(path, progress)
    arrays = gather(path, content, keys=_KEYS, cost=mean_cost)
    return Source(format="nb201-pth", arrays=arrays)


def _load_zip(path: Path, progress: Progress) -> Any:
    fault = zip_fault(path)
    if fault is not None:
        raise unreadable(path, fault)
    try:
        with zipfile.ZipFile(path) as archive:
            member = next(info for info in archive.infolist() if _is_pickle(info.filename))
            if member.compress_type != zipfile.ZIP_STORED:
                raise unreadable(path, "is packed, as torch never writes it")
            with archive.open(member) as file:
                return load_from(
                    _machine(Stream(file, size=member.file_size, progress=progress)), path
                )
    except BROKEN as error:
        raise unreadable(path, f"is cut short or damaged ({first_line(error)})") from error


def _load_legacy(path: Path, progress: Progress) -> Any:
    with path.open("rb") as file:
        machine = _machine(Stream(file, size=path.stat().st_size, progress=progress))
        if load_from(machine, path) != _MAGIC or load_from(machine, path) != _LAYOUT:
            raise unreadable(path, "is not a file of torch")
        load_from(machine, path)  # the writing machine's word sizes
        content = load_from(machine, path)
        load_from(machine, path)  # the tensors' names, which end a whole file
    return content


def _machine(stream: Stream) -> Machine:
    return Machine(
        stream,
        known=_TORCH,
        persistent=lambda names: Foreign("a tensor's storage"),
        filled=slim,
    )


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _is_pickle(name: str) -> bool:
    return name == "data.pkl" or name.endswith("/data.pkl")
