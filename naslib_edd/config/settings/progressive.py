"""Settings of progressive learning: a second part of the search with fewer operations."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.config.settings.fields import setting


@dataclass(frozen=True, kw_only=True)
class ProgressiveSettings:
    """DrNAS' two parts of one search, as shares of its epochs."""

    progressive_keep: int = setting(
        0, "operations that each edge keeps in the second part; 0: there is none", at_least=0
    )
    progressive_at: float = setting(
        0.5, "where the second part begins, as a share of epochs", above=0, at_most=0.9999
    )
    progressive_partial: int = setting(
        0,
        "K of the partial channels in the second part; 0: partial_channels throughout",
        at_least=0,
    )
    progressive_warmup: float = setting(
        0.2, "the logits rest for this share of each part", at_least=0, at_most=0.9999
    )
    progressive_restart: bool = setting(
        True, "the weights' rate begins the second part where it began the first"
    )
