"""The rows and columns of the DARTS spaces."""

from __future__ import annotations

import pytest

from naslib_edd.spaces.darts.layout import DARTS, EDGES, LAYOUTS, S1, S1_PAIRS, STRIDED


def test_edges_are_in_the_order_of_the_release() -> None:
    walked = []
    for node in range(4):
        walked += [(source, node + 2) for source in range(2 + node)]
    assert tuple(walked) == EDGES
    assert len(EDGES) == 14


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_each_node_keeps_two_edges(name: str) -> None:
    layout = LAYOUTS[name]
    assert layout.edges == 28
    assert layout.decisions == 8
    assert layout.losing == tuple(
        (cell, node) for cell in ("normal", "reduce") for node in (3, 4, 5)
    )
    assert layout.rows("reduce") == range(14, 28)


def test_a_reduce_cell_halves_the_edges_of_its_inputs() -> None:
    assert {0, 1, 2, 3, 5, 6, 9, 10} == STRIDED
    assert [cell.strided for cell in DARTS.cells] == [frozenset(), STRIDED]


def test_columns() -> None:
    assert len(DARTS.operations) == 8
    assert (DARTS.none, DARTS.skip) == (0, 3)
    assert (LAYOUTS["s2"].none, LAYOUTS["s3"].none, LAYOUTS["s4"].none) == (None, 0, None)
    assert LAYOUTS["s4"].operations == ("noise", "sep_conv_3x3")


def test_s1_has_a_pair_on_each_edge() -> None:
    assert S1.choices is not None
    found = [{S1.operations[op] for op in columns} for columns in S1.choices]
    assert found == [set(pair) for cell in ("normal", "reduce") for pair in S1_PAIRS[cell]]
    assert all(len(pair) == 2 for pair in found)
    # In the normal cell nothing but two edges into the last node lacks skip_connect.
    without = [row for row in range(14) if "skip_connect" not in found[row]]
    assert [EDGES[row] for row in without] == [(3, 5), (4, 5)]
