"""The methods for people: `naslib-edd methods`, as text, JSON, a Markdown table or a config."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from typing import Any

import yaml

from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS, known
from naslib_edd.config.methods.entry_points import load_all
from naslib_edd.config.methods.method import Method
from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.own import OwnSettings
from naslib_edd.config.settings.perturbation import PerturbationSettings
from naslib_edd.config.settings.regularisers import RegulariserSettings
from naslib_edd.config.settings.selection import SelectionSettings
from naslib_edd.config.settings.stages import StageSettings
from naslib_edd.errors import UserError, nearest

#: Always named, whatever their value.
_ALWAYS = ("relaxation", "temperature", "bilevel")
#: Named where they differ from the default.
_NETWORK = ("partial_channels", "exclude_none", "arch_optimizer", "clip")
_SECTIONS = (
    RegulariserSettings,
    PerturbationSettings,
    SelectionSettings,
    StageSettings,
    OwnSettings,
)


def parts(method: Method) -> dict[str, Any]:
    """The parts that a method is composed of: setting → value."""
    search, default = load({"optimizer": method.name}).search, SearchSettings()
    optional = [*_NETWORK, *(item.name for s in _SECTIONS for item in dataclasses.fields(s))]
    chosen = {key: getattr(search, key) for key in _ALWAYS}
    chosen |= {
        key: getattr(search, key)
        for key in optional
        if getattr(search, key) != getattr(default, key)
    }
    return chosen


def listing(name: str | None = None, *, form: str = "text") -> str:
    """What there is to choose from.

    Args:
        name: one method; None: all of them.
        form: ``text``, ``json``, ``markdown``, or ``yaml``, a config of one method.

    Raises:
        UserError: no such method, or none where one is needed.
    """
    if name is None:
        load_all(CARDS)
    elif not known(name):
        raise UserError(f"unknown method '{name}'{nearest(name, CARDS)}")
    if form == "yaml":
        if name is None:
            raise UserError("a config is of one method: naslib-edd methods NAME --yaml")
        return _config(CARDS[name])
    chosen = list(CARDS.values()) if name is None else [CARDS[name]]
    if form == "json":
        return json.dumps(
            [{**dataclasses.asdict(method), "parts": parts(method)} for method in chosen], indent=1
        )
    if form == "markdown":
        head = ["| method | parts | source | status | engines |", "|---|---|---|---|---|"]
        return "\n".join([*head, *(_row(method) for method in chosen)])
    return "\n".join(_text(method) for method in chosen)


def _config(method: Method) -> str:
    """A config of the method on CIFAR-10: its three parts, and every setting that it has."""
    search = load({"optimizer": method.name}).search
    # What looks up a table, or scores untrained networks, has a strategy and no such parts.
    shown = {key: getattr(search, key) for key in _ALWAYS if search.strategy == "one_shot"}
    title = " ".join((method.title or method.source).split())
    lines = [f"# {title}", f"optimizer: {method.name}", "dataset: cifar10"]
    lines += ["", "search:"]
    for key, value in {**shown, **method.values}.items():
        plain = list(value) if isinstance(value, tuple) else value
        dumped = yaml.safe_dump({key: plain}, default_flow_style=True, width=1000)
        line = dumped.strip().removeprefix("{").removesuffix("}")
        note = " ".join(method.notes.get(key, "").split())
        lines.append(f"  {line}  # {note}" if note else f"  {line}")
    return "\n".join(lines)


def _text(method: Method) -> str:
    lines = [method.name, *_paragraph("parts", _joined(parts(method)))]
    lines += _paragraph("source", method.source) + _paragraph("status", method.status)
    if method.differs:
        lines += _paragraph("differs", method.differs)
    return "\n".join([*lines, *_paragraph("engines", ", ".join(method.hosts))])


def _row(method: Method) -> str:
    chosen = ", ".join(f"`{key}: {value}`" for key, value in parts(method).items())
    status = f"{method.status}; {method.differs}" if method.differs else method.status
    cells = (f"`{method.name}`", chosen, method.source, status, ", ".join(method.hosts))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _paragraph(title: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        96,
        initial_indent=f"  {title:8}",
        subsequent_indent=" " * 10,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _joined(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())
