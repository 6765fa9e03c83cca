"""The real NASLib for tests marked ``naslib``, with small synthetic images; and the stand-in."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import yaml


def _module(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"plugin_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def standin() -> ModuleType:
    """The small stand-in for NASLib's interface."""
    return _module("standin")


@pytest.fixture(scope="session")
def naslib() -> SimpleNamespace:
    """The real NASLib's modules. Importing it takes seconds."""
    from naslib_edd.plugin import compat

    return compat.load()


@pytest.fixture
def synthetic(naslib: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts loaders of random images into NASLib's place; they draw from torch's generator."""

    def install(*, images: int = 8, size: int = 8, batch: int = 4) -> None:
        generator = torch.Generator().manual_seed(5)
        x = torch.randn(images, 3, size, size, generator=generator)
        y = torch.randint(10, (images,), generator=generator)
        data = torch.utils.data.TensorDataset(x, y)

        def loaders(config: Any, mode: str = "train") -> tuple[Any, ...]:
            train, val = (
                torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True) for _ in range(2)
            )
            return train, val, val, None, None

        monkeypatch.setattr(naslib.utils, "get_train_val_loaders", loaders)

    return install


@pytest.fixture
def configure(naslib: SimpleNamespace, tmp_path: Path) -> Callable[..., Any]:
    """A config as NASLib's own parser makes it of a YAML file."""

    def make(optimizer: str = "edd_darts", *, space: str = "nasbench201", **search: Any) -> Any:
        values = {
            "optimizer": optimizer,
            "search_space": space,
            "dataset": "cifar10",
            "seed": 3,
            "out_dir": str(tmp_path / "naslib"),
            "save_arch_weights": True,
            "evaluation": {},
            "search": {"epochs": 2, "checkpoint_freq": 1, "learning_rate_min": 0.001, **search},
        }
        file = tmp_path / "naslib.yaml"
        file.write_text(yaml.safe_dump(values))
        options = naslib.utils.default_argument_parser().parse_args(["--config-file", str(file)])
        return naslib.utils.get_config_from_args(options, config_type="nas")

    return make


@pytest.fixture
def make_optimizer(naslib: SimpleNamespace) -> Callable[..., Any]:
    """An optimizer on a fresh search space, everything seeded by the config."""
    from naslib_edd.plugin import registry

    def make(config: Any, method: str | None = None) -> Any:
        naslib.utils.set_seed(config.seed)
        space = naslib.spaces.get_search_space(config.search_space, config.dataset)
        optimizer = registry.get(method or config.optimizer)(**config.search)
        optimizer.adapt_search_space(space, config.dataset)
        return optimizer

    return make
