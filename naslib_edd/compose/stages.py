"""The stages of a config: what acts at the boundaries of epochs."""

from __future__ import annotations

from naslib_edd.settings import SearchSettings
from naslib_edd.stages import BestOf, Stage
from naslib_edd.stages.progressive import Progressive


def make_stages(search: SearchSettings, *, seed: int) -> list[Stage]:
    """In the order in which they act; none by default."""
    stages: list[Stage] = []
    if search.progressive_keep:
        stages.append(
            Progressive(
                epochs=search.epochs,
                keep=search.progressive_keep,
                at=search.progressive_at,
                warmup=search.progressive_warmup,
                rates=(search.learning_rate, search.learning_rate_min)
                if search.progressive_restart
                else None,
                anneal_epochs=search.anneal_epochs,
                partial=search.progressive_partial,
                seed=seed,
            )
        )
    if search.best_of:
        stages.append(
            BestOf(
                epochs=search.epochs,
                count=search.best_of,
                count_before=search.best_of_before,
                batches=search.best_of_batches,
                statistics="running" if search.eval_statistics == "running" else "batch",
                seed=seed,
            )
        )
    return stages
