"""What every part of a search may have: a schedule over epochs, and state."""

from __future__ import annotations

from typing import Any


class Part:
    """A part without a schedule and without state; the base class of those that have some."""

    def begin_epoch(self, epoch: int) -> None:
        """Told before the first step of each epoch (from 0), on a resume inside it once more.

        A schedule is a function of the epoch alone.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a resumed search needs: tensors, numbers and texts only."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
