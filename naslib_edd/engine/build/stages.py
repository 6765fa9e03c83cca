"""The stages of a config: what acts at the boundaries of epochs."""

from __future__ import annotations

from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build.own import chosen_by, own_part
from naslib_edd.selection.best_of_samples import BestOf
from naslib_edd.selection.early_stop_stage import EarlyStop
from naslib_edd.selection.fixing import RemovalScore
from naslib_edd.selection.greedy_stage import Greedy
from naslib_edd.selection.perturbation_stage import PerturbationSelection
from naslib_edd.selection.progressive import Progressive
from naslib_edd.selection.stage import Stage
from naslib_edd.spaces import Layout


def make_stages(search: SearchSettings, *, seed: int, layout: Layout) -> list[Stage]:
    """In the order in which they act; none by default.

    Args:
        search: the settings.
        seed: the run's.
        layout: of the space.
    """
    stages: list[Stage] = []
    if search.own_selection is not None:
        stages.append(chosen_by(search))  # the first that chooses has the say
    if search.own_stage is not None:
        stages.append(own_part("stage", search, seed=seed, layout=layout))
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
                layout=layout,
                epochs=search.epochs,
                count=search.best_of,
                count_before=search.best_of_before,
                batches=search.best_of_batches,
                statistics="running" if search.eval_statistics == "running" else "batch",
                seed=seed,
            )
        )
    return [*stages, *_selection(search, seed, layout)]


def _selection(search: SearchSettings, seed: int, layout: Layout) -> list[Stage]:
    """What decides operations, or ends the search: one at most (see ``check_selection``)."""
    chooser = None
    if search.selection == "perturbation":
        chooser = RemovalScore(criterion=search.pt_criterion, statistics=search.pt_statistics)
    if search.greedy != "off":
        warmup, interval = search.greedy_times(layout.decisions)
        greedy = Greedy(
            layout=layout,
            criterion=search.greedy,
            warmup=warmup,
            interval=interval,
            history=search.greedy_history,
            chooser=chooser,
        )
        return [greedy]
    if chooser is not None:
        selection = PerturbationSelection(
            layout=layout,
            epochs=search.epochs,
            tune=search.tune_epochs,
            rate=search.pt_learning_rate or search.learning_rate / 10,
            order=search.pt_order,
            seed=seed,
            chooser=chooser,
        )
        return [selection]
    if search.early_stop != "off":
        interval, start = search.es_times
        stop = EarlyStop(
            epochs=search.epochs,
            interval=interval,
            window=search.es_window,
            start=start,
            delta=search.es_delta,
            factor=search.es_factor,
            weight_decay=search.arch_weight_decay,
        )
        return [stop]
    return []
