"""Wider layers: copies of old channels, and the function of a layer that only copies."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201.widening import copies, widen, widen_convolution


def test_copies_are_of_old_channels_and_by_the_generator() -> None:
    first, again = (
        copies(channels=4, wider=12, generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(first, again) and first.shape == (8,)
    assert first.min() >= 0 and first.max() < 4
    assert copies(channels=4, wider=4, generator=torch.Generator()).numel() == 0
    with pytest.raises(UserError, match="cannot widen 4 channels to 2"):
        copies(channels=4, wider=2, generator=torch.Generator())


def test_new_outputs_repeat_old_ones_where_the_new_inputs_are_zero() -> None:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 6, 6, generator=random, dtype=torch.float64)
    weight = torch.randn(3, 3, 3, 3, generator=random, dtype=torch.float64)
    inputs, outputs = (copies(channels=3, wider=6, generator=random) for _ in range(2))
    wide = widen_convolution(weight, inputs=inputs, outputs=outputs)
    assert wide.shape == (6, 6, 3, 3)
    found = F.conv2d(torch.cat([x, torch.zeros_like(x)], 1), wide, padding=1)
    torch.testing.assert_close(found, widen(F.conv2d(x, weight, padding=1), outputs, dim=1))
