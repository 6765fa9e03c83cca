import itertools
from pathlib import Path

import pytest
from matplotlib.patches import FancyArrowPatch

from naslib_edd.errors import UserError
from naslib_edd.report.style import house_style, new_figure
from naslib_edd.spaces.nb201.drawing import COLOURS, SHORT, draw_cell, draw_cells
from naslib_edd.spaces.nb201.encoding import EDGES, NODES, OPERATIONS


def drawn(ops, *, size=(4.3, 3.0), font_size=8):
    with house_style():
        figure = new_figure(*size)
        axes = figure.subplots()
        draw_cell(axes, ops, font_size=font_size)
        figure.draw_without_rendering()
    return figure, axes


def test_each_edge_has_its_operation():
    ops = (0, 1, 2, 3, 4, 1)
    _, axes = drawn(ops)
    labels = [text.get_text() for text in axes.texts]
    edges = [SHORT[OPERATIONS[op]] for op in ops]
    assert sorted(labels) == sorted([*edges, "in", "1", "2", "out"])
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == len(EDGES)
    assert [arrow.get_linestyle() == "-" for arrow in arrows] == [op != 0 for op in ops]


def test_labels_keep_clear_of_each_other_and_stay_inside():
    # The longest name on every edge, at the size of the overview's panel.
    figure, axes = drawn([OPERATIONS.index("avg_pool_3x3")] * 6)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(EDGES) + NODES
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(figure.bbox.contains(*corner) for box in boxes for corner in (box.min, box.max))


def test_colours_differ():
    assert len(set(COLOURS.values())) == len(OPERATIONS)


def test_damaged_ops_are_refused():
    with pytest.raises(UserError, match="6 operations"):
        drawn([1, 2])


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_cells_are_drawn_into_a_file_of_the_endings_format(tmp_path: Path, ending, begins):
    path = draw_cells([6111, "1835"], tmp_path / f"cells.{ending}")
    assert path.read_bytes().startswith(begins)


def test_cells_that_cannot_be_drawn(tmp_path: Path):
    for archs, name, says in (
        ([], "a.png", "a cell to draw is needed"),
        (["x"], "a.png", "is no architecture"),
        ([1], "a.xyz", "format"),
        ([1], "a", "format"),
    ):
        with pytest.raises(UserError, match=says):
            draw_cells(archs, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
