"""The registered parts: what each kind must be able to do, and how a search makes one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from naslib_edd.config.methods import METHODS
from naslib_edd.config.methods.entry_points import load_all
from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.relaxation import ONE_PATH
from naslib_edd.errors import UserError

#: Registered classes and functions by their qualified name.
_PARTS: dict[str, Any] = {}

_PART = ("begin_epoch", "state_dict", "load_state_dict")
#: What the search calls of a part, and the base class that has all but the first few.
PROTOCOLS: dict[str, tuple[tuple[str, ...], str]] = {
    "relaxation": (
        ("__call__", "expected", "quiet", "edge_weights", "gradient_terms", *_PART),
        "naslib_edd.relaxation.Relaxation",
    ),
    "temperature": (
        ("update", "state_dict", "load_state_dict"),
        "naslib_edd.temperature.Temperature",
    ),
    "regulariser": (("__call__", *_PART), "naslib_edd.bilevel.regularisers.Regulariser"),
    "selection": (("__call__",), ""),
    "step": (
        ("step", "step_weights", "step_logits", "state_dict", "load_state_dict"),
        "naslib_edd.bilevel.FirstOrder",
    ),
    "stage": (
        ("end_step", "end_epoch", "logits_rest", "learning_rate", "choose", "restore", *_PART),
        "naslib_edd.selection.stage.Stage",
    ),
}
#: Kinds that may be a function, too, and its arguments.
FUNCTIONS = {
    "relaxation": "(logits, t)",
    "temperature": "(epoch, entropy)",
    "regulariser": "(logits, beta)",
    "selection": "(logits, allowed)",
}


def qualified(part: Any) -> str:
    """``module:class``, by which a config and a checkpoint name a part."""
    return f"{part.__module__}:{part.__qualname__}"


def remember(part: Any) -> str:
    """Make a part known to this process; its qualified name."""
    name = qualified(part)
    _PARTS[name] = part
    return name


def registered(name: str) -> Any:
    """The class or function of a qualified name.

    Raises:
        UserError: nothing of that name was registered.
    """
    if name not in _PARTS:
        load_all(METHODS)
    if name not in _PARTS:
        raise UserError(
            f"the part {name} of this config is not known here: call naslib_edd.register_method "
            "first, as the run did that wrote it"
        )
    return _PARTS[name]


def check(kind: str, part: Any) -> None:
    """Raise UserError, naming what is missing, for what cannot be a part of this kind."""
    methods, base = PROTOCOLS[kind]
    told = getattr(part, "__qualname__", repr(part))
    if not hasattr(part, "__qualname__"):
        raise UserError(
            f"{kind}={told:.60} is an object; give the class, of which each search makes its own"
        )
    if not isinstance(part, type):
        if kind not in FUNCTIONS:
            raise UserError(f"{kind}={told} is no class; give a subclass of {base}")
        if "<lambda>" in told:
            raise UserError(f"{kind} is a lambda; give a function with a name, which records keep")
        return
    missing = [name for name in methods if not _has(part, name)]
    if missing:
        advice = f"; subclass {base}, which has the rest" if base else ""
        raise UserError(f"{told} is no {kind}: it lacks {', '.join(missing)}{advice}")


def _has(part: type[Any], name: str) -> bool:
    there = any(callable(vars(base).get(name)) for base in part.__mro__ if base is not object)
    return there and name not in getattr(part, "__abstractmethods__", ())


def make(kind: str, part: Any, known: Mapping[str, Any]) -> Any:
    """A part for one search: a class is called with what its constructor asks for by name.

    Args:
        kind: see :data:`PROTOCOLS`.
        part: the class, or a function of :data:`FUNCTIONS`.
        known: what a constructor may ask for.

    Raises:
        UserError: it asks for anything else.
    """
    if not isinstance(part, type):
        return part
    wanted = inspect.signature(part).parameters
    if any(item.kind is inspect.Parameter.VAR_KEYWORD for item in wanted.values()):
        return part(**known) if kind == "step" else part(**_some(wanted, known))
    lacking = [
        name
        for name, item in wanted.items()
        if name not in known
        and item.default is inspect.Parameter.empty
        and item.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    if lacking:
        raise UserError(
            f"{part.__qualname__} asks for {', '.join(lacking)}, which a search cannot give; it "
            f"knows {', '.join(known)}: give other arguments a default"
        )
    return part(**_some(wanted, known))


def _some(wanted: Mapping[str, inspect.Parameter], known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if name in wanted}


def check_ops(
    chosen: Any, allowed: Sequence[Sequence[bool]], name: str, *, gone: bool = False
) -> tuple[Any, ...]:
    """The operations that a selection chose, one an edge; None where ``gone`` lets an edge go.

    Raises:
        UserError: another number of them, no whole numbers, or one that is ruled out.
    """
    try:
        ops = tuple(None if gone and op is None else int(op) for op in chosen)
        right = len(ops) == len(allowed) and all(
            op is None or (0 <= op < len(row) and row[op])
            for op, row in zip(ops, allowed, strict=True)
        )
    except (TypeError, ValueError):
        ops, right = (), False
    if not right:
        raise UserError(
            f"{name} chose {chosen!r:.80}; a selection gives the number of an allowed operation "
            f"for each of {len(allowed)} edges"
        )
    return ops


def plain(state: Any) -> bool:
    """Whether a state is of tensors, numbers and texts only, as a checkpoint wants it."""
    import torch

    if isinstance(state, dict):
        return all(isinstance(key, str | int) and plain(value) for key, value in state.items())
    if isinstance(state, list | tuple):
        return all(plain(value) for value in state)
    return state is None or type(state) in (bool, int, float, str) or type(state) is torch.Tensor


def own_samples(search: SearchSettings) -> bool:
    """Whether the network need compute only one operation an edge."""
    if search.own_relaxation is None:
        return search.relaxation in ONE_PATH
    return bool(getattr(registered(search.own_relaxation), "sampled", False))
