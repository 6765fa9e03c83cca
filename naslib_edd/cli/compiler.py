"""Leave out torch's compiler where nothing is compiled: a search begins two seconds earlier."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any


def leave_compiler_out() -> bool:
    """Keep torch's SGD and Adam from importing its compiler, for the whole process.

    They import ``torch._dynamo``, and with it sympy, FSDP and 800 other modules, only to have it
    pass over them. Some methods are wrapped to do so at their first call (torch/_compile.py); the
    wrapper then remembers, on the method, what to call: here it finds the method itself. ``step``
    is wrapped once more, to note a break in a graph that nobody draws (torch/optim/optimizer.py).
    What is compiled later in this process finds no such notes: not for a process that compiles.

    Returns:
        False where torch is built otherwise or has its compiler already; nothing is changed then.
    """
    from torch.optim import SGD, Adam, Optimizer

    if "torch._dynamo" in sys.modules:
        return False
    passed_over = [_inside(each, "__dynamo_disable") for each in vars(Optimizer).values()]
    methods = [method for method in passed_over if method is not None]
    steps = [(kind, _inside(kind.step, "torch._dynamo")) for kind in (SGD, Adam)]
    if not methods or any(step is None for _, step in steps):
        return False
    for method in methods:
        setattr(method, "__dynamo_disable", method)
    for kind, step in steps:
        assert step is not None
        kind.step = _differentiable_or_not(step)  # type: ignore[method-assign]
    return True


def _inside(method: Any, mention: str) -> Callable[..., Any] | None:
    """The function inside a wrapper whose code mentions this; None: it is no such wrapper."""
    code = getattr(method, "__code__", None)
    if code is None or mention not in (*code.co_consts, *code.co_names):
        return None
    return getattr(method, "__wrapped__", None)


def _differentiable_or_not(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step with autograd on where the optimizer is differentiable, and off elsewhere."""
    import torch

    @functools.wraps(step)
    def stepped(self: Any, *args: Any, **options: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **options)

    return stepped
