"""DARTS-ES: the fast supernet's Hessian against differences on the plain twin, and the stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from fake_search import FakeSearch
from helpers import run, tiny_settings
from torch import Tensor

from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_stages
from naslib_edd.errors import Diverged
from naslib_edd.selection import early_stop_stage as early_stop
from naslib_edd.selection.early_stop_stage import EarlyStop, logit_hessian
from naslib_edd.selection.hessian import dominant_eigenvalue
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.space import SPACE
from naslib_edd.spaces.nb201.twins import copy_from_plain
from naslib_edd.supernet.layers import evaluating


def search_of(*, dtype: torch.dtype, t: float) -> tuple[FakeSearch, PlainSupernet]:
    """A search with a fast supernet, and its plain twin; logits of the size that t asks for."""
    torch.manual_seed(0)
    plain = PlainSupernet(channels=4, cells=1, classes=5).to(dtype)
    search = FakeSearch(logits=t * torch.randn(6, 5, dtype=dtype))
    search.t = torch.tensor(t)
    search.supernet = copy_from_plain(FastSupernet(channels=4, cells=1, classes=5).to(dtype), plain)
    batch = torch.randn(16, 3, 8, 8, dtype=dtype), torch.randint(5, (16,))
    search.last_logit_batch = lambda: batch  # type: ignore[method-assign]
    return search, plain


def by_differences(search: FakeSearch, plain: PlainSupernet, step: float) -> Tensor:
    """Of the plain twin's gradient in A/t, over steps too small to meet a kink of a ReLU."""
    images, labels = search.last_logit_batch()
    point = (search.logits / search.t).reshape(-1)

    def gradient(scaled: Tensor) -> Tensor:
        leaf = scaled.view(6, 5).requires_grad_()
        loss = F.cross_entropy(plain(images, torch.softmax(leaf, -1)), labels)
        return torch.autograd.grad(loss, leaf)[0].reshape(-1)

    ways = torch.eye(30, dtype=point.dtype) * step
    with evaluating(plain, "batch"):
        return torch.stack(
            [(gradient(point + way) - gradient(point - way)) / (2 * step) for way in ways]
        )


@pytest.mark.parametrize("t", [1.0, 0.004])
def test_the_fast_supernet_s_hessian_is_the_plain_one_s_by_differences(t: float) -> None:
    search, plain = search_of(dtype=torch.float64, t=t)
    before = {name: value.clone() for name, value in search.supernet.state_dict().items()}
    found = logit_hessian(search)
    wanted = by_differences(search, plain, 1e-6)
    assert float(wanted.abs().max()) > 1e-2
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-8)
    for name, value in search.supernet.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("t", [1.0, 0.004])
def test_float32_keeps_the_eigenvalue(t: float) -> None:
    single, _ = search_of(dtype=torch.float32, t=t)
    double, _ = search_of(dtype=torch.float32, t=t)
    images, labels = single.last_logit_batch()
    double.logits, double.supernet = double.logits.double(), double.supernet.double()
    double.last_logit_batch = lambda: (images.double(), labels)  # type: ignore[method-assign]
    found = dominant_eigenvalue(logit_hessian(single))
    assert found == pytest.approx(dominant_eigenvalue(logit_hessian(double)), rel=1e-4)


def stage_of(**search: Any) -> EarlyStop:
    (stage,) = make_stages(
        load({"optimizer": "darts_es", "search": search}).search, seed=0, layout=SPACE.layout
    )
    assert isinstance(stage, EarlyStop)
    return stage


def test_a_rise_stops_and_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eigenvalue 1.1^epoch: the ratio of two averages four apart passes 1.3 at once."""
    search = FakeSearch(logits=torch.zeros(6, 5))
    stage = stage_of(epochs=20, arch_weight_decay=0.5)
    assert (stage.interval, stage.rule["start"]) == (1, 4)
    seen = 0.0

    def hessian(_: Any) -> Tensor:
        return torch.eye(30) * seen

    monkeypatch.setattr(early_stop, "logit_hessian", hessian)
    rows = []
    for epoch in range(20):
        seen = 1.1**epoch - 0.5
        search.logits.zero_()
        search.logits[:, epoch % 5] = 1.0
        if epoch == 7:
            state = stage.state_dict()
            stage = stage_of(epochs=20, arch_weight_decay=0.5)
            stage.load_state_dict(state)
        rows.append(stage.end_epoch(search, epoch))
        assert rows[-1]["hessian_eigenvalue"] == pytest.approx(1.1**epoch)
        if stage.stopped:
            break
    # The middle of the earlier average is 2 + 4 epochs back, and epoch 4 the first allowed.
    assert len(rows) == 11 and rows[-1]["stop_epoch"] == 5
    assert stage.choose(search) == [4] * 6
    resumed = stage_of(epochs=20)
    resumed.load_state_dict(stage.state_dict())
    assert resumed.stopped and resumed.choose(search) == [4] * 6


def test_no_rise_no_stop_and_the_last_epoch_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_stop, "logit_hessian", lambda _: torch.eye(30))
    search, stage = FakeSearch(logits=torch.zeros(6, 5)), stage_of()
    assert (stage.interval, stage.rule["start"]) == (2, 10)
    rows = [stage.end_epoch(search, epoch) for epoch in range(50)]
    measured = [epoch for epoch, row in enumerate(rows) if row["hessian_eigenvalue"] is not None]
    assert measured == [*range(0, 50, 2), 49]
    assert not stage.stopped and stage.choose(search) is None


@pytest.mark.search
def test_a_hessian_that_is_not_finite_ends_in_a_line(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, optimizer="darts_es", search={"epochs": 2, "t0": 1e30})
    with pytest.raises(Diverged, match=r"the Hessian of the logits is not finite after epoch 1"):
        run(settings)
