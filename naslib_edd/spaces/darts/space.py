"""The DARTS space and S1 to S4, each a :class:`~naslib_edd.spaces.space.Space`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from naslib_edd.spaces.darts.collapse import warning_of
from naslib_edd.spaces.darts.genotype import Genotype, from_kept, to_kept
from naslib_edd.spaces.darts.genotype_forms import parse
from naslib_edd.spaces.darts.layout import LAYOUTS
from naslib_edd.spaces.layout import Kept, Layout
from naslib_edd.spaces.space import Space, StemKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import nn

    from naslib_edd.config.settings import SearchSettings
    from naslib_edd.supernet.base import Supernet

#: The search's recipe for the weights, where it is not the defaults': quark0/darts,
#: ``cnn/train_search.py``, and automl/RobustDARTS for S1 to S4. The cells are those of the whole
#: network. The logits' weight decay is the methods' own (DARTS: 1e-3).
RECIPE: Mapping[str, Any] = {
    "channels": 16,
    "cells": 8,
    "epochs": 50,
    "batch_size": 64,
    "order": "logits_first",
    "learning_rate": 0.025,
    "learning_rate_min": 0.001,
    "nesterov": False,
    "weight_decay": 3e-4,
}


class DartsSpace(Space):
    """Two kinds of cell, 14 edges each; a final cell keeps two of those that enter a node.

    Args:
        name: ``darts``, or ``s1`` to ``s4``.
        title: its name in texts.
    """

    defaults = RECIPE
    kernels = True

    def __init__(self, name: str, title: str) -> None:
        self.name, self.title = name, title
        self.layout: Layout = LAYOUTS[name]

    def genotype(self, arch: Sequence[int | None]) -> Genotype:
        """The genotype of an architecture."""
        return from_kept(arch, self.layout)

    def text(self, arch: Sequence[int | None]) -> str:
        """The releases' ``Genotype(…)``."""
        return str(self.genotype(arch))

    def parse(self, given: Any) -> Kept:
        """The operation of each row, or a form of :mod:`naslib_edd.spaces.darts.genotype_forms`."""
        rows = isinstance(given, Sequence) and not isinstance(given, str)
        if rows and len(given) == self.layout.edges:
            return self.check(given)
        return to_kept(parse(given), self.layout, self.title)

    def check(self, arch: Any) -> Kept:
        """See :class:`Space`; at most two edges may enter a node."""
        kept = super().check(arch)
        from_kept(kept, self.layout)
        return kept

    def neighbours(
        self, arch: Sequence[int | None], columns: Collection[int] | None = None
    ) -> Iterator[Kept]:
        """Architectures that differ in one operation, then those that differ in one source.

        Args:
            arch: an architecture.
            columns: the operations that another may have; all but ``none`` by default.
        """
        kept, layout = tuple(arch), self.layout
        every = range(len(layout.operations))
        usable = set(every if columns is None else columns) - {layout.none}
        yield from super().neighbours(kept, usable)
        for rows in layout.nodes.values():
            for old in rows:
                op = kept[old]
                if op is None:
                    continue
                for new in rows:
                    if kept[new] is None and op in layout.columns(new):
                        moved = list(kept)
                        moved[old], moved[new] = None, op
                        yield tuple(moved)

    def warning(self, arch: Sequence[int | None]) -> str | None:
        """See :func:`naslib_edd.spaces.darts.collapse.warning_of`."""
        return warning_of(self.genotype(arch))

    def supernet(self, search: SearchSettings, *, classes: int) -> Supernet:
        """See :func:`naslib_edd.spaces.darts.supernet.make_supernet`."""
        from naslib_edd.spaces.darts.supernet import make_supernet

        return make_supernet(search, layout=self.layout, classes=classes)

    def network(
        self, arch: Sequence[int | None], *, channels: int, cells: int, classes: int
    ) -> nn.Module:
        """The network that gives class scores of small images, without an auxiliary head.

        :class:`naslib_edd.spaces.darts.network.DartsNetwork` has more to choose.
        """
        from naslib_edd.supernet.scores import ScoresAlone

        return ScoresAlone(self.full_network(arch, channels=channels, cells=cells, classes=classes))

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
        """The network to train: :class:`naslib_edd.spaces.darts.network.DartsNetwork`."""
        from naslib_edd.spaces.darts.network import DartsNetwork

        return DartsNetwork(
            genotype=self.genotype(arch),
            channels=channels,
            cells=cells,
            classes=classes,
            auxiliary=auxiliary,
            stem=stem,
        )

    def draw(self, axes: Axes, arch: Sequence[int | None], *, font_size: float = 9) -> None:
        """Both cells; see :mod:`naslib_edd.spaces.darts.drawing`."""
        from naslib_edd.spaces.darts.drawing import draw_genotype

        draw_genotype(axes, self.genotype(arch), font_size=font_size)


SPACE = DartsSpace("darts", "the DARTS space")
S1 = DartsSpace("s1", "S1")
S2 = DartsSpace("s2", "S2")
S3 = DartsSpace("s3", "S3")
S4 = DartsSpace("s4", "S4")
