"""``register_method``: a name for a method of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from naslib_edd.config.methods import CARDS, METHODS, known
from naslib_edd.config.methods import own_parts as parts
from naslib_edd.config.methods.method import Method
from naslib_edd.config.settings.own import KINDS
from naslib_edd.errors import UserError, nearest

#: The names that :func:`register_method` has given.
_OWN: set[str] = set()
#: Kinds that act at the ends of epochs, which NASLib's Trainer has no place for.
_BUILT_IN_ONLY = ("selection", "stage")


def register_method(
    name: str,
    *,
    base: str = "darts_v1",
    relaxation: Any = None,
    temperature: Any = None,
    regulariser: Any = None,
    selection: Any = None,
    step: Any = None,
    stage: Any = None,
    settings: Mapping[str, Any] | None = None,
    title: str = "",
    notes: Mapping[str, str] | None = None,
    source: str = "",
    status: str = "one's own; verified against nothing yet",
    differs: str = "",
) -> Method:
    """Make ``optimizer: NAME`` a known method with parts of one's own.

    A class is made anew for each search; its constructor is given what it asks for by name
    (``settings``, ``seed``, ``epochs``; a relaxation also ``generator``; a regulariser ``allowed``;
    a temperature ``t0`` and ``edges``; a stage ``edges`` and ``operations``). The other arguments
    need a default.

    Args:
        name: of the method: letters, digits, ``_``, ``-`` and ``.``.
        base: the method whose settings and other parts it has.
        relaxation: a subclass of :class:`naslib_edd.relaxation.Relaxation`, or a function
            (logits [edges, operations], t) → β of this shape.
        temperature: a subclass of :class:`naslib_edd.temperature.Temperature`, or a function
            (epochs done, entropy in nats) → t.
        regulariser: a subclass of :class:`naslib_edd.bilevel.regularisers.Regulariser`, or a
            function (logits, β) → a scalar that is added to the logits' loss. Those of the base
            stay.
        selection: a function (logits, allowed), both [edges, operations] → an operation an edge;
            or a class whose objects are called so.
        step: a subclass of :class:`naslib_edd.bilevel.FirstOrder`.
        stage: a subclass of :class:`naslib_edd.selection.stage.Stage`. Those of the base stay.
        settings: of ``search:``, over the base's.
        title: what it is, in a line, for its card.
        notes: of some settings, what their value means; over the base's.
        source: where it comes from, for its card (``naslib-edd methods NAME``).
        status: what it was verified against, for its card.
        differs: how it differs from its source, for its card.

    Returns:
        Its card.

    Raises:
        UserError: the name is taken or no name, there is no such base, a part lacks a method of its
            kind (the message says which) or does not work, or settings do not go together.

    Registered again under its name, it is replaced. What a run is made of, and a resumed run
    compared by, holds the qualified names of its parts, not their code.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        raise UserError(f"{name!r} is no name for a method; use letters, digits, '_', '-' and '.'")
    if name in METHODS and name not in _OWN:
        raise UserError(f"there is a method '{name}' already; choose another name")
    if not known(base):
        raise UserError(f"unknown base '{base}'{nearest(base, METHODS)}")
    given = {
        kind: part
        for kind, part in zip(
            KINDS, (relaxation, temperature, regulariser, selection, step, stage), strict=True
        )
        if part is not None
    }
    for kind, part in given.items():
        parts.check(kind, part)
    values = {**METHODS[base], **(settings or {})}
    values |= {f"own_{kind}": parts.remember(part) for kind, part in given.items()}
    there = "builtin" if set(given) & {*_BUILT_IN_ONLY} else None
    hosts = tuple(host for host in CARDS[base].hosts if there is None or host == there)
    card = Method(
        name=name,
        title=title,
        values=values,
        notes={**CARDS[base].notes, **(notes or {})},
        source=source or f"{base}, with {_told(given, settings)}",
        status=status,
        differs=differs,
        hosts=hosts,
    )
    before = CARDS.get(name)
    _enter(card)
    try:
        _try_out(name, given, settings or {})
    except BaseException:
        _leave(name, before)
        raise
    _OWN.add(name)
    return card


def _told(given: Mapping[str, Any], settings: Mapping[str, Any] | None) -> str:
    told = [f"{kind} {parts.qualified(part)}" for kind, part in given.items()]
    told += [f"{key}={value}" for key, value in (settings or {}).items()]
    return ", ".join(told) or "nothing changed"


def _enter(card: Method) -> None:
    CARDS[card.name], METHODS[card.name] = card, card.values


def _leave(name: str, before: Method | None) -> None:
    if before is not None:
        _enter(before)
    else:
        del CARDS[name], METHODS[name]


def _try_out(name: str, given: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Check the settings, and use each part once."""
    from naslib_edd.config import loading as config

    # Values out of range are found where they are given.
    config.load({"optimizer": name, "search": dict(settings)})
    search = config.load({"optimizer": name}).search
    if not given:
        return
    from naslib_edd.engine.build.own import own_part
    from naslib_edd.engine.build.own_functions import try_out

    for kind, part in given.items():
        if kind != "step":
            try_out(kind, own_part(kind, search, seed=0), part.__qualname__)
