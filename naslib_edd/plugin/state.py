"""Checkpoints through NASLib's own checkpointer, which saves nothing but the model.

The "model" that it is given is :class:`Checkpointed`: beside the graph's tensors its state dict has
one more, the bytes of everything else (logits, both optimizers, temperature, history, generators).
What the checkpointer (fvcore's) asks for: every value a tensor, and of the shape that the present
state dict has under that name; so the number of bytes is part of the name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

PREFIX = "naslib_edd.state."


class Stateful(Protocol):
    """What is saved beside the graph."""

    graph: nn.Module

    def state(self) -> dict[str, Any]:
        """Tensors, numbers and texts only."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""


class Checkpointed(nn.Module):
    """The graph and everything else of an optimizer, as one module for a checkpointer."""

    def __init__(self, owner: Stateful) -> None:
        super().__init__()
        self.owner = owner

    def state_dict(self, *_: Any, **__: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """The graph's tensors, and one of bytes. Changes nothing, draws nothing."""
        packed = pack(self.owner.state())
        return {**self.owner.graph.state_dict(), f"{PREFIX}{len(packed)}": packed}

    def load_state_dict(self, state_dict: Mapping[str, Any], *_: Any, **__: Any) -> Any:
        """Restore both. A checkpoint without our bytes restores the graph alone."""
        tensors = {k: value for k, value in state_dict.items() if not k.startswith(PREFIX)}
        packed = [value for k, value in state_dict.items() if k.startswith(PREFIX)]
        outcome = self.owner.graph.load_state_dict(tensors, strict=False)
        if packed:
            self.owner.load_state(unpack(packed[0]))
        else:
            outcome.missing_keys.append(PREFIX + "*")
        return outcome


def pack(state: dict[str, Any]) -> Tensor:
    """A state as a tensor of bytes, uint8 [n]."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return torch.from_numpy(np.frombuffer(buffer.getvalue(), dtype=np.uint8).copy())


def unpack(packed: Tensor) -> dict[str, Any]:
    """The inverse of :func:`pack`; runs no code of the file."""
    buffer = io.BytesIO(packed.cpu().numpy().tobytes())
    state: dict[str, Any] = torch.load(buffer, map_location="cpu", weights_only=True)
    return state
