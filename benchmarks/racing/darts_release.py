"""quark0/darts' search network, from a checkout that the user names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from naslib_edd.errors import UserError
from racing.shape import Shape

#: The release's modules, whose names others have, too.
_MODULES = ("model_search", "operations", "genotypes")


def release_network(checkout: Path, shape: Shape, classes: int = 10) -> tuple[nn.Module, Any]:
    """The release's network on the CPU, and its logits, [14, 8] each of two.

    Raises:
        UserError: the folder is no checkout, or it does not import.
    """
    folder = checkout / "cnn"
    if not (folder / "model_search.py").is_file():
        raise UserError(f"{checkout} is no checkout of quark0/darts: it has no cnn/model_search.py")
    try:
        with _imported(folder) as module, _on_cpu():
            network = module.Network(shape.channels, classes, shape.cells, None)
    except Exception as error:  # whatever a foreign package raises
        raise UserError(f"cannot import model_search of DARTS_HOME {checkout}: {error}") from error
    return network, [logits.requires_grad_() for logits in network.arch_parameters()]


@contextmanager
def _imported(folder: Path) -> Iterator[Any]:
    before = {name: sys.modules.pop(name, None) for name in _MODULES}
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("model_search")
    finally:
        sys.path.remove(str(folder))
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@contextmanager
def _on_cpu() -> Iterator[None]:
    """The release puts its logits on a GPU while it makes them; here they stay."""
    original = Tensor.cuda

    def stay(tensor: Tensor, *_: object, **__: object) -> Tensor:
        return tensor

    Tensor.cuda = stay  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Tensor.cuda = original  # type: ignore[method-assign]


def copied(network: nn.Module, ours: nn.Module) -> None:
    """Give our network the release's weights: both have them in the same order."""
    with torch.no_grad():
        for target, source in zip(ours.parameters(), network.parameters(), strict=True):
            target.copy_(source)
