"""Another method over a config that was written for one: what of it holds on, and what may not.

A config that writes out what its method is made of (``relaxation: sn_softmax``) would make any
other ``optimizer=`` run that method under the other's name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from naslib_edd import spaces
from naslib_edd.config.methods import METHODS, VARIANTS, preset
from naslib_edd.config.methods.edd import RELEASE
from naslib_edd.config.methods.method import Values
from naslib_edd.config.settings import Config, SearchSettings, names
from naslib_edd.config.settings.hardware import HardwareSettings
from naslib_edd.config.settings.images import ImageSettings
from naslib_edd.config.settings.network import NetworkSettings
from naslib_edd.config.settings.own import OwnSettings
from naslib_edd.config.settings.steps import StepSettings
from naslib_edd.errors import UserError

#: What some method sets: a config that has it says what its method is.
DEFINING = frozenset(
    {
        "variant",
        *RELEASE,
        *names(OwnSettings),
        *(key for values in METHODS.values() for key in values),
    }
)
#: Of these, a recipe's: a value off the method's own is the user's, for any method.
RECIPE = DEFINING & {
    key
    for section in (StepSettings, NetworkSettings, ImageSettings, HardwareSettings)
    for key in names(section)
}


def own(
    optimizer: str,
    variant: str = "paper",
    dataset: str = "cifar10",
    space: str = Config.search_space,
) -> Values:
    """Every setting of ``search:`` as a method has it, or as the defaults do where it has none."""
    values: Values = dataclasses.asdict(SearchSettings())
    if space not in spaces.ON_NASLIB:
        values |= spaces.get(space).defaults
    if optimizer in METHODS and (variant != "release" or optimizer in VARIANTS):
        values |= preset(optimizer, variant, dataset) | {"variant": variant}
    return values


def without_former(
    search: Mapping[str, Any],
    *,
    former: str,
    method: str,
    typed: Collection[str],
    dataset: str,
    space: str,
    where: str,
) -> Values:
    """The settings of a config for `former` that hold for another method, too.

    What restates `former` is left out, so that the new method's own holds. A recipe's values off
    `former`'s own (epochs, rates, sizes) stay.

    Args:
        search: checked settings of ``search:``, of the config and of the command line.
        former, method: what the config's ``optimizer`` was, and what it is to be.
        typed: the keys given on the command line: they stay.
        dataset, space, where: of the run; of the config, for errors.

    Raises:
        UserError: the config changes what `former` is made of, and so would change the new method.
    """
    before = own(former, search.get("variant", "paper"), dataset, space)
    after = own(method, "paper", dataset, space)
    changed = [
        key
        for key, value in search.items()
        if key in DEFINING - RECIPE - set(typed) and value != before[key] and value != after[key]
    ]
    if changed:
        keys = ", ".join(f"search.{key}={search[key]}" for key in changed)
        raise UserError(
            f"{where} is a config of {former} that sets {keys}: with optimizer={method} that would "
            f"be another method under this name; use a config of {method} (or one without these "
            "keys), or give them on the command line, too"
        )
    restated = {key for key, value in search.items() if key in DEFINING and value == before[key]}
    return {key: value for key, value in search.items() if key in typed or key not in restated}
