"""A small stand-in for what the adapter uses of NASLib's interface, written for the tests.

A network of a stem, two copies of one NB201 cell that share their logits, and a head. What it says
of the interface is compared with the real one in test_standin.py, wherever the real one is.
"""

from __future__ import annotations

import abc
import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn


class MetaOptimizer(abc.ABC):
    using_step_function = True

    @abc.abstractmethod
    def adapt_search_space(self, search_space: Any, dataset: str, scope: Any = None) -> None: ...

    @abc.abstractmethod
    def get_final_architecture(self) -> Any: ...

    @abc.abstractmethod
    def get_op_optimizer(self) -> Any: ...


class Primitive(nn.Module):
    def __init__(self, **init_params: Any) -> None:
        super().__init__()
        self.init_params = init_params

    @property
    def get_op_name(self) -> str:
        return type(self).__name__


class Identity(Primitive):
    def forward(self, x: Tensor, edge_data: Any = None) -> Tensor:
        return x


class Zero(Primitive):
    def forward(self, x: Tensor, edge_data: Any = None) -> Tensor:
        return x.mul(0.0)


class ReLUConvBN(Primitive):
    def __init__(self, C_in: int, C_out: int, kernel_size: int) -> None:
        super().__init__(C_in=C_in, C_out=C_out, kernel_size=kernel_size)
        self.size = kernel_size
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(C_in, C_out, kernel_size, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(C_out, affine=False, track_running_stats=False),
        )

    @property
    def get_op_name(self) -> str:
        return f"ReLUConvBN{self.size}x{self.size}"

    def forward(self, x: Tensor, edge_data: Any = None) -> Tensor:
        out: Tensor = self.op(x)
        return out


class AvgPool1x1(Primitive):
    def forward(self, x: Tensor, edge_data: Any = None) -> Tensor:
        return nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class MixedOp(Primitive):
    def __init__(self, primitives: list[Any]) -> None:
        super().__init__(primitives=primitives)
        self.primitives = primitives
        for number, primitive in enumerate(primitives):
            self.add_module(f"primitive-{number}", primitive)

    def forward(self, x: Tensor, edge_data: Any) -> Tensor:
        out: Tensor = self.apply_weights(x, self.process_weights(self.get_weights(edge_data)))
        return out

    def get_weights(self, edge_data: Any) -> Tensor:
        raise NotImplementedError

    def process_weights(self, weights: Tensor) -> Tensor:
        raise NotImplementedError

    def apply_weights(self, x: Tensor, weights: Tensor) -> Tensor:
        raise NotImplementedError


class EdgeData:
    def __init__(self, shared: dict[str, Any]) -> None:
        self._shared, self._private = shared, {}

    def has(self, key: str) -> bool:
        return key in self._private or key in self._shared

    def set(self, key: str, value: Any, shared: bool = False) -> None:
        (self._shared if shared else self._private)[key] = value

    def __getitem__(self, key: str) -> Any:
        return self._private[key] if key in self._private else self._shared[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return self[key]


NODES = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


class Graph(nn.Module):
    OPTIMIZER_SCOPE = ["stage_1"]  # noqa: RUF012

    def __init__(self, *, channels: int = 8, copies: int = 2) -> None:
        super().__init__()
        self.graph: dict[str, Any] = {}
        self.channels = channels
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.head = nn.Linear(channels, 10)
        shared: list[dict[str, Any]] = [{} for _ in NODES]
        self.cells = [dict(zip(NODES, map(EdgeData, shared), strict=True)) for _ in range(copies)]
        for cell in self.cells:
            for data in cell.values():
                data.set("op", self.operations())

    def operations(self) -> list[Primitive]:
        c = self.channels
        convolutions = [ReLUConvBN(C_in=c, C_out=c, kernel_size=size) for size in (3, 1)]
        return [Identity(), Zero(), *convolutions, AvgPool1x1(C_in=None)]

    def update_edges(
        self, update_func: Callable[..., None], scope: Any = "all", private_edge_data: bool = False
    ) -> None:
        assert scope == "all" or scope == self.OPTIMIZER_SCOPE
        for cell in self.cells if private_edge_data else self.cells[:1]:
            for (head, tail), data in cell.items():
                update_func(edge=SimpleNamespace(head=head, tail=tail, data=data))

    def clone(self) -> Graph:
        return copy.deepcopy(self)

    def unparse(self) -> Graph:
        torch.rand(3)  # NASLib's draws, too
        return self

    def prepare_discretization(self) -> None: ...

    def prepare_evaluation(self) -> None: ...

    def parse(self) -> None:
        for number, cell in enumerate(self.cells):
            for (head, tail), data in cell.items():
                self.add_module(f"cell{number}-edge({head},{tail})", data.op)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for cell in self.cells:
            nodes = {1: x}
            for target in (2, 3, 4):
                nodes[target] = sum(
                    data.op.forward(nodes[head], edge_data=data)
                    for (head, tail), data in cell.items()
                    if tail == target
                )
            x = nodes[4]
        out: Tensor = self.head(x.relu().mean((2, 3)))
        return out
