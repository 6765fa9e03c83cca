"""The NAS-Bench-201 cell space: 4 nodes, 6 edges, 5 operations, 15,625 architectures.

Four ways to name one architecture, and the conversions between them:

========  ==========================================================================================
index     0 … 15,624, the row of NAS-Bench-201's own file (and of NATS-Bench's topology space)
ops       6 operation ids into :data:`OPERATIONS`, one an edge, edges as in :data:`EDGES`
string    ``|nor_conv_3x3~0|+|none~0|skip_connect~1|+|…~0|…~1|…~2|``, NAS-Bench-201's own
NASLib    6 ids into :data:`NASLIB_OPERATIONS`, edges as in :data:`NASLIB_EDGES`
========  ==========================================================================================

Source: Dong & Yang 2020, "NAS-Bench-201"; the index order is that of the benchmark's generator, the
Cartesian product of the operations shuffled by Python's ``random`` with seed 88. NASLib's order is
that of ``naslib/search_spaces/nasbench201/conversions.py`` (Develop, 0b51bc18).
This module needs neither torch nor a table.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONV1, CONV3, POOL = range(5)

#: (source, target) of each edge, in the order of the logits' rows: 1←0, 2←0, 2←1, 3←0, 3←1, 3←2.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
NODES = 4
SIZE = len(OPERATIONS) ** len(EDGES)

NASLIB_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
#: NASLib's edges (1,2), (1,3), (1,4), (2,3), (2,4), (3,4), counted from 0.
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

_TO_NASLIB_OP = tuple(NASLIB_OPERATIONS.index(name) for name in OPERATIONS)
_FROM_NASLIB_OP = tuple(OPERATIONS.index(name) for name in NASLIB_OPERATIONS)
_TO_NASLIB_EDGE = tuple(EDGES.index(edge) for edge in NASLIB_EDGES)
_FROM_NASLIB_EDGE = tuple(NASLIB_EDGES.index(edge) for edge in EDGES)
_IDS = f"0 to {len(OPERATIONS) - 1}: {', '.join(OPERATIONS)}"
_ID = {name: number for number, name in enumerate(OPERATIONS)}
#: An architecture string, for messages.
EXAMPLE = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"


class Named(Protocol):
    """What says its architecture string itself, as AutoDL's ``Structure`` does."""

    def tostr(self) -> str:
        """The architecture string."""
        ...


Ops = tuple[int, ...]
#: An architecture in any form of :mod:`naslib_edd.spaces.nb201.forms`.
Arch = str | float | Sequence[Any] | Mapping[Any, Any] | NDArray[Any] | Named


@cache
def all_ops() -> NDArray[np.int8]:
    """Operation ids of every architecture in index order, [15625, 6]. Read-only."""
    order = list(range(SIZE))
    # What Random(88).shuffle does, without its calls: every new process needs this once.
    draw = random.Random(88).getrandbits
    for last in range(SIZE - 1, 0, -1):
        bits = (last + 1).bit_length()
        place = draw(bits)
        while place > last:
            place = draw(bits)
        order[last], order[place] = order[place], order[last]
    table = (np.array(order)[:, None] // _POWERS % len(OPERATIONS)).astype(np.int8)
    table.flags.writeable = False
    return table


@cache
def _index_by_code() -> NDArray[np.int32]:
    """Index of the architecture whose ops, read as a base-5 number, are the position. [15625]."""
    inverse = np.empty(SIZE, dtype=np.int32)
    inverse[all_ops() @ _POWERS] = np.arange(SIZE, dtype=np.int32)
    return inverse


_POWERS = 5 ** np.arange(len(EDGES) - 1, -1, -1)


def check_ops(ops: Sequence[int]) -> Ops:
    """The ops as a tuple of six ints.

    Raises:
        UserError: not six ids, or an id out of range.
    """
    if len(ops) != len(EDGES):
        raise UserError(f"an NB201 architecture has {len(EDGES)} operations; {len(ops)} given")
    found = tuple(ops)
    if all(type(op) is int and 0 <= op < len(OPERATIONS) for op in found):
        return found
    return tuple(check_op(op, f" on edge {edge}") for edge, op in enumerate(found))


def check_op(op: Any, where: str = "") -> int:
    """An operation id as an int; whole floats (a data frame's) will do.

    Raises:
        UserError: it is no whole number, or out of range.
    """
    try:
        found = int(op)
        whole = found == op and not isinstance(op, bool | np.bool_ | str)
    except (TypeError, ValueError, OverflowError):
        found, whole = 0, False
    if not whole:
        raise UserError(f"{str(op)[:40]!r}{where} is no operation id; ids are {_IDS}")
    if not 0 <= found < len(OPERATIONS):
        raise UserError(f"operation id {found}{where} is out of range; ids are {_IDS}")
    return found


def index_to_ops(index: int) -> Ops:
    """Operation ids of row ``index`` of NAS-Bench-201.

    Raises:
        UserError: the index is out of range.
    """
    if not 0 <= index < SIZE:
        raise UserError(f"index {index} is out of range; NB201 has 0 to {SIZE - 1}")
    return tuple(int(op) for op in all_ops()[index])


def ops_to_index(ops: Sequence[int]) -> int:
    """Row of NAS-Bench-201 that holds these operations."""
    code = 0
    for op in check_ops(ops):
        code = code * len(OPERATIONS) + op
    return int(_index_by_code()[code])


def ops_to_str(ops: Sequence[int]) -> str:
    """NAS-Bench-201's architecture string."""
    checked = check_ops(ops)
    nodes = []
    for target in range(1, NODES):
        parts = (
            f"{OPERATIONS[op]}~{source}"
            for (source, node), op in zip(EDGES, checked, strict=True)
            if node == target
        )
        nodes.append("|" + "|".join(parts) + "|")
    return "+".join(nodes)


def str_to_ops(text: str) -> Ops:
    """Operation ids of an architecture string.

    Raises:
        UserError: says which part is wrong, with the nearest operation name.
    """
    nodes = text.strip().split("+")
    text = text if len(text) <= 200 else f"{text[:200]}…"
    if len(nodes) != NODES - 1:
        raise UserError(
            f"architecture string {text!r} has {len(nodes)} nodes where NB201 has {NODES - 1} "
            f"joined by '+'; an example: {EXAMPLE}"
        )
    ops: list[int] = []
    for target, node in enumerate(nodes, start=1):
        if not (node.startswith("|") and node.endswith("|") and len(node) > 1):
            raise UserError(f"node {target}, {node!r}, must begin and end with '|' (in {text!r})")
        parts = node[1:-1].split("|")
        if len(parts) != target:
            raise UserError(f"node {target}, {node!r}, has {len(parts)} inputs; it needs {target}")
        for source, part in enumerate(parts):
            match = re.fullmatch(r"([^~]+)~(\d+)", part)
            if match is None:
                raise UserError(f"{part!r} in node {target} is not of the form 'operation~source'")
            name, number = match[1], int(match[2])
            if name not in _ID:
                raise UserError(
                    f"unknown operation {name!r} in node {target}{nearest(name, OPERATIONS)}"
                )
            if number != source:
                raise UserError(
                    f"{part!r} in node {target} names source {number}; input {source} must name "
                    f"source {source}"
                )
            ops.append(_ID[name])
    return tuple(ops)


def ops_to_naslib(ops: Sequence[int]) -> Ops:
    """NASLib's op indices: other numbers for the operations, and the edges by source node."""
    checked = check_ops(ops)
    return tuple(_TO_NASLIB_OP[checked[edge]] for edge in _TO_NASLIB_EDGE)


def naslib_to_ops(naslib: Sequence[int]) -> Ops:
    """Operation ids from NASLib's op indices."""
    checked = check_ops(naslib)
    return tuple(_FROM_NASLIB_OP[checked[edge]] for edge in _FROM_NASLIB_EDGE)


def unique_str(ops: Sequence[int]) -> str:
    """A name that isomorphic cells share: 6,466 names over the space.

    The benchmark's own notion: ``skip_connect`` dissolves, what ``none`` leads to (or comes from)
    is ``#``, inputs are sorted.
    """
    nodes = ["0"]
    for target in range(1, NODES):
        inputs = []
        for (source, node), op in zip(EDGES, check_ops(ops), strict=True):
            if node == target:
                name = nodes[source]
                if op == NONE or name == "#":
                    inputs.append("#")
                else:
                    inputs.append(name if op == SKIP else f"({name})@{OPERATIONS[op]}")
        nodes.append("+".join(sorted(inputs)))
    return nodes[-1]


def is_connected(ops: Sequence[int]) -> bool:
    """Whether any path without ``none`` leads from the input to the output."""
    reached = [True] + [False] * (NODES - 1)
    for (source, target), op in zip(EDGES, check_ops(ops), strict=True):
        reached[target] |= reached[source] and op != NONE
    return reached[-1]


def has_weights(ops: Sequence[int]) -> bool:
    """Whether a convolution lies on a path without ``none`` from the input to the output.

    If not, the cell computes the same whatever is trained: its output is pools, copies and zeros.
    """
    checked = check_ops(ops)
    # What reaches each node: nothing, something, something that went through a convolution.
    reached, weighted = [True] + [False] * (NODES - 1), [False] * NODES
    for (source, target), op in zip(EDGES, checked, strict=True):
        if op != NONE and reached[source]:
            reached[target] = True
            weighted[target] |= weighted[source] or op in (CONV1, CONV3)
    return weighted[-1]
