"""NATS-Bench's topology space: the folder ``NATS-tss-v1_0-3ffb9-simple``, or the one big file.

The folder has ``meta.pickle.pbz2`` and, for each architecture, ``000000.pickle.pbz2``: pickles in
bzip2 with the results of ``"12"`` and ``"200"`` epochs. ``NATS-tss-v1_0-3ffb9.pickle.pbz2`` is one
pickle of everything. Source: nats_bench 1.8. Reading all 15,625 files takes minutes: convert once.
"""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naslib_edd.storage.pickles import Stream
from naslib_edd.storage.pickles.state import Filled
from naslib_edd.storage.pickles.stream import Progress
from naslib_edd.tables import safe_pickle
from naslib_edd.tables.archive import gather, gather_rows, rows_of
from naslib_edd.tables.columns import Source
from naslib_edd.tables.formats import unreadable
from naslib_edd.tables.progress import reading
from naslib_edd.tables.results import agreed_cost, slim

_ENDING = ".pickle.pbz2"
#: A packed file may unpack to so many times its size, and so many bytes beyond: architectures'
#: strings, the most regular content, to 31 times.
_TIGHTEST, _ALLOWANCE = 200, 1 << 24
#: Bytes of memory for a byte of the packed file (measured: 1.40, on 240 architectures by the
#: official classes, 16 MiB packed).
_MEMORY = 1.4
_KEYS = {"200": "200", "12": "12"}


def read(path: Path) -> Source:
    """Read the folder or the big file.

    Raises:
        UserError: a file is damaged or asks to run code, or holds another search space.
    """
    if path.is_dir():
        return _read_folder(path)
    return from_content(path, _load(path, filled=slim))


def from_content(path: Path, content: Any) -> Source:
    """The source of an unpickled big file."""
    arrays = gather(path, content, keys=_KEYS, cost=agreed_cost)
    return Source(format="nats-bench", arrays=arrays)


def _read_folder(folder: Path) -> Source:
    meta = folder / f"meta{_ENDING}"
    if not meta.is_file():
        raise unreadable(folder, f"is a folder without {meta.name}, so it is not NATS-Bench's")
    content = _load(meta)
    if not isinstance(content, dict) or not content.get("meta_archs"):
        raise unreadable(meta, "has no list of architectures ('meta_archs')")
    rows = rows_of(meta, content["meta_archs"])

    files = {
        int(name): file
        for file in sorted(folder.glob(f"*{_ENDING}"))
        if (name := file.name.removesuffix(_ENDING)).isdecimal()
    }
    sizes = [file.stat().st_size for file in files.values()]

    def infos(progress: Progress) -> Iterator[tuple[int, Any]]:
        done = 0
        for (number, file), size in zip(files.items(), sizes, strict=True):
            yield number, _load(file)
            done += size
            progress(done, 0)

    with reading(folder, sum(sizes), memory=None) as progress:
        arrays = gather_rows(folder, rows, infos(progress), keys=_KEYS, cost=agreed_cost)
    return Source(format="nats-bench", arrays=arrays)


def _load(path: Path, *, filled: Filled | None = None) -> Any:
    size = path.stat().st_size
    with path.open("rb") as packed, reading(path, size, memory=_MEMORY) as progress:
        stream = Stream(
            bz2.BZ2File(packed),
            largest=_ALLOWANCE + _TIGHTEST * size,
            progress=lambda done, _: progress(packed.tell(), size),
        )
        return safe_pickle.load(stream, path, filled=filled)
