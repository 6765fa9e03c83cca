"""What a named method is: settings over the defaults, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A preset and its card: all that is written about it by hand.

    Attributes:
        name: as ``optimizer:`` selects it.
        title: what it is, in a line.
        values: settings of ``search:`` over the defaults (which are NB201's weights recipe).
        notes: of some of these settings, what their value means or where it is from.
        source: the paper, or the release and its commit.
        status: what it was verified against: "agrees with RELEASE at COMMIT (tests/…)",
            "verified against its equations (tests/…)", or "from the paper's description,
            unverified".
        differs: where it differs from its source on purpose, and what had to be assumed.
        hosts: the engines that run it.
    """

    name: str
    title: str = ""
    values: Values = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    source: str
    status: str
    differs: str = ""
    hosts: tuple[str, ...] = ("builtin", "naslib")
