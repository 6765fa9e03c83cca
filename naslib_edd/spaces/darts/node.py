"""All that enters a node of a search cell, as one weighted sum with its backward pass, by PyTorch.

The slow twin of ``node.h``::

    node = Σ_t weight_t · (z_t − μ_t)/σ_t          z: what a term is before its last norm
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from naslib_edd.spaces.darts.norms import affine, inverse, no_norm, norm_backward
from naslib_edd.spaces.darts.reduced import reduce_backward, reduced
from naslib_edd.spaces.darts.separable import separable, separable_backward
from naslib_edd.spaces.darts.sums import dots, weighted
from naslib_edd.supernet.native.terms import Entered, Handed, Term, Terms


def node(
    terms: Terms,
    parts: Sequence[Tensor],
    given: Sequence[tuple[Tensor, Tensor | None] | None],
    weights: Sequence[Tensor],
    weight: Tensor,
) -> tuple[Tensor, Entered]:
    """A node's value, and what its backward pass needs.

    Args:
        terms: that enter it; one at least.
        parts: of all nodes before it, what operations see of them.
        given: of each term that is not computed here its value and statistics: pools, and noise
            without any. None of others.
        weights: the kernels of all terms.
        weight: of each term, fp64 [terms].
    """
    channels = parts[0].shape[1]
    inner = torch.zeros(len(terms), 2, channels, dtype=torch.float64, device=parts[0].device)
    values, computed, statistics = [], [], []
    for number, term in enumerate(terms):
        part, outside = parts[term.source], given[number]
        own: Tensor | None = None
        if term.kind == "skip":
            value = part
        elif outside is not None:
            value, own = outside
        elif term.kind == "reduce":
            value, own = reduced(part, *weights[term.first : term.first + 2])
            computed.append(value)
        else:
            value, own, first = _separable(term, part, weights, inner[number])
            computed += [value] if first is None else [value, first]
        values.append(value)
        statistics.append(no_norm(part) if own is None else own)
    together = torch.stack(statistics)
    gain = weight[:, None] * inverse(together)
    constant = -(gain * together[:, 0]).sum(0)
    dtype = values[0].dtype
    out = weighted(values, gain.to(dtype), constant.to(dtype))
    out = out.contiguous(memory_format=torch.channels_last)
    return out, Entered(computed, together, inner)


def _separable(
    term: Term, part: Tensor, weights: Sequence[Tensor], inner: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Value and statistics, and of ``twice`` the first half's value."""
    at, first = term.first, None
    value, own = separable(
        part, None, *weights[at : at + 2], stride=term.stride, dilation=term.dilation
    )
    if term.kind == "twice":
        first = value
        inner.copy_(own)
        value, own = separable(
            first, affine(own, part.dtype), *weights[at + 2 : at + 4], stride=1, dilation=1
        )
    return value, own, first


def node_backward(
    terms: Terms,
    parts: Sequence[Tensor],
    given: Sequence[Tensor | None],
    weights: Sequence[Tensor],
    weight: Tensor,
    entered: Entered,
    grad: Tensor,
    behind: Sequence[Tensor | None],
    handed: Sequence[Handed],
    *,
    wanted: bool,
) -> tuple[Tensor, list[Tensor | None]]:
    """Backward of :func:`node`.

    Args:
        terms, parts, given, weights, weight: as they were given; of ``given`` the values alone.
        entered: what :func:`node` kept.
        grad: of the node.
        behind: of each source what the gradient of its ReLU is added to, in place; None: neither
            that is wanted, nor the gradients of the kernels that read it.
        handed: of each source, where skip connections and pools note what they hand back.
        wanted: whether the gradients of the kernels are.

    Returns:
        The gradients of ``weight`` and of a number that is added to the node, fp64 [terms + 1];
        those of the kernels, where they are wanted.
    """
    left = iter(entered.computed)
    values, firsts = [], []
    for number, term in enumerate(terms):
        outside = parts[term.source] if term.kind == "skip" else given[number]
        values.append(next(left) if outside is None else outside)
        firsts.append(next(left) if term.kind == "twice" else None)
    count = grad.numel() // grad.shape[1]
    total, product = dots(grad, values)
    along, made = norm_backward(entered.statistics, total, product, weight, count)
    coefficients = made.to(grad.dtype)
    found: list[Tensor | None] = [None] * len(weights)
    for number, term in enumerate(terms):
        p, q, s = coefficients[number]
        there = handed[term.source]
        if term.kind == "skip":
            there.skip[term.edge] = weight[number].to(grad.dtype)
        elif term.kind in ("max", "avg"):
            pool = there.pool(term.kind)
            pool[term.edge] += p
            pool[there.edges :] += torch.stack([q, s])
        to = behind[term.source]
        if term.kind in ("skip", "max", "avg", "noise") or to is None:
            continue
        part, at = parts[term.source], term.first
        if term.kind == "reduce":
            found[at : at + 2] = reduce_backward(
                grad, values[number], (p, q, s), part, weights[at : at + 2], to, wanted
            )
            continue
        of_value, value, first = grad, values[number], firsts[number]
        if first is not None:
            statistics = entered.inner[number]
            of_value, sums, *found[at + 2 : at + 4] = separable_backward(
                grad, value, (p, q, s), first, affine(statistics, grad.dtype),
                *weights[at + 2 : at + 4], stride=1, dilation=1, behind=None, weights=wanted,
            )  # fmt: skip
            assert sums is not None
            value = first
            p, q, s = norm_backward(statistics, sums[0], sums[1], 1.0, count)[1].to(grad.dtype)
        _, _, *found[at : at + 2] = separable_backward(
            of_value, value, (p, q, s), part, None, *weights[at : at + 2],
            stride=term.stride, dilation=term.dilation, behind=to, weights=wanted,
        )  # fmt: skip
    return torch.cat([along.sum(1), total.sum()[None]]), found
