"""``benchmarks/darts_network.py``: the search networks of the DARTS space in turn."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from statistics import median
from types import ModuleType

import darts_network
import pytest
import torch
from darts_network import STEPS, entrants, main
from racing.rivals import release_network
from racing.steps import Shape

from naslib_edd.errors import UserError

pytestmark = pytest.mark.benchmark

TINY = ["--channels", "2", "--cells", "3", "--batch-size", "2", "--size", "8", "--rounds", "2"]
SHAPE = Shape(channels=2, cells=3, batch_size=2, size=8)


@pytest.fixture(autouse=True)
def nothing_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darts_network, "keep_freed_memory", lambda: True)


def test_a_record_piece_by_piece(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DARTS_HOME", raising=False)
    out = tmp_path / "deep" / "record.json"
    threads = str(torch.get_num_threads())
    for partial in ("1", "1"):
        arguments = [*TINY, "--partial", partial, "--threads", threads, "--out", str(out)]
        assert main(arguments) == 0
    (piece,) = json.loads(out.read_text())
    assert piece["shape"] == {**vars(SHAPE), "partial": 1} and piece["release"] is None
    assert set(piece["networks"]) == {"plain", "fast"} and piece["processor"]
    for row in piece["networks"].values():
        assert all(len(row["seconds"][kind]) == 2 for kind in STEPS)
        assert all(row["saved_mib"][kind] > 0 for kind in STEPS)
    text = capsys.readouterr().out
    assert "release: not raced (DARTS_HOME is not set" in text and "times as fast" in text


def test_all_take_the_same_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    each = entrants(SHAPE, 1, os.environ.get("DARTS_HOME"))
    for kind in STEPS:
        found = {name: entrant.step(kind) for name, entrant in each.items()}
        for gradients in found.values():
            for one, other in zip(gradients, found["plain"], strict=True):
                torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


def test_a_folder_that_is_no_checkout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARTS_HOME", str(tmp_path))
    assert main([*TINY, "--out", str(tmp_path / "o.json")]) == 2
    assert "is no checkout of quark0/darts" in capsys.readouterr().err
    (tmp_path / "cnn").mkdir()
    (tmp_path / "cnn" / "model_search.py").write_text("import no_such_module_at_all\n")
    with pytest.raises(UserError, match="cannot import model_search"):
        release_network(tmp_path, SHAPE)


RELEASE = """
import torch
from genotypes import PRIMITIVES

class Network(torch.nn.Module):
    def __init__(self, C, classes, layers, criterion):
        super().__init__()
        self.head = torch.nn.Linear(C, classes)
        self.alphas = [torch.zeros(14, len(PRIMITIVES)).cuda() for _ in range(2)]

    def arch_parameters(self):
        return self.alphas
"""


def test_a_checkout_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its logits stay on the CPU; modules of its modules' names are those that were there."""
    (tmp_path / "cnn").mkdir()
    (tmp_path / "cnn" / "model_search.py").write_text(RELEASE)
    (tmp_path / "cnn" / "genotypes.py").write_text("PRIMITIVES = list(range(8))\n")
    monkeypatch.setitem(sys.modules, "genotypes", other := ModuleType("genotypes"))
    before, cuda = list(sys.path), torch.Tensor.cuda
    network, logits = release_network(tmp_path, SHAPE)
    assert [tuple(one.shape) for one in logits] == [(14, 8)] * 2
    assert all(one.requires_grad and one.device.type == "cpu" for one in logits)
    assert [tuple(one.shape) for one in network.parameters()] == [(10, 2), (10,)]
    assert sys.modules["genotypes"] is other and "model_search" not in sys.modules
    assert sys.path == before and torch.Tensor.cuda is cuda


@pytest.mark.data("DARTS_HOME")
def test_the_release_has_the_weights_of_the_plain_network() -> None:
    each = entrants(SHAPE, 1, os.environ["DARTS_HOME"])
    shapes = {name: [weight.shape for weight in entrant.weights] for name, entrant in each.items()}
    assert shapes["release"] == shapes["plain"] == shapes["fast"]


def test_the_page_has_the_record() -> None:
    root = Path(__file__).parents[2]
    record = json.loads((root / "benchmarks/results/darts_network.json").read_text("utf-8"))
    lines = (root / "docs/darts.md").read_text("utf-8").splitlines()
    shown = [line for line in lines if line.startswith(("| AVX-512 |", "| AVX2 |"))]
    wanted = []
    for piece in record:
        shape, networks, faster = piece["shape"], piece["networks"], piece["fast_is_faster_by"]
        channels = "all" if shape["partial"] == 1 else f"one in {shape['partial']} (PC-DARTS)"
        size = f"{shape['channels']}, {shape['cells']}, {shape['batch_size']}, {channels}"
        isa = {"avx512": "AVX-512", "avx2": "AVX2"}[piece["isa"]]
        for step in STEPS:
            kept = networks["fast"]["saved_mib"][step] / networks["plain"]["saved_mib"][step]
            release = f"{faster['release'][step]:.2f}" if "release" in faster else "–"
            seconds = median(networks["fast"]["seconds"][step])
            wanted.append(
                f"| {isa} | {size} | {step} | {seconds:.2f} s | {faster['plain'][step]:.2f} | "
                f"{release} | {kept:.2f} |"
            )
    assert shown == wanted
