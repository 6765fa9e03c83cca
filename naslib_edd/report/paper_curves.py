"""The numbers behind figures 2A, 2B and 3: what the parts do on logits as DARTS draws them.

Source: Zhang & Ding 2023, section 3. The paper gives no code for its figures; logits are drawn from
1e-3·N(0, 1), as it says, and everything else that had to be chosen is an argument here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from naslib_edd.relaxation import gradient_terms, mean_entropy
from naslib_edd.relaxation.sn_softmax import Scale
from naslib_edd.relaxation.softmax import softmax_at
from naslib_edd.report.series import Series
from naslib_edd.temperature import LOGIT_SCALE, exponential_schedule, linear_schedule


@dataclass(frozen=True)
class Norms:
    """Median norm of ∂l/∂A over many edges, at each temperature.

    The median, for a mean is made by the few edges whose two largest logits nearly tie.

    Attributes:
        t: temperatures, falling.
        softmax: of plain softmax, (1/t)·J(β_t)·g.
        noisy: for each s, of sn-softmax, with the noise term.
    """

    t: Series
    softmax: Series
    noisy: dict[Scale, Series]


def gradient_norms(
    *,
    scales: Sequence[Scale] = (10.0, 100.0, 1000.0, "unit"),
    points: int = 81,
    edges: int = 2000,
    operations: int = 5,
    seed: int = 0,
) -> Norms:
    """Figure 2A: t from 1 to 1e-5, the incoming gradient g drawn from N(0, 1)."""
    random = torch.Generator().manual_seed(seed)
    logits = 1e-3 * torch.randn(edges, operations, generator=random, dtype=torch.float64)
    grad = torch.randn(edges, operations, generator=random, dtype=torch.float64)
    t = np.logspace(0, -5, points)
    softmax: list[float] = []
    noisy: dict[Scale, list[float]] = {s: [] for s in scales}
    for value in t:
        for s in scales:
            forward, noise = gradient_terms(logits, float(value), s, grad)
            noisy[s].append(float((forward + noise).norm(dim=-1).median()))
        softmax.append(float(forward.norm(dim=-1).median()))
    return Norms(t, np.array(softmax), {s: np.array(values) for s, values in noisy.items()})


@dataclass(frozen=True)
class Entropies:
    """E[H(β)], nats, after 0 … N steps of the two schedules."""

    linear: Series
    exponential: Series


def schedule_entropies(
    *, steps: int = 50, t_end: float = 1e-3, edges: int = 2000, operations: int = 5, seed: int = 0
) -> Entropies:
    """Figure 2B: the same untrained logits at every temperature of LTS and of ETS."""
    random = torch.Generator().manual_seed(seed)
    logits = 1e-3 * torch.randn(edges, operations, generator=random, dtype=torch.float64)

    def along(temperatures: Sequence[float]) -> Series:
        return np.array([float(mean_entropy(softmax_at(logits, t))) for t in temperatures])

    return Entropies(
        along(linear_schedule(t0=1.0, t_end=t_end, steps=steps)),
        along(exponential_schedule(t0=1.0, t_end=t_end, steps=steps, logit_scale=LOGIT_SCALE)),
    )


@dataclass(frozen=True)
class WorkedExample:
    """Figure 3: temperatures of ETS and LTS, and ETS' equidistant points exp(E(a)/t)."""

    exponential: Series
    linear: Series
    points: Series


def worked_example(
    *, logit_scale: float = 4e-4, t_end: float = 1e-3, steps: int = 4
) -> WorkedExample:
    """The paper's numbers: E(a) = 4e-4, t from 1 to 1e-3 in N = 4 steps."""
    exponential = exponential_schedule(t0=1.0, t_end=t_end, steps=steps, logit_scale=logit_scale)
    linear = linear_schedule(t0=1.0, t_end=t_end, steps=steps)
    points = [math.exp(logit_scale / t) for t in exponential]
    return WorkedExample(np.array(exponential), np.array(linear), np.array(points))
