"""Latencies on devices, from a user's file: the package carries none, for want of a licence.

A compact table with ``latency_devices`` [devices] and ``latency_ms`` [devices, 15625] has them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables.columns import Array
from naslib_edd.tables.locate import VARIABLE, find_table

DEVICES, MILLISECONDS = "latency_devices", "latency_ms"


class Latencies:
    """Milliseconds of every architecture on each device.

    Args:
        arrays: of a table.
        path: where they came from, for messages.

    Raises:
        UserError: the table has none, or of another shape.
    """

    def __init__(self, arrays: Mapping[str, Array], *, path: Path) -> None:
        if DEVICES not in arrays or MILLISECONDS not in arrays:
            raise UserError(
                f"{path} has no latencies (arrays {DEVICES} and {MILLISECONDS}), and the package "
                f"carries none: name a table that has them, by latencies=, --latencies or "
                f"{VARIABLE}"
            )
        values: NDArray[Any] = arrays[MILLISECONDS]
        self.devices = tuple(str(name) for name in arrays[DEVICES].ravel())
        if values.shape != (len(self.devices), nb201.SIZE) or values.dtype.kind not in "fiu":
            raise UserError(
                f"{path} has {MILLISECONDS} in the shape {values.shape}; {len(self.devices)} "
                f"devices need ({len(self.devices)}, {nb201.SIZE}) numbers"
            )
        self._values = values

    def of(self, device: str) -> NDArray[np.float64]:
        """Milliseconds of every architecture on a device, [15625], NaN where unknown.

        Raises:
            UserError: there is no such device.
        """
        if device not in self.devices:
            raise UserError(f"no latencies on '{device}'{nearest(device, self.devices)}")
        found: NDArray[np.float64] = self._values[self.devices.index(device)].astype(float)
        return found


def latencies_for(
    arrays: Mapping[str, Array], *, path: Path, named: str | os.PathLike[str] | None = None
) -> Latencies:
    """The latencies of a named table or, without a name, a table's own, or the environment's.

    Args:
        arrays: of the table that is asked.
        path: its path.
        named: path of another table.

    Raises:
        UserError: none of them has latencies, or the named one cannot be read.
    """
    if named is None and DEVICES in arrays:
        return Latencies(arrays, path=path)
    other = find_table(None if named is None else os.fspath(named))
    if other is None:
        return Latencies(arrays, path=path)
    from naslib_edd.tables import formats

    return Latencies(formats.read(other).arrays, path=other)
