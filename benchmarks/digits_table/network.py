"""Many architectures as one network: NB201's skeleton with N = 1, every product batched over them.

The slow twin, one architecture as plain modules, is :mod:`digits_table.plain`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from digits_table.classes import essential
from digits_table.kernels import average_pool3x3, halve, relu_conv3x3, windows
from digits_table.parameters import STAGES, Parameters
from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NODES, NONE, POOL, Ops


class StackedNetwork:
    """M architectures that see the same images, and know nothing of each other.

    Args:
        ops: six operation ids of each. Edges that do not matter are left out
            (:func:`~digits_table.classes.essential`).
        generators: for the weights, one for each.
        channels: C of the first stage.
        classes, image_channels: of the data.
        dtype, device: of everything.
    """

    def __init__(
        self,
        ops: Sequence[Sequence[int]],
        generators: Sequence[torch.Generator],
        *,
        channels: int,
        classes: int = 10,
        image_channels: int = 1,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.ops: list[Ops] = [essential(each) for each in ops]
        self.models, self.channels = len(self.ops), channels
        self.training = True
        self.parameters = Parameters(
            self.ops,
            generators,
            channels=channels,
            classes=classes,
            image_channels=image_channels,
            dtype=dtype,
            device=device,
        )
        table = torch.tensor(self.ops, device=device)
        #: Of each edge: the operations on it, each with the architectures that carry it.
        self._carriers = [
            [(op, (column == op).nonzero()[:, 0]) for op in sorted(set(column.tolist()) - {NONE})]
            for column in table.unbind(1)
        ]

    def forward(self, images: Tensor) -> Tensor:
        """Class scores [M, classes, B] of images [C_image, H, W, B]; H and W divisible by 4."""
        views = self.parameters.views
        _, height, width, batch = images.shape
        padded = images.new_zeros(images.shape[0], height + 2, width + 2, batch)
        padded[:, 1:-1, 1:-1] = images
        columns = windows(padded[None], 1).expand(self.models, -1, -1)
        # One product an architecture, not one for all: so no result depends on the others.
        x = torch.bmm(views["stem.conv.weight"].flatten(2), columns)
        x = self._norm("stem.norm", x.view(self.models, self.channels, height, width, batch))
        for stage in range(STAGES):
            if stage:
                x = self._reduce(x, f"reductions.{stage - 1}")
            x = self._cell(x, stage)
        features = F.relu(self._norm("head.norm", x)).mean((2, 3))
        return torch.baddbmm(
            views["head.linear.bias"].unsqueeze(2), views["head.linear.weight"], features
        )

    def losses(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy (natural log) and hits of each image, each [M, B].

        Args:
            images: [C_image, H, W, B].
            labels: [B].
        """
        scores = F.log_softmax(self.forward(images), 1)
        wanted = labels.view(1, 1, -1).expand(self.models, 1, -1)
        return -scores.gather(1, wanted).squeeze(1), scores.argmax(1) == labels

    def _cell(self, x: Tensor, stage: int) -> Tensor:
        nodes = [x]
        for target in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, (source, node) in enumerate(EDGES):
                if node == target:
                    for op, carriers in self._carriers[edge]:
                        part = self._operate(nodes[source], op, carriers, stage, edge)
                        total = self._add(total, part, carriers)
            nodes.append(total)
        return nodes[-1]

    def _operate(self, x: Tensor, op: int, carriers: Tensor, stage: int, edge: int) -> Tensor:
        """One operation of one edge for the architectures that carry it."""
        if len(carriers) < self.models:
            x = x.index_select(0, carriers)
        name = f"{op}:stages.{stage}.0.edges.{edge}"
        if op == CONV3:
            weight = self.parameters.views[f"{name}.conv.weight"]
            return self._norm(f"{name}.norm", relu_conv3x3(x, weight))
        if op == CONV1:
            weight = self.parameters.views[f"{name}.conv.weight"].flatten(2)
            out = torch.bmm(weight, F.relu(x).flatten(2)).view(x.shape)
            return self._norm(f"{name}.norm", out)
        return average_pool3x3(x) if op == POOL else x

    def _add(self, total: Tensor, part: Tensor, carriers: Tensor) -> Tensor:
        if len(carriers) == self.models:
            return total + part
        return total.index_add(0, carriers, part)

    def _reduce(self, x: Tensor, name: str) -> Tensor:
        views = self.parameters.views
        out = self._norm(
            f"{name}.conv_a.norm", relu_conv3x3(x, views[f"{name}.conv_a.conv.weight"], stride=2)
        )
        out = self._norm(
            f"{name}.conv_b.norm", relu_conv3x3(out, views[f"{name}.conv_b.conv.weight"])
        )
        shortcut = views[f"{name}.shortcut.weight"].flatten(2)
        return out + torch.bmm(shortcut, halve(x).flatten(2)).view(out.shape)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        """Affine batch norm of [M, C, H, W, B], each architecture's channel by itself."""
        mean, var = self.parameters.running[name]
        views = self.parameters.views
        out = F.batch_norm(
            x.reshape(1, x.shape[0] * x.shape[1], math.prod(x.shape[2:])),
            mean,
            var,
            views[f"{name}.weight"].flatten(),
            views[f"{name}.bias"].flatten(),
            self.training,
            momentum=0.1,
            eps=1e-5,
        )
        return out.view(x.shape)
