"""The column behind the operations': found by width, in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers import run, tiny_settings

from naslib_edd.spaces.edge_column import joined, split, split_last


def test_split_gives_views_and_joined_the_whole() -> None:
    values = torch.arange(12.0).reshape(2, 6)
    operations, edges = split(values, 5)
    assert edges is not None
    assert torch.equal(joined(operations, edges), values)
    assert operations.data_ptr() == values.data_ptr()
    assert torch.equal(split_last(values)[1], edges)
    edges[0] = -1.0
    assert values[0, 5] == -1.0
    whole, none = split(values, 6)
    assert none is None and joined(whole, none) is whole is values
    for wrong in (4, 7):
        with pytest.raises(ValueError, match="6 columns where"):
            split(values, wrong)


@pytest.mark.search
@pytest.mark.parametrize("perturbation", ["random", "adversarial"])
@pytest.mark.parametrize("edge_weights", [True, False])
def test_perturbation_with_partial_channels(
    tmp_path: Path, perturbation: str, edge_weights: bool
) -> None:
    settings = tiny_settings(
        tmp_path,
        optimizer="darts_v1",
        search={
            "epochs": 1, "limit_train": 32, "limit_val": 32, "partial_channels": 2,
            "edge_weights": edge_weights, "perturbation": perturbation, "attack_steps": 1,
        },
    )  # fmt: skip
    row = run(settings).rows[-1]
    assert ("edge_logits" in row) is edge_weights
    assert [len(edge) for edge in row["logits"]] == [5] * 6
