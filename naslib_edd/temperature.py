"""Temperature controllers: told the epoch and the entropy, each gives the next t.

========  =========================================================================== ==========
constant  t stays (DARTS)
lts       linear: t from t0 to t_end in equal steps of t
ets       exponential: equal steps of exp(E(a)/t)                                      eq. 10–12
pcd       cycles fixed in advance, in steps of exp(E(a)/t)                             Table 7
lpcd      the same cycles in steps of t                                                Fig. 4
edd       the step of exp(E(a)/t) follows the entropy of β                             eq. 13–15
========  =========================================================================== ==========

E(a) is the mean of max(a, 0) over logits at the start, 1e-3·N(0, 1): σ/√(2π) = 3.989e-4.
Everything here is Python floats (float64); nothing knows a network. Epochs count from 0.
"""

from __future__ import annotations

import abc
import math
from typing import Literal

from naslib_edd.errors import UserError

#: E[max(a, 0)] for a ~ 1e-3·N(0, 1); the paper rounds it to 4e-4.
LOGIT_SCALE = 1e-3 / math.sqrt(2 * math.pi)

State = dict[str, float | int | None]


class Temperature(abc.ABC):
    """A controller of t. ``t`` is the temperature to train the current epoch with."""

    #: The strength d of the last step in exp(E(a)/t), where the controller has one.
    strength: float | None = None
    #: Entropy of which β the controller wants: at the current t, or of softmax(A) at t = 1.
    entropy_of: Literal["current", "untempered"] = "current"

    def __init__(self, *, t0: float = 1.0) -> None:
        _above_zero("t0", t0)
        self.t0 = t0
        self.t = t0

    @abc.abstractmethod
    def update(self, *, epoch: int, entropy: float) -> float:
        """The temperature of epoch ``epoch`` (0-based), which is also kept as ``t``.

        Args:
            epoch: how many epochs are done; each is told once, in order, from 1 on.
            entropy: mean entropy of β over the edges after those epochs, in nats.
        """

    def state_dict(self) -> State:
        """What a resumed search must know."""
        return {"t": self.t, "strength": self.strength}

    def load_state_dict(self, state: State) -> None:
        """Go on from :meth:`state_dict`."""
        for name, value in state.items():
            setattr(self, name, value)


class Constant(Temperature):
    """t = t0 for ever: DARTS."""

    def update(self, *, epoch: int, entropy: float) -> float:
        """t0."""
        return self.t


class Schedule(Temperature):
    """A list of temperatures fixed in advance, one an epoch; the last one stays."""

    def __init__(self, *, temperatures: list[float]) -> None:
        super().__init__(t0=temperatures[0])
        self.temperatures = temperatures

    def update(self, *, epoch: int, entropy: float) -> float:
        """The list's entry of this epoch; the entropy is not looked at."""
        self.t = self.temperatures[min(epoch, len(self.temperatures) - 1)]
        return self.t


def linear_schedule(*, t0: float, t_end: float, steps: int) -> list[float]:
    """LTS: t0 … t_end in ``steps`` equal steps of t; steps + 1 temperatures."""
    _check_schedule(t0, t_end, steps)
    return [t0 + n * (t_end - t0) / steps for n in range(steps + 1)]


def exponential_schedule(
    *, t0: float, t_end: float, steps: int, logit_scale: float = LOGIT_SCALE
) -> list[float]:
    """ETS (eq. 11, 12): equal steps of exp(E(a)/t) from t0 to t_end; steps + 1 temperatures."""
    _check_schedule(t0, t_end, steps)
    _above_zero("logit_scale", logit_scale)
    first, last = _exponential("t0", t0, logit_scale), _exponential("t_end", t_end, logit_scale)
    return [logit_scale / math.log1p(first + n * (last - first) / steps) for n in range(steps + 1)]


def pcd_schedule(
    *,
    epochs: int = 50,
    warmup: int = 5,
    strength: float = 0.11,
    logit_scale: float = 3.99e-4,
    final: int = 10,
) -> list[float]:
    """PCD as the authors' release fixes it for NB201: cycles of 10 epochs, then a descent.

    With t_i = E/ln(1 + d·i): t = 1 for ``warmup`` epochs (5 on CIFAR-10, 10 on CIFAR-100), the
    cycle [1, t1 … t5, t4 … t1] indexed by epoch % 10, and t1 … t10 in the last ``final`` epochs.
    """
    steps = [logit_scale / math.log1p(strength * i) for i in range(1, max(final, 5) + 1)]
    return _cycles(cycle=steps[:5], descent=steps[:final], epochs=epochs, warmup=warmup)


def lpcd_schedule(*, epochs: int = 50, warmup: int = 0, final: int = 10) -> list[float]:
    """LPCD: PCD's cycles with equal steps of t, down to .001, and to .0005 at the end."""
    cycle = [1 - i * (1 - 0.001) / 5 for i in range(1, 6)]
    descent = [1 - i * (1 - 0.0005) / final for i in range(1, final + 1)]
    return _cycles(cycle=cycle, descent=descent, epochs=epochs, warmup=warmup)


def _cycles(*, cycle: list[float], descent: list[float], epochs: int, warmup: int) -> list[float]:
    triangle = [1.0, *cycle, *cycle[-2::-1]]
    start = epochs - len(descent)
    if start < 0:
        raise UserError(f"a cyclic schedule needs {len(descent)} epochs or more; got {epochs}")
    cycles = [1.0 if e < warmup else triangle[e % len(triangle)] for e in range(start)]
    return cycles + descent


class EDD(Temperature):
    """Entropy-driven dynamic decay (eq. 13–15, Algorithm 2).

    d(k) = λ(1−ρ)·H + ρ·d(k−1), then t(k) = E(a) / ln(exp(E(a)/t0) + k·d(k)). Low entropy makes d
    small, so that t rises again: a feedback loop, not a schedule. The defaults are the paper's;
    each point in which the authors' release differs is one argument.

    Args:
        decay: λ, the one hyperparameter (.06 headline; .12 and .24 ablated; release .04).
        momentum: ρ of the moving average of d.
        t0: temperature of the first epoch.
        logit_scale: E(a).
        first_update: t changes first before this epoch, counted from 0 (paper 1; release 10, and
            with the two below 16 updates in 50 epochs).
        interval: after that it changes every so many epochs (paper 1; release 5).
        dense_from: from this epoch on it changes before every epoch (release 40).
        count: k counts ``"epochs"`` done (paper) or ``"updates"`` made (release).
        late_decay: another λ, from epoch ``late_from`` on (release .08).
        late_from: the first epoch of ``late_decay`` (release 40).
        reduction: H is the ``"mean"`` entropy over edges (paper) or the ``"sum"`` (release).
        edges: number of edges, which turns the mean into the sum.
        entropy_of: β at the ``"current"`` t (our reading), or softmax(A) at t = 1
            (``"untempered"``, eq. 13 as written; it stays near ln 5 and closes no loop).
        t0_exp: ``"exact"``, exp(E(a)/t0), or ``"one"`` (release): then t may pass 1.
    """

    def __init__(
        self,
        *,
        decay: float = 0.06,
        momentum: float = 0.5,
        t0: float = 1.0,
        logit_scale: float = LOGIT_SCALE,
        first_update: int = 1,
        interval: int = 1,
        dense_from: int | None = None,
        count: Literal["epochs", "updates"] = "epochs",
        late_decay: float | None = None,
        late_from: int | None = None,
        reduction: Literal["mean", "sum"] = "mean",
        edges: int = 6,
        entropy_of: Literal["current", "untempered"] = "current",
        t0_exp: Literal["exact", "one"] = "exact",
    ) -> None:
        super().__init__(t0=t0)
        _above_zero("edd_lambda", decay)
        _above_zero("logit_scale", logit_scale)
        if late_decay is not None:
            _above_zero("edd_lambda_late", late_decay)
        if not 0 <= momentum < 1:
            raise UserError(f"edd_rho = {momentum} must be at least 0 and below 1")
        if first_update < 1 or interval < 1:
            raise UserError("edd_first_update and edd_interval must be 1 or more")
        if (late_decay is None) != (late_from is None):
            raise UserError("edd_lambda_late and edd_late_from go together: give both or neither")
        self.decay, self.momentum, self.logit_scale = decay, momentum, logit_scale
        self.first_update, self.interval, self.dense_from = first_update, interval, dense_from
        self.count, self.late_decay, self.late_from = count, late_decay, late_from
        self.reduction, self.edges = reduction, edges
        self.entropy_of, self.t0_exp = entropy_of, t0_exp
        self.start = _exponential("t0", t0, logit_scale) if t0_exp == "exact" else 0.0
        self.strength, self.updates = 0.0, 0

    def is_update(self, epoch: int) -> bool:
        """Whether t changes before epoch ``epoch``."""
        if epoch < self.first_update:
            return False
        dense = self.dense_from is not None and epoch >= self.dense_from
        return dense or (epoch - self.first_update) % self.interval == 0

    def update(self, *, epoch: int, entropy: float) -> float:
        """See :class:`Temperature`; nothing changes between two updates."""
        if not self.is_update(epoch):
            return self.t
        late = self.late_decay is not None and self.late_from is not None
        decay = self.late_decay if late and epoch >= (self.late_from or 0) else self.decay
        assert decay is not None and self.strength is not None
        total = entropy * self.edges if self.reduction == "sum" else entropy
        # Rounding may leave the entropy of a one-hot β a hair below 0.
        self.strength = (
            decay * (1 - self.momentum) * max(total, 0.0) + self.momentum * self.strength
        )
        self.updates += 1
        k = epoch if self.count == "epochs" else self.updates
        self.t = self._temperature(k * self.strength)
        return self.t

    def _temperature(self, rise: float) -> float:
        """t of eq. 15 for k·d = rise, in a form that gives t0 exactly for rise = 0."""
        if rise == 0:
            return self.t0  # ln(1) = 0 divides by zero where t0_exp is one
        # log1p(expm1(E/t0)) may round to a hair below E/t0: never above t0.
        t = self.logit_scale / math.log1p(self.start + rise)
        return min(t, self.t0) if self.t0_exp == "exact" else t

    def state_dict(self) -> State:
        """t, d and the number of updates."""
        return {**super().state_dict(), "updates": self.updates}


def _above_zero(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise UserError(f"{name} = {value} must be a finite number above 0")


def _exponential(name: str, t: float, logit_scale: float) -> float:
    """exp(E(a)/t) − 1, which keeps its digits where E(a)/t is small."""
    ratio = logit_scale / t
    if ratio > 700:  # beyond float64
        raise UserError(f"{name} = {t} is too small: exp(E(a)/t) overflows (E(a)/t = {ratio:.4g})")
    return math.expm1(ratio)


def _check_schedule(t0: float, t_end: float, steps: int) -> None:
    _above_zero("t0", t0)
    _above_zero("t_end", t_end)
    if t_end > t0:
        raise UserError(f"t_end = {t_end} is above t0 = {t0}; a schedule goes down")
    if steps < 1:
        raise UserError(f"a schedule needs 1 step or more; got {steps}")
