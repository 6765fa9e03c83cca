"""The lines of a space's operations look different, whatever the space."""

from __future__ import annotations

import pytest

from naslib_edd import spaces
from naslib_edd.report.panels import operation_styles
from naslib_edd.spaces.nb201.drawing import COLOURS


@pytest.mark.parametrize("name", ["nasbench201", "darts", "s1", "s4"])
def test_no_two_look_the_same(name: str) -> None:
    operations = spaces.get(name).layout.operations
    styles = operation_styles(operations)
    assert list(styles) != [] and set(styles) == set(operations)
    assert len(set(styles.values())) == len(operations)
    for operation in set(operations) & set(COLOURS):
        assert styles[operation][0] == COLOURS[operation]
