"""One representative for each unique cell, and what of a cell reaches its output."""

from __future__ import annotations

import itertools

import numpy as np
from digits_table.classes import classes, essential

from naslib_edd.spaces.nb201.encoding import CONV3, EDGES, NODES, NONE, SIZE, all_ops, unique_str


def test_as_many_classes_as_the_benchmark_counts() -> None:
    found = classes()
    assert found.representatives.shape == (6466,)  # Dong & Yang 2020, section 2
    assert found.of.shape == (SIZE,)
    assert np.array_equal(found.of[found.representatives], np.arange(6466))


def test_members_share_the_name_of_their_representative() -> None:
    found, ops = classes(), all_ops().tolist()
    for index in range(0, SIZE, 97):
        own = int(found.representatives[found.of[index]])
        assert unique_str(ops[index]) == unique_str(ops[own])
        assert ops[index].count(NONE) <= ops[own].count(NONE)


def test_a_representative_has_nothing_to_leave_out() -> None:
    for ops in all_ops()[classes().representatives].tolist():
        assert essential(ops) == tuple(ops)


def test_essential_keeps_the_edges_that_lead_to_the_output() -> None:
    """Against a walk along every path of the cell."""
    for ops in all_ops()[::53].tolist():
        leads = set()
        for length in (1, 2, 3):
            for path in itertools.permutations(range(len(EDGES)), length):
                steps = [EDGES[edge] for edge in path]
                joined = all(a[1] == b[0] for a, b in itertools.pairwise(steps))
                if joined and steps[-1][1] == NODES - 1 and all(ops[edge] for edge in path):
                    leads.add(path[0])
        wanted = tuple(op if edge in leads else NONE for edge, op in enumerate(ops))
        assert essential(ops) == wanted


def test_a_dead_end_is_left_out() -> None:
    assert essential((CONV3, NONE, NONE, CONV3, NONE, NONE)) == (0, 0, 0, CONV3, 0, 0)
