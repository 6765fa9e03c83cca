"""Plain functions as parts, and the tests that a part has to pass when it is registered."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from naslib_edd.bilevel.regularisers import Regulariser
from naslib_edd.config.methods.own_parts import check_ops, plain
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Relaxation
from naslib_edd.selection.stage import Search, Stage
from naslib_edd.spaces import Kept
from naslib_edd.temperature import Temperature

#: Of a NAS-Bench-201 cell.
_EDGES, _OPERATIONS = 6, 5


class FunctionRelaxation(Relaxation):
    """β = function(logits, t), which draws nothing."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        """Edge weights of logits [edges, operations]."""
        beta: Tensor = self.function(logits, t)
        return beta

    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        """The same, each row divided by its sum."""
        beta: Tensor = self.function(logits, t)
        return beta / beta.sum(-1, keepdim=True)


class FunctionRegulariser(Regulariser):
    """Adds function(logits, β) to the logits' loss."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        """The penalty, a scalar."""
        penalty: Tensor = self.function(logits, beta)
        return penalty


class FunctionTemperature(Temperature):
    """t of an epoch = function(epoch, entropy)."""

    def __init__(self, function: Any, *, t0: float) -> None:
        super().__init__(t0=t0)
        self.function = function

    def update(self, *, epoch: int, entropy: float) -> float:
        """See :class:`Temperature`."""
        self.t = float(self.function(epoch, entropy))
        return self.t


class Chosen(Stage):
    """The architecture is what selection(logits, allowed) says: a selection of one's own."""

    def __init__(self, selection: Any, *, name: str) -> None:
        self.selection, self.name = selection, name

    def choose(self, search: Search) -> Kept:
        """See :class:`Stage`."""
        logits, allowed = search.op_logits.detach().clone(), search.allowed.clone()
        chosen = self.selection(logits, allowed)
        gone = search.space.layout.thinned
        return check_ops(chosen, allowed.tolist(), self.name, gone=gone)


def try_out(kind: str, part: Any, name: str) -> None:
    """Use a new part once, as a search would; raise UserError for what no search can work with."""
    try:
        _TRIALS.get(kind, lambda *_: None)(part, name)
    except UserError:
        raise
    except Exception as error:  # somebody's own code
        raise UserError(
            f"{name} fails as a {kind} ({type(error).__name__}: {error}); try it on logits of "
            f"[{_EDGES}, {_OPERATIONS}]"
        ) from error
    state = part.state_dict() if hasattr(part, "state_dict") and kind != "step" else {}
    if not plain(state):
        raise UserError(
            f"state_dict() of {name} holds more than tensors, numbers and texts (in lists and "
            "dictionaries), which no checkpoint takes"
        )


def _relaxation(part: Any, name: str) -> None:
    logits = torch.linspace(-1, 1, _EDGES * _OPERATIONS).reshape(_EDGES, _OPERATIONS)
    masked = logits.clone()
    masked[:, 0] = -torch.inf
    for case, told in ((logits, ""), (masked, " where a logit of minus infinity rules one out")):
        leaf = case.clone().requires_grad_()
        beta = part(leaf, torch.tensor(1.0))
        expected = part.expected(case, torch.tensor(1.0))
        for made, call in ((beta, "it"), (expected, "expected()")):
            if not isinstance(made, Tensor) or made.shape != case.shape:
                shape = list(made.shape) if isinstance(made, Tensor) else type(made).__name__
                raise UserError(
                    f"{name}: {call} gives {shape} for logits of {list(case.shape)}; edge weights "
                    "have the logits' shape"
                )
            if not bool(torch.isfinite(made).all()):
                raise UserError(f"{name}: {call} gives weights that are no finite numbers{told}")
        if told and float(beta.detach()[:, 0].abs().max()) > 0:
            raise UserError(f"{name}: the weight is not 0{told}")
        if not beta.requires_grad:
            raise UserError(f"{name}: its weights have no gradient for the logits")


def _regulariser(part: Any, name: str) -> None:
    logits = torch.zeros(_EDGES, _OPERATIONS, requires_grad=True)
    penalty = part(logits, logits.softmax(-1))
    if not isinstance(penalty, Tensor) or penalty.numel() != 1 or not penalty.requires_grad:
        raise UserError(f"{name}: a regulariser gives a scalar tensor with a gradient")


def _temperature(part: Any, name: str) -> None:
    for attribute in ("t", "strength", "entropy_of"):
        if not hasattr(part, attribute):
            raise UserError(f"{name} is no temperature: it lacks the attribute {attribute}")
    t = part.update(epoch=1, entropy=1.0)
    if not isinstance(t, float) or not (math.isfinite(t) and t > 0) or part.t != t:
        raise UserError(
            f"{name}: update() gives {t!r}; a temperature is a number above 0, kept as t"
        )


def _selection(part: Any, name: str) -> None:
    allowed = torch.ones(_EDGES, _OPERATIONS, dtype=torch.bool)
    check_ops(part(torch.zeros(_EDGES, _OPERATIONS), allowed), allowed.tolist(), name)


_TRIALS: dict[str, Any] = {
    "relaxation": _relaxation,
    "regulariser": _regulariser,
    "temperature": _temperature,
    "selection": _selection,
}
