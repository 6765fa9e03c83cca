"""What a search space is to everything outside its folder.

A search, a record, a report and a figure know a space through :class:`Space` alone. An
architecture is, for each row of the layout, the operation that its edge keeps, or None where the
edge is gone: six numbers on NAS-Bench-201. Needs no torch until a network is asked for.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from naslib_edd.errors import UserError
from naslib_edd.spaces.layout import Kept, Layout

if TYPE_CHECKING:
    import numpy as np
    import torch
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from naslib_edd.config.settings import SearchSettings
    from naslib_edd.supernet.base import Supernet

#: What stands before a network's first cell.
StemKind = Literal["cifar", "imagenet"]


class Space(abc.ABC):
    """A search space.

    Attributes:
        name: what ``search_space:`` of a config says.
        title: its name in texts.
        layout: rows and columns of its logits.
        size: how many architectures it numbers, from 0; None: it numbers none, and no table of
            architectures belongs to it.
        defaults: settings of ``search:`` as its recipe has them, between the general defaults and
            the method's own.
        kernels: whether its fast supernet runs on the C++ kernels.
        depth: how texts tell the number ``search.cells``.
    """

    name: str
    title: str
    layout: Layout
    size: int | None = None
    defaults: Mapping[str, Any] = {}
    kernels: bool = False
    depth: str = "{} cells"

    @abc.abstractmethod
    def text(self, arch: Sequence[int | None]) -> str:
        """The architecture as the space's users write it."""

    @abc.abstractmethod
    def supernet(self, search: SearchSettings, *, classes: int) -> Supernet:
        """The one-shot network of a config; its weights come from torch's global generator.

        Raises:
            UserError: a setting that this space's networks do not know.
        """

    def parse(self, given: Any) -> Kept:
        """An architecture in any form that the space reads.

        Raises:
            UserError: it is none.
        """
        return self.check(given)

    def index(self, arch: Sequence[int | None]) -> int | None:
        """Its number, where the space numbers its architectures."""
        return None

    def numbered(self, index: int) -> Kept:
        """The architecture of a number.

        Raises:
            UserError: the space numbers none.
        """
        raise UserError(f"{self.title} does not number its architectures")

    def network(
        self, arch: Sequence[int | None], *, channels: int, cells: int, classes: int
    ) -> nn.Module:
        """One architecture's own network.

        Raises:
            UserError: the space has none.
        """
        raise UserError(f"{self.title} builds no network of a single architecture yet")

    def full_network(
        self,
        arch: Sequence[int | None],
        *,
        channels: int,
        cells: int,
        classes: int,
        auxiliary: bool = False,
        stem: StemKind = "cifar",
    ) -> nn.Module:
        """The network to train from scratch: :meth:`network`, with what some spaces add.

        Args:
            arch: an architecture.
            channels, cells, classes: as those of :meth:`network`.
            auxiliary: with an auxiliary head. In training mode the network then gives a pair,
                (scores, auxiliary scores).
            stem: for small images, or for ImageNet's.

        A network that knows drop path has an attribute ``drop_path``, the probability.

        Raises:
            UserError: the space's networks have no such thing.
        """
        if auxiliary or stem != "cifar":
            what = "auxiliary head: auxiliary=0" if auxiliary else "stem for ImageNet: stem=cifar"
            raise UserError(f"networks of {self.title} have no {what}, or another recipe")
        return self.network(arch, channels=channels, cells=cells, classes=classes)

    def sampled(self, allowed: Tensor, count: int, generator: torch.Generator) -> list[Kept]:
        """Random architectures of what is allowed; see :func:`naslib_edd.selection.drawn.drawn`."""
        from naslib_edd.selection.drawn import drawn

        return drawn(allowed, self.layout, count=count, generator=generator)

    def discretise(
        self, logits: Tensor, *, allowed: Tensor, edge_weights: Tensor | None = None
    ) -> Kept:
        """The architecture of the largest logits.

        Args:
            logits: of the operations, [edges, operations].
            allowed: which take part, bool of that shape.
            edge_weights: [edges], where edges have weights of their own.
        """
        from naslib_edd.selection import argmax_ops, top_edges

        if not self.layout.thinned:
            return argmax_ops(logits, allowed)
        return top_edges(logits, self.layout, allowed=allowed, edge_weights=edge_weights)

    def made_of(self, columns: Collection[int]) -> NDArray[np.bool_]:
        """Which of the numbered architectures are made of these operations alone, [size].

        Raises:
            UserError: the space numbers none.
        """
        raise UserError(f"{self.title} does not number its architectures")

    def neighbours(
        self, arch: Sequence[int | None], columns: Collection[int] | None = None
    ) -> Iterator[Kept]:
        """The architectures that differ in one operation, row by row.

        Args:
            arch: an architecture.
            columns: the operations that another may have in its place; all by default.
        """
        kept = tuple(arch)
        for row, op in enumerate(kept):
            if op is None:
                continue
            for other in self.layout.columns(row):
                if other != op and (columns is None or other in columns):
                    yield (*kept[:row], other, *kept[row + 1 :])

    def warning(self, arch: Sequence[int | None]) -> str | None:
        """A sentence if the architecture has collapsed, else None."""
        return None

    def draw(self, axes: Axes, arch: Sequence[int | None], *, font_size: float = 9) -> None:
        """Draw the architecture; by default a list of its edges."""
        lines = []
        for row, op in enumerate(arch):
            if op is not None:
                cell, source, target = self.layout.edge(row)
                lines.append(f"{cell} {source} → {target}: {self.layout.operations[op]}")
        axes.set_axis_off()
        axes.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", fontsize=font_size)

    def check(self, arch: Any) -> Kept:
        """An architecture of a record, as a tuple.

        Raises:
            UserError: another number of rows, or an operation that its edge does not have.
        """
        layout = self.layout
        if not isinstance(arch, Sequence) or isinstance(arch, str) or len(arch) != layout.edges:
            raise UserError(
                f"an architecture of {self.title} has {layout.edges} operations, a number each "
                "(null where the edge is gone)"
            )
        for row, op in enumerate(arch):
            if op is None and layout.thinned:
                continue
            if type(op) is not int or op not in layout.columns(row):
                raise UserError(
                    f"{str(op)[:40]!r} on edge {row} is no operation id; ids are "
                    + ", ".join(f"{each}" for each in layout.columns(row))
                )
        return tuple(arch)

    def count(self, arch: Sequence[int | None], column: int | None) -> int | None:
        """How many edges keep an operation; None where the space has no such operation."""
        return None if column is None else list(arch).count(column)

    def row(self, arch: Sequence[int | None]) -> dict[str, Any]:
        """What a record says of an architecture: the fields of every space's rows."""
        return {
            "arch_str": self.text(arch),
            "ops": list(arch),
            "index": self.index(arch),
            "skip_count": self.count(arch, self.layout.skip),
            "none_count": self.count(arch, self.layout.none),
        }
