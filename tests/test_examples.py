"""The scripts of examples/, as a reader runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import naslib_edd

# The built-in NAS-Bench-201 and the forms of other libraries.
pytest.importorskip("naslib_edd.spaces.nb201.forms")

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import ten_minutes

    return ten_minutes


def test_sparsemax_is_the_nearest_point_of_the_simplex(example: ModuleType) -> None:
    """By its optimality: (z − β) is the same where β is above 0, and no larger elsewhere."""
    torch.manual_seed(0)
    logits, t = 2 * torch.randn(500, 5, dtype=torch.float64), torch.tensor(0.8)
    logits[:100, 2] = -torch.inf
    leaf = logits.clone().requires_grad_()
    beta = example.Sparsemax()(leaf, t)
    assert torch.allclose(beta.sum(-1), torch.ones(500, dtype=torch.float64))
    assert not beta[:100, 2].any() and (beta == 0).any(-1).float().mean() > 0.5
    rest = (logits / t - beta).detach()
    threshold = torch.where(beta > 0, rest, -torch.inf).amax(-1, keepdim=True)
    lowest = torch.where(beta > 0, rest, torch.inf).amin(-1, keepdim=True)
    assert torch.allclose(threshold, lowest) and bool((rest <= threshold + 1e-12).all())
    (gradient,) = torch.autograd.grad(beta, leaf, torch.randn_like(beta))
    assert torch.isfinite(gradient).all()


def test_the_images_are_of_the_size_that_they_are_said_to_be(example: ModuleType) -> None:
    x_train, y_train, x_test, y_test = example.own_images()
    assert x_train.shape == (1200, 28, 28) and x_train.dtype == np.uint8
    assert len(x_test) == len(y_test) == 597 and set(y_train) == set(range(10))


@pytest.mark.process
@pytest.mark.slow
def test_the_whole_script(tmp_path: Path) -> None:
    line = [sys.executable, str(EXAMPLES / "ten_minutes.py"), str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("1. ", "2. own data: uint8 (1200, 28, 28)", "3. seed 2:", "4. ", "5. AutoDL"):
        assert part in done.stdout
    assert (tmp_path / "out" / "cell.svg").read_text().startswith("<?xml")


def _printed(script: str, *arguments: str, cwd: Path) -> str:
    line = [sys.executable, str(EXAMPLES / script), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.process
def test_reading_the_table(tmp_path: Path) -> None:
    printed = _printed("read_table.py", cwd=tmp_path)
    taus = re.findall(r"τ = (0\.\d+)", printed)
    assert len(taus) == 3 and all(0.5 < float(tau) < 0.8 for tau in taus)
    best = naslib_edd.Table.open("nb201").best("cifar100", "test", max_params_M=0.3)
    assert best.arch_str in printed and not list(tmp_path.iterdir())


@pytest.mark.search
@pytest.mark.process
def test_comparing_two_methods(tmp_path: Path) -> None:
    printed = _printed("compare_methods.py", "out", cwd=tmp_path)
    values = [
        [float(value) for value in re.findall(r"(\d+\.\d\d)[, ]", line)]
        for line in printed.splitlines()[:2]
    ]
    assert [len(of) for of in values] == [3, 3]
    told = float(re.search(r"means: ([+-]\d+\.\d\d)", printed)[1])  # type: ignore[index]
    assert told == pytest.approx(np.mean(values[0]) - np.mean(values[1]), abs=0.011)
    assert "p is never below 0.10" in printed
    assert len(list((tmp_path / "out").rglob("result.json"))) == 6


@pytest.mark.search
@pytest.mark.process
def test_a_space_of_ones_own(tmp_path: Path) -> None:
    printed = _printed("own_space.py", str(tmp_path / "out"), cwd=tmp_path)
    # Of the two edges that enter the last node one is kept.
    found = printed.rsplit("found: ", 1)[1].split(", ")
    assert len(found) == 2 and found[0].startswith("0→1 ")
    assert len(list((tmp_path / "out").rglob("result.json"))) == 1
