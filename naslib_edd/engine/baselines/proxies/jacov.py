"""jacov: how little the gradients of the outputs in the inputs of a batch are correlated.

J_i = ∂(sum of the outputs of image i)/∂(image i); with v the eigenvalues of the correlation matrix
of J_1 … J_B and k = 1e-5::

    score = −Σ (ln(v + k) + 1/(v + k))

Source: Mellor et al. 2020, the first version of "Neural Architecture Search without Training"; as
``jacob_cov`` in Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from naslib_edd.supernet.layers import Statistics, evaluating

_K = 1e-5


def jacov(network: nn.Module, images: Tensor, statistics: Statistics = "batch") -> float:
    """The score of a network on images [B, 3, H, W]; −∞ where an image has no gradient.

    Args:
        network: untrained.
        images: normalised.
        statistics: of the batch norms.
    """
    leaf = images.detach().clone().requires_grad_()
    with evaluating(network, statistics), torch.enable_grad():
        (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf, materialize_grads=True)
    rows = gradient.reshape(len(images), -1).double()
    if bool((rows.std(1) == 0).any()):
        return float("-inf")
    values = torch.linalg.eigvalsh(torch.corrcoef(rows)).clamp_min(0.0)
    return -float((torch.log(values + _K) + 1 / (values + _K)).sum())
