"""A dry run: the settings with their sources, and how long the run would take here."""

from __future__ import annotations

import itertools
import time

from rich.console import Console

from naslib_edd.engine.console import duration, say
from naslib_edd.retrain.recipes import Recipe
from naslib_edd.retrain.settings import as_dict
from naslib_edd.retrain.trainer import Trainer


def dry(console: Console, trainer: Trainer, recipe: Recipe) -> None:
    """Print every setting, time two steps, and estimate the whole. The trainer is used up."""
    for key, value in as_dict(trainer.settings).items():
        source = ""
        if key in recipe.values:
            own = recipe.values[key]
            source = recipe.source_of(key) if own == value else f"yours; the recipe has {own}"
        say(console, f"  {key:<18} {value!s:<12} {source}")
    taken = 0.0
    for share in itertools.islice(trainer.steps(), 2):
        began = time.monotonic()
        trainer.run_step(share)
        trainer.check_finite()  # which waits for the device
        taken = time.monotonic() - began
    steps = trainer.images.steps * trainer.settings.epochs
    say(
        console,
        f"the second step took {taken:.3f} s; {steps} steps: about {duration(taken * steps)}, "
        "evaluations not counted. Nothing was written",
    )
