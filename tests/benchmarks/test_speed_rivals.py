"""The rivals of ``benchmarks/speed.py``: AutoDL-Projects' step and NASLib's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from racing.entrants import Entrant, bilevel_step
from racing.rivals import autodl_network, autodl_step, load_naslib, naslib_step, search_space
from racing.steps import Shape
from tiny_race import SHAPE, race

from naslib_edd.bilevel import FirstOrder
from naslib_edd.errors import UserError
from naslib_edd.plugin import checkout as checkouts
from naslib_edd.spaces.nb201.plain import PlainSupernet

pytestmark = pytest.mark.benchmark

CPU = torch.device("cpu")

AUTODL = """
import torch
from naslib_edd.spaces.nb201.plain import PlainSupernet

made = []

class TinyNetworkDarts(torch.nn.Module):
    def __init__(self, C, N, max_nodes, num_classes, search_space, affine, running):
        super().__init__()
        assert max_nodes == 4 and not affine and len(search_space) == 5
        self.supernet = PlainSupernet(channels=C, cells=N, classes=num_classes, running=running)
        self.arch_parameters = torch.nn.Parameter(1e-3 * torch.randn(6, len(search_space)))
        made.append(self)

    def get_weights(self):
        return list(self.supernet.parameters())

    def get_alphas(self):
        return [self.arch_parameters]

    def forward(self, x):
        return None, self.supernet(x, self.arch_parameters.softmax(-1))
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The interface of AutoDL-Projects' DARTS network, over this project's plain supernet."""
    folder = tmp_path / "AutoDL"
    file = folder / "xautodl" / "models" / "cell_searchs" / "search_model_darts.py"
    file.parent.mkdir(parents=True)
    file.write_text(AUTODL, encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "xautodl"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


@pytest.fixture(autouse=True)
def forget_checkouts() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "xautodl"]:
        del sys.modules[name]


def test_the_step_of_autodl_is_the_plain_step_of_darts_v1(checkout: Path) -> None:
    entrant = Entrant(kind="plain", layout="contiguous", method="darts_v1")
    own: Any = bilevel_step(entrant, SHAPE, CPU)
    other = autodl_step(checkout, SHAPE, CPU)
    for _ in range(3):
        own(), other()
    bilevel = own.func.__self__
    (network,) = sys.modules["xautodl.models.cell_searchs.search_model_darts"].made
    assert isinstance(bilevel, FirstOrder) and isinstance(bilevel.supernet, PlainSupernet)
    torch.testing.assert_close(network.arch_parameters, bilevel.logits, check_stride=False)
    for mine, theirs in zip(bilevel.parameters, network.get_weights(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_race_with_a_checkout(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    record = race(out, "--methods", "darts_v1", "--autodl", str(checkout))
    assert len(record["pieces"]["race, autodl"]["engines"]["autodl:darts_v1"]["seconds"]) == 1
    assert record["settings"]["autodl"] == "unknown"  # it is no git checkout
    assert "--autodl AutoDL-Projects" in record["command"]
    assert str(tmp_path) not in out.read_text(encoding="utf-8")
    ratios = record["pieces"]["race, autodl"]["ratios"]
    assert [row["label"] for row in ratios][-1] == "fast / AutoDL"


def test_another_copy_that_is_imported_already(checkout: Path, tmp_path: Path) -> None:
    autodl_network(checkout)
    copy = tmp_path / "copy" / "xautodl" / "models" / "cell_searchs" / "search_model_darts.py"
    copy.parent.mkdir(parents=True)
    copy.write_text(AUTODL, encoding="utf-8")
    with pytest.raises(UserError, match=r"comes from .* not from --autodl"):
        autodl_network(tmp_path / "copy")


def test_a_checkout_that_does_not_import(checkout: Path) -> None:
    file = checkout / "xautodl" / "models" / "cell_searchs" / "search_model_darts.py"
    file.write_text("import a_package_that_nobody_has\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot import .*a_package_that_nobody_has"):
        autodl_network(checkout)
    assert str(checkout) not in sys.path


@pytest.mark.data("AUTODL_HOME")
def test_race_with_the_real_autodl(tmp_path: Path) -> None:
    arguments = ("--methods", "darts_v1", "--autodl", os.environ["AUTODL_HOME"])
    record = race(tmp_path / "speed.json", *arguments)
    engines = record["pieces"]["race, autodl"]["engines"]
    assert engines["autodl:darts_v1"]["median"] > 0
    labels = [row["label"] for row in record["pieces"]["race, autodl"]["ratios"]]
    assert labels[0] == "plain / AutoDL" and labels[-1] == "fast / AutoDL"
    assert record["settings"]["autodl"] != "unknown"


@pytest.mark.data("AUTODL_HOME")
def test_the_real_network_has_the_weights_of_the_plain_one() -> None:
    """Its convolutions, one by one, and its logits."""
    make = autodl_network(Path(os.environ["AUTODL_HOME"]))
    operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
    theirs = make(4, 1, 4, 10, operations, False, True)
    ours = PlainSupernet(channels=4, cells=1, classes=10, running=True)

    def convolutions(network: torch.nn.Module) -> list[tuple[int, ...]]:
        return sorted(tuple(p.shape) for p in network.parameters() if p.dim() == 4)

    assert convolutions(theirs) == convolutions(ours)
    assert [tuple(logits.shape) for logits in theirs.get_alphas()] == [(6, 5)]


@pytest.fixture
def naslib_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """NASLib writes where it runs: let that be a folder of the test's."""
    monkeypatch.chdir(tmp_path)
    return checkouts.require()


@pytest.mark.naslib
def test_race_with_the_real_naslib(naslib_home: Path, tmp_path: Path) -> None:
    arguments = ("--methods", "darts_v1", "gdas", "--naslib", str(naslib_home))
    record = race(tmp_path / "speed.json", *arguments)
    pieces = record["pieces"]
    assert len(pieces["race, naslib"]["engines"]["naslib:darts_v1"]["seconds"]) == 1
    assert len(pieces["race, samplers"]["engines"]["naslib:gdas"]["seconds"]) == 2
    of_both = [*pieces["race, naslib"]["ratios"], *pieces["race, samplers"]["ratios"]]
    assert [row["label"] for row in of_both] == ["fast / NASLib, darts_v1", "fast / NASLib, gdas"]
    assert str(naslib_home) not in record["command"]


@pytest.mark.naslib
@pytest.mark.parametrize("method", ["darts_v1", "gdas"])
def test_the_step_of_naslib_moves_weights_and_logits(naslib_home: Path, method: str) -> None:
    step: Any = naslib_step(naslib_home, method, SHAPE, CPU)
    optimizer = step.func.__self__
    weights = next(p for p in optimizer.graph.parameters() if p.dim() == 4)
    before = weights.detach().clone(), [a.detach().clone() for a in optimizer.architectural_weights]
    step()
    assert not torch.equal(before[0], weights)
    moved = zip(before[1], optimizer.architectural_weights, strict=True)
    assert all(not torch.equal(old, new) for old, new in moved)


@pytest.mark.naslib
@pytest.mark.parametrize(("channels", "cells"), [(4, 1), (2, 3), (16, 5)])
def test_naslib_s_space_of_another_shape(naslib_home: Path, channels: int, cells: int) -> None:
    """Convolutions and weights as the plain supernet of that shape has them."""
    shape = Shape(channels=channels, cells=cells, batch_size=2, size=8)
    modules = load_naslib(naslib_home)
    optimizer = modules.optimizers.DARTSOptimizer(epochs=50)
    optimizer.adapt_search_space(search_space(naslib_home, shape), "cifar10")
    ours = PlainSupernet(channels=channels, cells=cells, classes=10)

    def convolutions(network: torch.nn.Module) -> list[tuple[int, ...]]:
        return sorted(tuple(p.shape) for p in network.parameters() if p.dim() == 4)

    assert convolutions(optimizer.graph) == convolutions(ours)


@pytest.mark.naslib
def test_naslib_has_no_more_cells_than_five(naslib_home: Path) -> None:
    with pytest.raises(UserError, match="has 5 cells a stage; take --cells 5 or fewer, not 6"):
        search_space(naslib_home, Shape(channels=4, cells=6, batch_size=2, size=8))
