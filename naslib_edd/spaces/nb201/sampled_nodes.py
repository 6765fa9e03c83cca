"""Which nodes of a cell count along a sampled path: what is zero, used, or needed."""

from __future__ import annotations

from collections.abc import Sequence

from naslib_edd.spaces.nb201.encoding import CONV1, CONV3, EDGES, NODES, NONE


def zeros(ops: Sequence[int]) -> tuple[bool, ...]:
    """The nodes that only `none` leads to, through any number of edges: their value is zero."""
    found = [False] * NODES
    for node in range(1, NODES):
        found[node] = all(
            ops[row] == NONE or found[source]
            for row, (source, target) in enumerate(EDGES)
            if target == node
        )
    return tuple(found)


def used(ops: Sequence[int]) -> tuple[bool, ...]:
    """The nodes that some path leads from to the output."""
    found = [False] * NODES
    found[-1] = True
    for node in reversed(range(NODES - 1)):
        found[node] = any(
            ops[row] != NONE and found[target]
            for row, (source, target) in enumerate(EDGES)
            if source == node
        )
    return tuple(found)


def needed(ops: Sequence[int], alive: Sequence[bool]) -> tuple[bool, ...]:
    """The nodes whose value some norm's statistics or the output depend on."""
    found = list(alive)
    for node in reversed(range(NODES - 1)):
        leaving = [(ops[r], target) for r, (source, target) in enumerate(EDGES) if source == node]
        found[node] |= any(op in (CONV1, CONV3) or (op != NONE and found[t]) for op, t in leaving)
    return tuple(found)
