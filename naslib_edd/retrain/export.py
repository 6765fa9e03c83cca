"""What a training leaves: sealed weights that are read without running code, and whole networks.

``last.pt``, ``best.pt`` and ``ema.pt`` hold ``state_dict`` and ``about``: what
:func:`load_network` builds the network from.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from naslib_edd import spaces
from naslib_edd.engine import checkpoint
from naslib_edd.errors import UserError
from naslib_edd.retrain.images import number_type
from naslib_edd.retrain.network import AUXILIARY
from naslib_edd.retrain.settings import Settings
from naslib_edd.spaces import Kept, Space
from naslib_edd.storage.files import write_atomic
from naslib_edd.storage.paths import path_of
from naslib_edd.supernet.scores import ScoresAlone

#: The file of a whole network, by ``export``.
FILES = {"torchscript": "model.ts", "onnx": "model.onnx", "program": "model.pt2"}
_TYPES = {"float32": torch.float32, "float64": torch.float64}


def about(
    space: Space, arch: Kept, settings: Settings, *, classes: int, size: int
) -> dict[str, Any]:
    """What a network is built from."""
    return {
        "space": space.name,
        "arch_str": space.text(arch),
        "channels": settings.channels,
        "cells": settings.cells,
        "classes": classes,
        "stem": settings.stem,
        "size": size,
        "type": str(number_type(settings)).removeprefix("torch."),
    }


def save_weights(path: Path, network: nn.Module, described: Mapping[str, Any]) -> None:
    """Write the weights (those of the auxiliary head, which only training needs, are left out)."""
    weights = {
        key: tensor.detach().cpu().contiguous()
        for key, tensor in network.state_dict().items()
        if not key.startswith(AUXILIARY)
    }
    checkpoint.write(path, {"state_dict": weights, "about": dict(described)})


def load_network(path: str | os.PathLike[str]) -> nn.Module:
    """The network of ``last.pt``, ``best.pt`` or ``ema.pt``: class scores, in evaluation mode.

    Its input is normalised images [B, 3, H, W]; see ``docs/retrain.md``.

    Raises:
        UserError: the file is damaged, or no such file.
    """
    place = path_of(path, "the weights")
    content, has_seal = checkpoint.verified(place)
    try:
        held = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        described = held["about"]
        space = spaces.get(str(described["space"]))
        network = space.full_network(
            space.parse(described["arch_str"]),
            channels=described["channels"],
            cells=described["cells"],
            classes=described["classes"],
            stem=described["stem"],
        ).to(_TYPES[described["type"]])
        network.load_state_dict(held["state_dict"])
    except checkpoint.NOT_LOADED:
        raise UserError(f"{place} holds no weights of naslib-edd retrain") from None
    if not has_seal:
        raise UserError(f"{place} has lost its checksum: it was damaged, or written by hand")
    return ScoresAlone(network).eval()


def check_export(kind: str) -> None:
    """Raise UserError where a network cannot be written whole in that form here."""
    if kind != "onnx":
        return
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise UserError(
            "export=onnx needs onnx and onnxscript, which are not installed: pip install "
            "'naslib-edd[onnx]', or use export=torchscript"
        ) from None


def save_whole(folder: Path, network: nn.Module, described: Mapping[str, Any], kind: str) -> str:
    """Write a network whole, with its weights; returns the file's name.

    Args:
        folder: where to.
        network: of class scores, on the CPU, in evaluation mode.
        described: see :func:`about`.
        kind: ``torchscript``, ``onnx`` or ``program`` (``torch.export``).
    """
    size = described["size"]
    x = torch.zeros(2, 3, size, size, dtype=_TYPES[described["type"]])
    name = FILES[kind]
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations of torch's own
        if kind == "torchscript":
            traced = torch.jit.trace(network, x)
            write_atomic(folder / name, lambda file: torch.jit.save(traced, file))
        elif kind == "program":
            program = torch.export.export(network, (x,), dynamic_shapes=({0: batch},))
            write_atomic(folder / name, lambda file: torch.export.save(program, file))
        else:
            made = torch.onnx.export(network, (x,), dynamo=True, dynamic_shapes=({0: batch},))
            assert made is not None
            content = made.model_proto.SerializeToString()
            write_atomic(folder / name, lambda file: file.write(content))
    return name
