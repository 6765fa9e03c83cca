"""NAS-Bench-201 as a :class:`~naslib_edd.spaces.space.Space`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError
from naslib_edd.spaces.layout import Cell, Kept, Layout
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.collapse import warning_of
from naslib_edd.spaces.nb201.forms import to_ops
from naslib_edd.spaces.space import Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import nn

    from naslib_edd.config.settings import SearchSettings
    from naslib_edd.supernet.base import Supernet


class NB201(Space):
    """One cell of 6 edges and 5 operations; an architecture is six operation ids."""

    name = "nasbench201"
    title = "NAS-Bench-201"
    layout = Layout(
        cells=(Cell(name="cell", edges=nb201.EDGES, nodes=nb201.NODES),),
        operations=nb201.OPERATIONS,
    )
    size = nb201.SIZE
    kernels = True
    depth = "N={}"

    def parse(self, given: Any) -> Kept:
        """See :mod:`naslib_edd.spaces.nb201.forms`."""
        return to_ops(given)

    def check(self, arch: Any) -> Kept:
        """See :func:`naslib_edd.spaces.nb201.encoding.check_ops`."""
        return nb201.check_ops(arch)

    def text(self, arch: Sequence[int | None]) -> str:
        """The benchmark's architecture string."""
        return nb201.ops_to_str(_whole(arch))

    def index(self, arch: Sequence[int | None]) -> int:
        """Its row in the benchmark."""
        return nb201.ops_to_index(_whole(arch))

    def numbered(self, index: int) -> Kept:
        """The architecture of a row of the benchmark."""
        return nb201.index_to_ops(index)

    def made_of(self, columns: Collection[int]) -> NDArray[np.bool_]:
        """See :class:`Space`."""
        return np.asarray(np.isin(nb201.all_ops(), list(columns)).all(axis=1))

    def warning(self, arch: Sequence[int | None]) -> str | None:
        """See :func:`naslib_edd.spaces.nb201.collapse.warning_of`."""
        return warning_of(_whole(arch))

    def supernet(self, search: SearchSettings, *, classes: int) -> Supernet:
        """The plain supernet or the fast one, with partial channels where they are asked for."""
        from naslib_edd.spaces.nb201.supernet import make_supernet

        return make_supernet(search, classes=classes)

    def network(
        self, arch: Sequence[int | None], *, channels: int, cells: int, classes: int
    ) -> nn.Module:
        """See :class:`naslib_edd.spaces.nb201.network.ArchitectureNetwork`."""
        from naslib_edd.spaces.nb201.network import build

        return build(_whole(arch), channels=channels, cells=cells, classes=classes)

    def draw(self, axes: Axes, arch: Sequence[int | None], *, font_size: float = 9) -> None:
        """See :func:`naslib_edd.spaces.nb201.drawing.draw_cell`."""
        from naslib_edd.spaces.nb201.drawing import draw_cell

        draw_cell(axes, _whole(arch), font_size=font_size)


def _whole(arch: Sequence[int | None]) -> tuple[int, ...]:
    if any(op is None for op in arch):
        raise UserError("a cell of NAS-Bench-201 keeps all its edges")
    return nb201.check_ops([op for op in arch if op is not None])


SPACE = NB201()
