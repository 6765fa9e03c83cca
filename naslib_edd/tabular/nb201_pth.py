"""NAS-Bench-201's own file, ``NAS-Bench-201-v1_0-e61699.pth`` or ``…-v1_1-096897.pth``.

A dict written by ``torch.save``: ``meta_archs``, the architecture strings in index order, and
``arch2infos``, a dict from an index to the results of 200 (``"full"``) and 12 epochs (``"less"``).
It is read with torch's own restricted reader, and without nas_201_api. The real files are gigabytes
of Python objects, and torch's restricted reader is not quick: expect half an hour and tens of GB of
memory, and convert the file once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.tabular.archive import gather
from naslib_edd.tabular.columns import Source
from naslib_edd.tabular.formats import BROKEN, first_line, unreadable
from naslib_edd.tabular.results import mean_cost
from naslib_edd.tabular.safe_pickle import numpy_globals, refused

_TORCH = (2, 6)
_KEYS = {"200": "full", "12": "less"}


def read(path: Path) -> Source:
    """Read a NAS-Bench-201 file of version 1.0 or 1.1.

    Raises:
        UserError: the file is damaged, asks to run code, or holds something else.
    """
    content = _load(path)
    arrays = gather(path, content, keys=_KEYS, cost=mean_cost)
    return Source(format="nb201-pth", arrays=arrays)


def _load(path: Path) -> Any:
    import torch

    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < _TORCH:
        raise UserError(
            f"reading {path} safely needs torch {'.'.join(map(str, _TORCH))} or newer, and this is "
            f"{torch.__version__}; update torch, or open a table that was converted elsewhere"
        )
    # Beyond torch's own list (tensors, OrderedDict, set): NumPy's numbers, nothing else.
    allowed: list[Any] = [(target, name) for name, target in numpy_globals().items()]
    allowed += {type(np.dtype(code)) for code in ("?", "i4", "i8", "f2", "f4", "f8")}
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except BROKEN as error:
        # Both of torch's messages about a global have this word before its name.
        wanted = re.search(r"\bGLOBAL (\S+)", str(error))
        if wanted:
            raise refused(path, wanted[1]) from error
        raise unreadable(path, f"is cut short or damaged ({first_line(error)})") from error
