"""The mixed operation that stands on each searched edge of a NASLib graph.

It weighs the edge's operations by a row of β. The β of a step is computed once for all copies of
all cells, and handed over through :class:`Weights`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from naslib_edd.errors import UserError
from naslib_edd.plugin.layout import ZEROS
from naslib_edd.relaxation import Relaxation
from naslib_edd.supernet.drop_path import DropPath


class Weights:
    """The β that the mixed operations of a graph read.

    Inside :meth:`given` it is what was given. Outside (someone calls the graph) it is made of the
    logits at the current t, without drawing a sample.

    ``places``: of each row, where its edge stands in the record; for the drop path's draws.
    """

    def __init__(
        self,
        *,
        logits: Tensor,
        relaxation: Relaxation,
        t: Tensor,
        operations: int,
        drop_path: DropPath | None = None,
        places: Sequence[int] | None = None,
    ) -> None:
        self.logits, self.relaxation, self.t = logits, relaxation, t
        self.operations, self.drop_path, self.places = operations, drop_path, places
        self.sampled = relaxation.sampled
        self._beta: Tensor | None = None
        self._choice: list[int] | None = None
        self._masks: Tensor | None = None
        self._masked: set[int] = set()

    def __deepcopy__(self, memo: dict[int, Any]) -> Weights:
        # A clone of the graph goes on reading the same logits; a copy of the whole optimizer, whose
        # logits are copied first, has its own.
        if id(self.logits) not in memo:
            return self
        copied = object.__new__(Weights)
        memo[id(self)] = copied
        copied.__dict__.update(deepcopy(self.__dict__, memo))
        return copied

    @contextmanager
    def given(self, beta: Tensor, choice: list[int] | None = None) -> Iterator[None]:
        """While this lasts, β [edges, operations] is the weights.

        With ``choice``, an operation number a row, only the chosen operations are computed.
        """
        if choice is None and self.sampled:
            choice = beta.detach()[:, : self.operations].argmax(-1).tolist()
        self._beta, self._choice = beta, choice
        try:
            yield
        finally:
            self._beta = self._choice = self._masks = None

    def row(self, number: int) -> Tensor:
        """β of an edge."""
        if self._beta is not None:
            return self._beta[number]
        return self.relaxation.quiet(self.logits, self.t)[number]

    def choice(self, number: int) -> int | None:
        """The operation that alone is computed on an edge, if any is."""
        return None if self._choice is None else self._choice[number]

    def factors(self, x: Tensor, number: int) -> Tensor:
        """What the drop path makes of an edge's output for x [B, C, H, W]: [B, 1, 1, 1].

        Where the edges have places, all of a cell are drawn at once in the order of these, as our
        own supernets do it; a cell's edges come one after the other.
        """
        assert self.drop_path is not None
        if self.places is None:
            return self.drop_path.factors(x, 1)[0]
        if self._masks is None or number in self._masked:
            self._masks = self.drop_path.factors(x, len(self.places))
            self._masked = set()
        self._masked.add(number)
        return self._masks[self.places[number]]


class GraphSupernet(nn.Module):
    """A NASLib graph with our mixed operations, called as our own supernets are."""

    def __init__(self, *, graph: nn.Module, weights: Weights) -> None:
        super().__init__()
        self.graph, self.weights = graph, weights
        self.drop_path = weights.drop_path

    def forward(self, images: Tensor, beta: Tensor) -> Tensor:
        """Class scores of images under edge weights [edges, operations]."""
        with self.weights.given(beta):
            out: Tensor = self.graph(images)
        # NB301's graph keeps its auxiliary output, and so cannot be copied while that has a
        # gradient. The search does not train it (NASLib's does not either).
        kept: dict[str, Any] = self.graph.graph  # type: ignore[assignment]
        for key, value in kept.items():
            if isinstance(value, Tensor):
                kept[key] = value.detach()
        return out


def mixed_op_class(base: type[Any]) -> type[Any]:
    """Our mixed operation as a subclass of NASLib's ``MixedOp``."""

    class EDDMixedOp(base):  # type: ignore[misc]
        """Weighted sum of the operations of an edge."""

        def __init__(
            self, primitives: list[Any], *, weights: Weights, row: int, partial: int = 1
        ) -> None:
            makers = [(type(primitive), dict(primitive.init_params)) for primitive in primitives]
            if partial > 1:
                primitives = [narrowed(primitive, partial) for primitive in primitives]
            super().__init__(primitives)
            self.edge_weights, self.row, self.partial = weights, row, partial
            self.makers = makers
            self.zeros = [primitive.get_op_name in ZEROS for primitive in primitives]

        def get_weights(self, edge_data: Any) -> Tensor:
            """The edge's row of β."""
            return self.edge_weights.row(self.row)

        def process_weights(self, weights: Tensor) -> Tensor:
            """Nothing more: the relaxation has done it."""
            return weights

        def apply_weights(self, x: Tensor, weights: Tensor) -> Tensor:
            """The edge's output for its input x [B, C, H, W]."""
            out = self.whole(x, weights)
            drop = self.edge_weights.drop_path
            if drop is None or drop.probability == 0 or not self.training:
                return out
            return self.edge_weights.factors(x, self.row) * out

        def whole(self, x: Tensor, weights: Tensor) -> Tensor:
            """The edge's output, nothing dropped."""
            if self.partial == 1:
                return self.mix(x, weights)
            width = x.shape[1] // self.partial
            mixed = self.mix(x[:, :width], weights[:-1])
            rest = x[:, width:]
            if mixed.shape[2] != x.shape[2]:
                rest = F.max_pool2d(rest, 2, 2)
            out = F.channel_shuffle(torch.cat([mixed, rest], dim=1), self.partial)
            return weights[-1] * out

        def mix(self, x: Tensor, weights: Tensor) -> Tensor:
            """Σ weight · operation(x); of a sample, its one operation."""
            chosen = self.edge_weights.choice(self.row)
            parts = weights.unbind()
            if chosen is not None:
                # As GDAS' release: the others add their weight, which is 0 but has a gradient.
                out = parts[chosen] * self.primitives[chosen](x, None)
                return out + (weights.sum() - parts[chosen]) if weights.requires_grad else out
            # `none` adds nothing, and the gradient of its weight is 0.
            terms = [
                weight * primitive(x, None)
                for weight, primitive, zero in zip(parts, self.primitives, self.zeros, strict=True)
                if not zero
            ]
            return sum(terms[1:], start=terms[0])

        def selected(self, number: int) -> Any:
            """The operation to keep when the edge is discretised, with all its channels."""
            if self.partial == 1:
                return self.primitives[number]
            operation, parameters = self.makers[number]
            return operation(**parameters)

    return EDDMixedOp


def narrowed(primitive: Any, factor: int) -> Any:
    """The operation on 1/factor of the channels, with new weights; the given one is left alone.

    Raises:
        UserError: the channels cannot be divided.
    """
    parameters = dict(primitive.init_params)
    before, after = parameters.get("C_in"), parameters.get("C_out")
    if None not in (before, after) and before != after:
        raise UserError(
            f"search.partial_channels = {factor} needs operations that keep the number of "
            f"channels, and {primitive.get_op_name} makes {after} of {before} here; set it to 1"
        )
    for key in ("C_in", "C_out", "C"):
        channels = parameters.get(key)
        if channels is None:
            continue
        if channels % factor:
            raise UserError(
                f"search.partial_channels = {factor} does not divide the {channels} channels of "
                f"{primitive.get_op_name}; use 2 or 4"
            )
        parameters[key] = channels // factor
    return type(primitive)(**parameters)
