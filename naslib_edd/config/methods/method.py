"""What a named method is: settings over the defaults, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A preset and its card.

    Attributes:
        name: as ``optimizer:`` selects it.
        values: settings of ``search:`` over the defaults (which are NB201's weights recipe).
        source: the paper, or the release and its commit.
        status: what it was verified against: "agrees with RELEASE at COMMIT (tests/…)",
            "verified against its equations (tests/…)", or "from the paper's description,
            unverified".
        differs: where it differs from its source on purpose, and what had to be assumed.
        hosts: the engines that run it.
    """

    name: str
    values: Values = field(default_factory=dict)
    source: str
    status: str
    differs: str = ""
    hosts: tuple[str, ...] = ("builtin", "naslib")
