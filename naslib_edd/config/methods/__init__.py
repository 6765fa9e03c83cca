"""Methods by name: each a set of settings of ``search:`` that a config may still override.

Order of precedence, weakest first: the defaults of :mod:`naslib_edd.config.settings`, the method,
the variant (for EDD), the config file, the command line. One module a family of methods.
"""

from __future__ import annotations

from naslib_edd.config.methods import (
    darts,
    drnas,
    edd,
    from_description,
    gaea,
    gdas,
    gibbs,
    pc_darts,
    perturbed,
    published,
    regularised,
    sampling,
    selection,
)
from naslib_edd.config.methods.edd import EDD, RELEASE
from naslib_edd.config.methods.entry_points import load
from naslib_edd.config.methods.method import Method, Values
from naslib_edd.errors import UserError, nearest

_FAMILIES = (
    darts,
    gdas,
    pc_darts,
    gaea,
    gibbs,
    edd,
    regularised,
    drnas,
    from_description,
    sampling,
    perturbed,
    selection,
    published,
)

#: Every method by its name.
CARDS: dict[str, Method] = {method.name: method for f in _FAMILIES for method in f.METHODS}

#: Settings of each method, over the defaults (which are NB201's weights recipe).
METHODS: dict[str, Values] = {name: method.values for name, method in CARDS.items()}

#: The methods with a variant ``release``.
VARIANTS = ("edd_darts", "edd_darts_clip")


def known(optimizer: str) -> bool:
    """Whether there is a method of that name: of the project, registered, or of a package."""
    if optimizer not in METHODS:
        load(optimizer, METHODS)
    return optimizer in METHODS


def preset(optimizer: str, variant: str, dataset: str = "cifar10") -> Values:
    """The settings that a method and its variant give to ``search:`` on a data set.

    Raises:
        UserError: no such method, or the method has no such variant.
    """
    if not known(optimizer):
        raise UserError(
            f"unknown optimizer '{optimizer}'{nearest(optimizer, METHODS)} (one's own is known "
            "once naslib_edd.register_method was called, or by an installed package's entry point)"
        )
    values = dict(METHODS[optimizer])
    if variant == "release":
        if optimizer not in VARIANTS:
            raise UserError(
                f"search.variant: release belongs to EDD ({', '.join(VARIANTS)}); "
                f"'{optimizer}' has no such variant, leave the key out"
            )
        # The method's own point (the clip) outlives the variant.
        own = {key: values[key] for key in values if key not in EDD}
        values = {**values, **RELEASE, **own}
    if values.get("temperature") == "pcd" and dataset.lower() == "cifar100":
        values["pcd_warmup"] = 10  # the release's; 5 on CIFAR-10
    return values
