"""Stand-ins for third-party modules that NASLib imports and one-shot search never uses.

NASLib imports all its predictors and benchmarks whenever anything of it is imported. A stand-in is
given only for a module of :data:`PURPOSES` that is not installed: an installed one is always used.
It can be imported, named and subclassed; whoever calls it reads which package to install.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from naslib_edd.errors import UserError

#: Module → (what NASLib has it for, what to install).
PURPOSES: dict[str, tuple[str, str]] = {
    "ConfigSpace": ("NAS-Bench-301's surrogate", "ConfigSpace"),
    "PIL": ("image files", "pillow"),
    "emcee": ("learning-curve predictors", "emcee"),
    "grakel": ("graph kernels", "grakel"),
    "lightgbm": ("tree predictors", "lightgbm"),
    "nasbench_pytorch": ("NAS-Bench-101", "nasbench_pytorch"),
    "ngboost": ("tree predictors", "ngboost"),
    "pybnn": ("Bayesian predictors", "pybnn"),
    "pyro": ("Gaussian processes", "pyro-ppl"),
    "pytorch_msssim": ("a loss of TransNAS-Bench", "pytorch-msssim"),
    "seaborn": ("plots of weights", "seaborn"),
    "six": ("graph kernels", "six"),
    "skimage": ("tasks of TransNAS-Bench", "scikit-image"),
    "tensorwatch": ("zero-cost proxies", "tensorwatch tornado"),
    "torchvision": ("NASLib's own data loaders; naslib-edd brings its own", "torchvision"),
    "transforms3d": ("tasks of TransNAS-Bench", "transforms3d"),
    "turtle": ("nothing: a stray import, which needs tkinter", "tkinter"),
    "distutils": ("nothing: a stray import, gone from Python 3.12", "setuptools"),
    "xgboost": ("tree predictors", "xgboost"),
}


class _Meta(type):
    """Makes a stand-in's attributes stand-ins, and its call a clear error."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__module__}.{cls.__qualname__}", name)

    def __call__(cls, *_: Any, **__: Any) -> Any:
        refuse(cls.__module__)


def refuse(module: str) -> NoReturn:
    """Raise the error of a stand-in that is used."""
    top = module.split(".")[0]
    purpose, package = PURPOSES[top]
    raise UserError(
        f"NASLib asked for {top} ({purpose}), which is not installed; "
        f"install it: pip install {package}"
    )


def _stand_in(module: str, name: str) -> type:
    return _Meta(name, (), {"__module__": module})


class _Module(ModuleType):
    __path__: list[str] = []  # so that its submodules are asked for, too  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(self.__name__, name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Comes last: it is asked only for what no other finder has."""

    def __init__(self) -> None:
        self.given: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top not in PURPOSES:
            return None
        if top != fullname and not isinstance(sys.modules.get(top), _Module):
            return None  # a missing part of a package that is really there
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self.given.add(spec.name.partition(".")[0])
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A stand-in has no content."""


_finder = _Finder()


def install() -> None:
    """From now on, the missing modules of :data:`PURPOSES` can be imported."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)


def remove() -> None:
    """Stand in for nothing new; what NASLib holds it keeps."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    # Others may ask whether these are installed, and must get the true answer.
    for name in [name for name, module in sys.modules.items() if isinstance(module, _Module)]:
        del sys.modules[name]


def put(name: str) -> None:
    """Stand in for a module that is there but cannot be imported."""
    sys.modules[name] = _Module(name)
    _finder.given.add(name)


def given() -> list[str]:
    """Which modules were stood in for so far."""
    return sorted(_finder.given)


def missing() -> list[str]:
    """Which modules of :data:`PURPOSES` would be stood in for."""
    return [name for name in PURPOSES if name not in ("turtle", "distutils") and not _there(name)]


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
