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

from naslib_edd.tabular import safe_pickle
from naslib_edd.tabular.archive import gather, gather_rows, rows_of
from naslib_edd.tabular.columns import Source
from naslib_edd.tabular.formats import unreadable
from naslib_edd.tabular.results import agreed_cost

_ENDING = ".pickle.pbz2"
_KEYS = {"200": "200", "12": "12"}


def read(path: Path) -> Source:
    """Read the folder or the big file.

    Raises:
        UserError: a file is damaged or asks to run code, or holds another search space.
    """
    if path.is_dir():
        return _read_folder(path)
    return from_content(path, _load(path))


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

    def infos() -> Iterator[tuple[int, Any]]:
        for file in sorted(folder.glob(f"*{_ENDING}")):
            number = file.name.removesuffix(_ENDING)
            if number.isdecimal():
                yield int(number), _load(file)

    arrays = gather_rows(folder, rows, infos(), keys=_KEYS, cost=agreed_cost)
    return Source(format="nats-bench", arrays=arrays)


def _load(path: Path) -> Any:
    with bz2.BZ2File(path) as file:
        return safe_pickle.load(file, path)  # type: ignore[arg-type]  # a BinaryIO in all but name
