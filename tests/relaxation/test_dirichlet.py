"""Dirichlet weights: distribution, gradient against torch.distributions, masks, temperature."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.distributions import Dirichlet as Reference

from naslib_edd.errors import UserError
from naslib_edd.relaxation import Dirichlet, EdgeWeights, Masked
from naslib_edd.relaxation.dirichlet import concentration

T = torch.tensor(0.7, dtype=torch.float64)
ONE = torch.tensor(1.0, dtype=torch.float64)


def dirichlet(seed: int = 0) -> Dirichlet:
    return Dirichlet(generator=torch.Generator().manual_seed(seed))


def logits_of(seed: int = 0, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(
        6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


def reference_gradient(logits: Tensor, t: Tensor, sample: Tensor, grad: Tensor) -> Tensor:
    """By torch's own rsample, made to return the given sample."""
    leaf = logits.clone().requires_grad_()
    c = torch.nn.functional.elu(leaf / t) + 1
    drawn = _torch_sample_at(c, sample)
    (gradient,) = torch.autograd.grad(drawn, leaf, grad)
    return gradient


def _torch_sample_at(c: Tensor, sample: Tensor) -> Tensor:
    from torch.distributions.dirichlet import _Dirichlet_backward

    class At(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, c: Tensor) -> Tensor:
            ctx.save_for_backward(c)  # type: ignore[attr-defined]
            return sample.clone()

        @staticmethod
        def backward(ctx: object, grad: Tensor) -> Tensor:
            (c,) = ctx.saved_tensors  # type: ignore[attr-defined]
            return _Dirichlet_backward(sample, c, grad)

    out: Tensor = At.apply(c)  # type: ignore[no-untyped-call]
    return out


def test_concentration_is_elu_plus_one_and_never_zero() -> None:
    logits = torch.linspace(-8, 8, 33, dtype=torch.float64)
    torch.testing.assert_close(
        concentration(logits, T), torch.nn.functional.elu(logits / T) + 1, rtol=1e-12, atol=1e-15
    )
    low = concentration(torch.tensor([-50.0, -3000.0, -torch.inf]))
    assert low[0] == pytest.approx(torch.tensor(-50.0, dtype=torch.float64).exp().item())
    assert low[1] > 0 and low[2] == 0


def test_gradient_is_that_of_torch_distributions() -> None:
    for scale in (1e-3, 1.0, 4.0):
        logits, relaxation = logits_of(scale=scale), dirichlet()
        leaf = logits.clone().requires_grad_()
        beta = relaxation(leaf, T)
        grad = logits_of(seed=7)
        (found,) = torch.autograd.grad(beta, leaf, grad)
        expected = reference_gradient(logits, T, beta.detach(), grad)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
        terms = relaxation.gradient_terms(logits, T, grad)
        torch.testing.assert_close(terms[0], found)
        assert not terms[1].any()


@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_samples_have_the_beta_distributions_of_a_dirichlet(scale: float) -> None:
    """Each entry's marginal: Beta(c_i, Σc − c_i), for concentrations from e^-60 to 60."""
    logits = torch.tensor([0.4, -1.0, 2.0, -0.2, 0.0], dtype=torch.float64) * scale
    c = concentration(logits)
    relaxation = dirichlet(seed=4)
    drawn = relaxation.draw(c.expand(4000, 5))
    torch.testing.assert_close(drawn.sum(-1), torch.ones(4000, dtype=torch.float64))
    for entry, shape in enumerate(c.tolist()):
        law = stats.beta(shape, c.sum().item() - shape)
        if shape < 0.1:  # much of it is below the smallest float64: what is above 1e-3 counts
            above = (drawn[:, entry] > 1e-3).sum().item()
            assert stats.binomtest(above, 4000, law.sf(1e-3)).pvalue > 1e-3
            continue
        assert stats.kstest(drawn[:, entry].numpy(), law.cdf).pvalue > 1e-3


def test_a_whole_row_of_tiny_concentrations_is_a_vertex_by_its_shares() -> None:
    """Where a Gamma sample underflows: c = e^-300 in all, one of them three times the others'."""
    logits = torch.full((6000, 5), -300.0, dtype=torch.float64)
    logits[:, 1] += torch.tensor(3.0, dtype=torch.float64).log()
    leaf = logits.clone().requires_grad_()
    beta = dirichlet(seed=2)(leaf, ONE)
    assert beta.isfinite().all() and (beta.detach().max(-1).values > 0.999).all()
    assert beta.detach()[:, 1].mean().item() == pytest.approx(3 / 7, abs=0.03)
    (gradient,) = torch.autograd.grad(beta, leaf, torch.ones_like(beta).cumsum(1))
    assert gradient.isfinite().all()


def test_gradient_of_the_mean_weight_is_that_of_its_closed_form() -> None:
    """E β = c/Σc: the mean of the pathwise gradients of many samples, with a mask and without."""
    logits = logits_of(seed=3)[0]
    for allowed in (torch.ones(5, dtype=torch.bool), torch.tensor([1, 0, 1, 0, 1]).bool()):
        many = logits.expand(20000, 5)
        masked = Masked(relaxation=dirichlet(), allowed=allowed.expand(20000, 5))
        leaf = many.clone().requires_grad_()
        grad = torch.tensor([1.0, 0.0, -2.0, 3.0, 0.5], dtype=torch.float64)
        (found,) = torch.autograd.grad(masked(leaf, T), leaf, grad.expand(20000, 5))
        exact = logits.clone().requires_grad_()
        mean = masked.relaxation.expected(exact.masked_fill(~allowed, -torch.inf), T)
        (expected,) = torch.autograd.grad(mean, exact, grad)
        error = found.std(0) / 20000**0.5
        assert ((found.mean(0) - expected).abs() <= 4.5 * error + 1e-12).all()


def test_a_masked_row_is_a_dirichlet_of_what_is_left() -> None:
    logits, relaxation = logits_of(), dirichlet()
    allowed = torch.rand(6, 5, generator=torch.Generator().manual_seed(1)) > 0.5
    allowed[:, 2], allowed[0] = True, torch.tensor([0, 0, 1, 0, 0]).bool()
    masked = Masked(relaxation=relaxation, allowed=allowed)
    leaf = logits.clone().requires_grad_()
    beta, grad = masked(leaf, T), logits_of(seed=9)
    (found,) = torch.autograd.grad(beta, leaf, grad)
    assert not beta[~allowed].any() and not found[~allowed].any()
    assert beta[0].tolist() == [0, 0, 1, 0, 0] and not found[0].any()
    torch.testing.assert_close(beta.sum(-1), torch.ones(6, dtype=torch.float64))
    for row in range(1, 6):
        keep = allowed[row]
        if keep.sum() == 1:
            continue
        expected = reference_gradient(
            logits[row, keep], T, beta[row, keep].detach(), grad[row, keep]
        )
        torch.testing.assert_close(found[row, keep], expected, rtol=1e-9, atol=1e-12)
    forward, _ = masked.gradient_terms(logits, T, grad)
    torch.testing.assert_close(forward, found)
    mean = masked.expected(logits, T)
    assert not mean[~allowed].any()
    torch.testing.assert_close(mean.sum(-1), torch.ones(6, dtype=torch.float64))


def test_expected_is_torch_s_mean_and_draws_nothing() -> None:
    logits, relaxation = logits_of(), dirichlet()
    before = relaxation.state_dict()["generator"]
    mean = Reference(torch.nn.functional.elu(logits / T) + 1).mean
    torch.testing.assert_close(relaxation.expected(logits, T), mean)
    assert torch.equal(relaxation.quiet(logits, T), relaxation.expected(logits, T))
    assert torch.equal(before, relaxation.state_dict()["generator"])


def test_float32_keeps_every_weight_above_zero() -> None:
    logits = torch.tensor([[5.0, -80.0, 0.0, 1.0, -400.0]]).requires_grad_()
    beta = dirichlet()(logits, torch.tensor(1.0))
    assert beta.dtype == torch.float32 and (beta > 0).all()
    (gradient,) = torch.autograd.grad(beta, logits, torch.tensor([[1.0, 2.0, 0.0, -1.0, 5.0]]))
    assert gradient.isfinite().all()


def test_a_state_goes_on_with_the_next_sample() -> None:
    logits, first = logits_of(), dirichlet(seed=5)
    first(logits, T)
    state = first.state_dict()
    other = dirichlet(seed=6)
    other.load_state_dict(state)
    assert torch.equal(first(logits, T), other(logits, T))
    assert not torch.equal(
        first(logits, T), other.at(logits, T, dirichlet().draw(concentration(logits)))
    )


def test_beside_edge_weights() -> None:
    logits = torch.cat([logits_of(), torch.zeros(6, 1, dtype=torch.float64)], 1).requires_grad_()
    whole = EdgeWeights(operations=dirichlet(), targets=[1, 2, 2, 3, 3, 3])
    beta, grad = whole(logits, T), torch.ones(6, 6, dtype=torch.float64).cumsum(1)
    (found,) = torch.autograd.grad(beta, logits, grad)
    torch.testing.assert_close(sum(whole.gradient_terms(logits.detach(), T, grad)), found)


def test_terms_need_a_sample() -> None:
    with pytest.raises(RuntimeError, match="no sample was drawn yet"):
        dirichlet().gradient_terms(logits_of(), T, logits_of())


def test_samples_of_another_device_do_not_go_on() -> None:
    relaxation = Dirichlet(generator=torch.Generator())
    of_a_gpu = {"generator": torch.zeros(16, dtype=torch.uint8)}
    with pytest.raises(UserError, match="begun on another kind than cpu"):
        relaxation.load_state_dict(of_a_gpu)
