"""Early stopping's rule against the release's, on histories of eigenvalues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from naslib_edd.selection import stop_epoch
from naslib_edd.selection.early_stop import local_average

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "darts_es.npz")


@pytest.mark.parametrize("interval", [1, 2])
def test_stops_where_the_release_stops(interval: int) -> None:
    histories, stops = GOLDEN[f"histories_{interval}"], GOLDEN[f"stops_{interval}"]
    for history, (stopped, back) in zip(histories.tolist(), stops.tolist(), strict=True):
        found = (-1, -1)
        for count in range(1, len(history) + 1):
            epoch = (count - 1) * interval
            back_to = stop_epoch(history[:count], interval=interval) if epoch < 49 else None
            if back_to is not None:
                found = epoch, back_to
                break
        assert found == (stopped, back)


def test_an_average_is_over_the_window_or_over_what_there_is() -> None:
    assert local_average([1.0, 2.0, 6.0], 5) == 3.0
    assert local_average([9.0, 1.0, 2.0, 6.0], 3) == 3.0


def test_no_stop_before_there_are_averages_nor_before_the_start() -> None:
    rising = [10.0**number for number in range(12)]
    options = {"interval": 1, "delta": 4, "window": 5}
    stops = [stop_epoch(rising[:n], start=0, **options) for n in range(1, 13)]
    # The seventh eigenvalue is the first with an average four before it (over three).
    assert stops == [None] * 6 + [0, 1, 2, 3, 4, 5]
    assert stop_epoch(rising[:9], start=3, **options) is None
    assert stop_epoch(rising[:10], start=3, **options) == 3
    assert stop_epoch([1.0] * 12, start=0, **options) is None
    assert stop_epoch([0.0] * 5 + [1.0] * 7, start=0, **options) is not None
