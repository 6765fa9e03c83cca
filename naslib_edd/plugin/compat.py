"""What today's Python, NumPy and CPU builds of torch need to import NASLib, which is left as it is.

Opt-in: nothing happens before :func:`load` is called (our runner calls it). In short:

- ``collections`` gets back the names that moved to ``collections.abc`` (Python 3.10);
- torchvision's operators get a declaration where torch is a CPU build without them;
- missing modules that one-shot search never uses are stood in for (:mod:`.standins`).

NumPy 2.4 refuses ``np.sum`` of a generator, which NASLib has in its count of parameters: our
optimizers count for themselves, and the runner counts for NASLib's own.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import importlib.util
import sys
from types import SimpleNamespace
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout, standins

#: What the plugin uses of NASLib.
MODULES = {
    "utils": "naslib.utils",
    "optimizers": "naslib.optimizers",
    "metaclasses": "naslib.optimizers.core.metaclasses",
    "primitives": "naslib.search_spaces.core.primitives",
    "spaces": "naslib.search_spaces",
    "trainer": "naslib.defaults.trainer",
    "log": "naslib.utils.log",
}
_MOVED = ("Iterable", "Mapping", "MutableMapping", "Sequence", "Callable", "Hashable")
_loaded: SimpleNamespace | None = None
_library: Any = None


def load() -> SimpleNamespace:
    """Import NASLib; its modules by the names of :data:`MODULES`.

    Raises:
        UserError: there is no checkout, or it cannot be imported; says what to do.
    """
    global _loaded
    if _loaded is not None:
        return _loaded
    path = checkout.require()
    checkout.put_on_path(path)
    aliases()
    standins.install()
    try:
        _prepare_torchvision()
        _prepare_turtle()
        _loaded = SimpleNamespace(
            **{name: importlib.import_module(module) for name, module in MODULES.items()}
        )
    except ImportError as error:
        missing = getattr(error, "name", None)
        remedy = f"pip install {missing}" if missing else "look at `naslib-edd doctor`"
        raise UserError(f"NASLib at {path} cannot be imported: {error}; {remedy}") from error
    finally:
        standins.remove()
    return _loaded


def aliases() -> None:
    """Names that ``collections`` had until Python 3.10."""
    for name in _MOVED:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))


def _prepare_torchvision() -> None:
    """Import torchvision; with its operators declared, if it fails for want of them."""
    global _library
    if importlib.util.find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
        return
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    _forget("torchvision")
    import torch

    # A wheel for CUDA cannot load its binary part here, so the operators have no declaration.
    _library = torch.library.Library("torchvision", "DEF")
    _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    try:
        importlib.import_module("torchvision")
    except Exception as error:
        _forget("torchvision")
        raise UserError(
            f"torchvision cannot be imported beside this torch ({error}); uninstall it (naslib-edd "
            "brings its own data loaders) or install the one that belongs to this torch"
        ) from error


def _prepare_turtle() -> None:
    """Turtle is part of Python, but not without tkinter."""
    try:
        importlib.import_module("turtle")
    except ImportError:
        standins.put("turtle")


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]
