"""The auxiliary skip connection against DARTS-' own code, and around other relaxations."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.config.loading import load
from naslib_edd.engine.build import make_relaxation
from naslib_edd.errors import UserError
from naslib_edd.relaxation import (
    AuxiliarySkip,
    EdgeWeights,
    Gumbel,
    Masked,
    Relaxation,
    Sigmoid,
    SnSoftmax,
    Softmax,
)
from naslib_edd.relaxation.auxiliary_skip import Decay, auxiliary_weight

GOLDEN = Path(__file__).parents[1] / "golden" / "darts_minus.npz"
T = torch.tensor(0.3, dtype=torch.float64)
RELAXATIONS: list[Relaxation] = [Softmax(), SnSoftmax(s="unit"), SnSoftmax(s=9.0), Sigmoid()]


@pytest.fixture(scope="module")
def golden() -> Any:
    return np.load(GOLDEN)


def wrapped(inner: Relaxation, *, skip: int = 1, weight: float = 0.7) -> AuxiliarySkip:
    return AuxiliarySkip(relaxation=inner, skip=skip, weight=weight, decay="linear", epochs=10)


@pytest.mark.parametrize("kind", get_args(Decay))
def test_the_weight_follows_the_release(kind: Decay, golden: Any) -> None:
    theirs = golden[f"schedule_{kind}"]
    ours = [auxiliary_weight(kind, first=0.7, epoch=e, epochs=50) for e in range(51)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    assert ours[0] == 0.7 and (kind == "constant") == (ours[50] == 0.7)
    # Stages may add epochs behind the search's: no weight comes back.
    later = auxiliary_weight(kind, first=0.7, epoch=80, epochs=50)
    assert later == pytest.approx(ours[50])


def test_the_mixed_operation_is_the_release_s(golden: Any) -> None:
    logits = torch.tensor(golden["logits"])[None].requires_grad_()
    operations, cotangent = torch.tensor(golden["operations"]), torch.tensor(golden["cotangent"])
    relaxation = AuxiliarySkip(
        relaxation=Softmax(), skip=int(golden["skip"]), weight=1.0, decay="linear", epochs=50
    )
    one = torch.ones((), dtype=torch.float64)
    for number, epoch in enumerate(golden["epochs"].tolist()):
        relaxation.begin_epoch(epoch)
        (beta,) = relaxation(logits, one)
        out = (beta[:, None, None, None, None] * operations).sum(0)
        (grad,) = torch.autograd.grad(out, logits, cotangent)
        np.testing.assert_allclose(out.detach(), golden["out"][number], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(grad[0], golden["of_logits"][number], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("inner", RELAXATIONS, ids=lambda r: type(r).__name__)
def test_it_adds_to_the_skip_and_to_nothing_else(inner: Relaxation) -> None:
    logits = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    outer, leaf = wrapped(inner), logits.clone().requires_grad_()
    outer.begin_epoch(4)
    assert outer.weight == pytest.approx(0.7 * 0.6)
    added = outer(logits, T) - inner(logits, T)
    wanted = torch.zeros(6, 5, dtype=torch.float64)
    wanted[:, 1] = 0.7 * 0.6
    torch.testing.assert_close(added, wanted)
    # Entropy and gradient are those of the operations alone.
    assert torch.equal(outer.expected(logits, T), inner.expected(logits, T))
    assert torch.equal(outer.quiet(logits, T), outer(logits, T))
    grad = torch.ones_like(logits).cumsum(1)
    ours, theirs = (torch.autograd.grad(r(leaf, T), leaf, grad)[0] for r in (outer, inner))
    torch.testing.assert_close(ours, theirs)
    terms = outer.gradient_terms(logits, T, grad)
    torch.testing.assert_close(terms[0] + terms[1], theirs)
    outer.begin_epoch(10)
    assert torch.equal(outer(logits, T), inner(logits, T))


def test_a_mask_leaves_the_auxiliary_connection() -> None:
    allowed = torch.ones(6, 5, dtype=torch.bool)
    allowed[0, 1] = False
    outer = wrapped(Masked(relaxation=Softmax(), allowed=allowed))
    beta = outer(torch.zeros(6, 5, dtype=torch.float64), T)
    assert beta[0].tolist() == pytest.approx([0.25, 0.7, 0.25, 0.25, 0.25])
    assert beta[1].tolist() == pytest.approx([0.2, 0.9, 0.2, 0.2, 0.2])


def test_edge_weights_stay() -> None:
    inner = EdgeWeights(operations=Softmax(), targets=[1, 2, 2, 3, 3, 3])
    logits = torch.randn(6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    beta: Tensor = wrapped(inner)(logits, T)
    assert torch.equal(beta[:, -1], inner(logits, T)[:, -1]) and beta.shape == (6, 6)


def test_no_sample_has_a_second_operation() -> None:
    sampling = Gumbel(generator=torch.Generator())
    with pytest.raises(UserError, match="samples one operation an edge"):
        wrapped(sampling)
    for relaxation in ("gumbel", "sn_gumbel"):
        with pytest.raises(UserError, match="a sample computes one operation an edge"):
            load({"search": {"auxiliary_skip": 1, "relaxation": relaxation}})


def test_the_column_comes_from_the_host() -> None:
    search = load({"optimizer": "darts_minus"}).search
    relaxation = make_relaxation(search, skip=3)
    assert isinstance(relaxation, AuxiliarySkip) and relaxation.skip == 3
    assert (relaxation.first, relaxation.decay, relaxation.epochs) == (1.0, "linear", 50)
    with pytest.raises(ValueError, match="column of skip_connect"):
        make_relaxation(search)
    assert isinstance(make_relaxation(load({"optimizer": "darts_v1"}).search), Softmax)
