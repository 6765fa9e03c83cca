"""The paper's figures: their numbers against closed forms, their files, their errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naslib_edd.cli.commands import main
from naslib_edd.errors import UserError
from naslib_edd.report.paper_curves import gradient_norms, schedule_entropies, worked_example
from naslib_edd.report.paper_figures import draw_paper_figure


def test_2a_what_is_left_after_saturation() -> None:
    norms = gradient_norms(points=21, edges=300)
    assert norms.t[0] == 1 and norms.t[-1] == pytest.approx(1e-5)
    # Saturated: nothing is left of the gradient of most edges.
    assert norms.softmax[-1] < 1e-2 * norms.softmax.max()
    # s·t = 1: the noise term is that of t = 1, whatever t is.
    assert norms.noisy["unit"][-1] == pytest.approx(norms.softmax[0], rel=0.15)
    # At t the noise term of s is the forward term of s·t.
    place = {round(math.log10(t) * 4): n for n, t in enumerate(norms.t)}
    soft, noisy = norms.softmax[place[-12]], norms.noisy[100.0][place[-20]]
    assert noisy == pytest.approx(soft, rel=0.15)
    # Before it, they are as one: the noise is 1/s of the gradient.
    assert norms.noisy[1000.0][0] == pytest.approx(norms.softmax[0], rel=2e-3)


def test_2b_ets_moves_the_entropy_more_evenly_than_lts() -> None:
    found = schedule_entropies(steps=50, edges=500)
    for values in (found.linear, found.exponential):
        assert values[0] == pytest.approx(math.log(5), abs=1e-5)
        assert (np.diff(values) <= 1e-12).all()
    assert found.linear[-1] == pytest.approx(found.exponential[-1], rel=1e-9)
    fall = found.linear[0] - found.linear[-1]
    assert -np.diff(found.linear).min() > 0.9 * fall  # nearly all of it in one step
    assert -np.diff(found.exponential).min() < 0.1 * fall


def test_3_the_paper_s_numbers() -> None:
    found = worked_example()
    assert found.points == pytest.approx([1.0004, 1.12326, 1.24611, 1.36897, 1.49182], rel=1e-4)
    assert found.exponential == pytest.approx([1, 0.00344, 0.001818, 0.001274, 0.001], rel=5e-3)
    assert found.linear == pytest.approx([1, 0.75, 0.5, 0.25, 0.001], abs=1e-3)


@pytest.mark.parametrize("name", ["2A", "2b", "3"])
def test_figures_of_the_parts(name: str, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figure.png"
    assert main(["figure", name, "--out", str(path)]) == 0
    with Image.open(path) as image:
        assert image.width > 800
        assert len(np.unique(np.asarray(image.convert("L")))) > 20  # something is drawn


def test_figures_of_runs(make_run: Callable[..., Path], tmp_path: Path) -> None:
    make_run("runs/a", seed=0)
    make_run("runs/b", seed=1)
    for name in ("4A", "4B", "gap", "bare"):
        path = tmp_path / f"{name}.png"
        assert main(["figure", name, str(tmp_path / "runs"), "--out", str(path)]) == 0
        assert path.stat().st_size > 10_000


def test_errors(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    with pytest.raises(UserError, match=r"no figure .5.*2A, 2B, 3, 4A, 4B"):
        draw_paper_figure("5", path)
    with pytest.raises(UserError, match="name the folders"):
        draw_paper_figure("4A", path)
    with pytest.raises(UserError, match="takes no run folders"):
        draw_paper_figure("3", path, folders=[tmp_path])
    assert not path.exists()
