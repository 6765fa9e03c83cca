"""A documented setting with its range, and the error for settings that do not go together."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def setting(
    default: Any,
    doc: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A field with its documentation and the range that :mod:`naslib_edd.config.loading` checks."""
    limits = {"at_least": at_least, "above": above, "at_most": at_most}
    metadata = {"doc": doc, **{key: value for key, value in limits.items() if value is not None}}
    return field(default=default, metadata=metadata)
