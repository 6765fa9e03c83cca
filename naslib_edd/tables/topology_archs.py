"""The half of the official packages' topology API that needs no results: architectures."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201 import forms as nb201_forms
from naslib_edd.tables import names


class Architectures:
    """The space: a base of :class:`~naslib_edd.tables.topology.TopologyApi`."""

    @cached_property
    def meta_archs(self) -> list[str]:
        """All architecture strings, in index order."""
        return [names.str_of(tuple(ops)) for ops in nb201.all_ops().tolist()]

    @cached_property
    def archstr2index(self) -> dict[str, int]:
        """Architecture string -> index."""
        return {text: index for index, text in enumerate(self.meta_archs)}

    def __len__(self) -> int:
        return nb201.SIZE

    def __getitem__(self, index: int) -> str:
        return self.meta_archs[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.meta_archs)

    def arch(self, index: int) -> str:
        """The string of an index.

        Raises:
            ValueError: it is out of range.
        """
        if not 0 <= index < len(self):
            raise ValueError(f"invalid index: {index}; there are {len(self)}")
        return self.meta_archs[index]

    def random(self) -> int:
        """An index, drawn by Python's ``random`` as the official classes draw it."""
        return random.randint(0, len(self) - 1)

    def query_index_by_arch(self, arch: Any) -> int:
        """The index of an architecture in any form; −1 for what is none (but for a number).

        Raises:
            ValueError: a number that is no index.
        """
        try:
            return names.index_of(arch)
        except UserError as error:
            if isinstance(arch, int | float | np.number):
                raise ValueError(str(error)) from None
            return -1

    def get_unique_str(self, arch: Any) -> str:
        """A name that isomorphic cells share."""
        return nb201.unique_str(nb201_forms.to_ops(arch))

    @staticmethod
    def str2lists(arch_str: str) -> list[tuple[tuple[str, int], ...]]:
        """(operation, source) pairs of each node: AutoDL's genotype."""
        return nb201_forms.to_nodes(nb201.str_to_ops(arch_str))

    @staticmethod
    def str2matrix(
        arch_str: str, search_space: tuple[str, ...] | list[str] = nb201.OPERATIONS
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Operation ids at [target, source], [4, 4]; 0 elsewhere."""
        matrix = np.zeros((nb201.NODES, nb201.NODES))
        for (source, target), name in nb201_forms.to_edges(nb201.str_to_ops(arch_str)).items():
            matrix[target, source] = list(search_space).index(name)
        return matrix
