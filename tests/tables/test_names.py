"""The look-up of strings agrees with the space's own parser."""

from __future__ import annotations

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.tables import names


def test_the_whole_space() -> None:
    for index in range(nb201.SIZE):
        ops = names.ops_at(index)
        text = names.str_of(ops)
        assert ops == nb201.index_to_ops(index)
        assert text == nb201.ops_to_str(ops)
        assert names.index_of(text) == index


def test_every_kind_of_name() -> None:
    ops = nb201.index_to_ops(857)
    text = nb201.ops_to_str(ops)
    for name in (857, np.int64(857), "857", text, f" {text}\n", ops, list(ops), np.array(ops)):
        assert names.index_of(name) == 857


@pytest.mark.parametrize("wrong", [-1, 15625, "", "|none~0|", "15625", (0, 1), "a+b+c", "++"])
def test_wrong_names_are_explained(wrong: object) -> None:
    with pytest.raises(UserError):
        names.index_of(wrong)  # type: ignore[arg-type]


def test_parts_in_the_wrong_order_are_refused() -> None:
    first, second, third = nb201.ops_to_str((1, 2, 3, 4, 0, 1)).split("+")
    with pytest.raises(UserError, match="needs 1"):
        names.index_of("+".join([second, first, third]))
