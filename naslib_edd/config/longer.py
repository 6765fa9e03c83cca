"""Going on with a run for more epochs than it was begun with.

That is the longer run only if nothing so far depended on how many epochs there are. Then the record
is that of the longer run bit for bit. Otherwise it would be one of neither length, and a table of
results would not tell; it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naslib_edd import spaces
from naslib_edd.config.settings import Config, SearchSettings
from naslib_edd.errors import UserError


def check_longer(saved: Mapping[str, Any], config: Config) -> bool:
    """Whether a config asks for more epochs than a saved run had.

    Raises:
        UserError: it does, and the epochs so far would have been others.
    """
    before, now = saved.get("search", {}).get("epochs"), config.search.epochs
    if type(before) is not int or now <= before:
        return False
    reasons = depends_on_epochs(config.search, spaces.get(config.search_space).size)
    if reasons:
        raise UserError(
            f"search.epochs was {before} and is {now} now: what the run did so far depends on how "
            f"many there are ({', '.join(reasons)}), so that a longer run is another one from its "
            "first epoch on; begin it under another name=…"
        )
    return True


def depends_on_epochs(search: SearchSettings, size: int | None = None) -> list[str]:
    """What in a search depends on the number of its epochs, in words.

    Args:
        search: its settings.
        size: how many architectures the space numbers, if it does.
    """
    if search.strategy == "zero_cost_pt":
        return ["its candidates are compared on the batch after their last"]
    if search.strategy != "one_shot":
        shared = search.queries is not None or (size is not None and search.epochs > size)
        return ["the look-ups are shared among the epochs"] if shared else []
    bends = search.learning_rate != search.learning_rate_min
    found = {
        "the learning rate's cosine; search.anneal_epochs fixes its length": (
            bends and search.anneal_epochs is None
        ),
        f"temperature: {search.temperature}": search.temperature not in ("constant", "edd"),
        "arch_warmup is a share of them": 0 < search.arch_warmup < 1,
        "drop_path": search.drop_path > 0,
        "beta_decay": search.beta_decay > 0,
        "entropy_penalty": search.entropy_penalty > 0,
        "alignment": search.alignment > 0,
        "auxiliary_skip": search.auxiliary_skip > 0,
        f"perturbation: {search.perturbation}": search.perturbation != "off",
        "progressive_keep": search.progressive_keep > 0,
        "best_of": search.best_of > 0,
        f"greedy: {search.greedy}": search.greedy != "off",
        f"selection: {search.selection}": search.selection == "perturbation",
        f"early_stop: {search.early_stop}": search.early_stop != "off",
    }
    return [words for words, depends in found.items() if depends]
