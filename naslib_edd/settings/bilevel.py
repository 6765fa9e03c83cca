"""Settings of the bilevel kinds and of steps on the simplex, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from naslib_edd.errors import UserError
from naslib_edd.settings.fields import setting

if TYPE_CHECKING:
    from naslib_edd.settings.config import SearchSettings

#: The kinds of `bilevel` whose logits, too, are trained on training images.
ONE_LEVEL = ("single_level", "gibbs")


@dataclass(frozen=True, kw_only=True)
class BilevelSettings:
    """What the kinds of ``bilevel`` beyond first order need."""

    hessian: Literal["finite_difference", "exact"] = setting(
        "finite_difference",
        "second_order: the Hessian-vector product by two passes, or by differentiating twice "
        "(supernet: plain)",
    )
    hessian_radius: float = setting(
        0.01, "second_order: how far w moves along v/|v| for the finite difference", above=0
    )
    train_images: Literal["half", "all"] = setting(
        "half",
        "single_level and gibbs: train on the train half, or on all of the training images (the "
        "validation half stays for the record, no longer unseen)",
    )
    logit_batch: Literal["own", "same"] = setting(
        "own",
        "single_level: the logits step on a batch of their own, drawn as val_sampling says (GAEA's "
        "release), or on the weights' batch",
    )
    gibbs_temperature: float = setting(
        2e-5, "gibbs: T of the Langevin noise; 1/images for the posterior", at_least=0
    )
    edge_learning_rate: float = setting(
        0.1, "exponentiated_gradient: learning rate of the edge weights", above=0
    )


def check_bilevel(search: SearchSettings) -> None:
    """Raise UserError for settings of the two steps that do not go together."""
    _check_kind(search)
    _check_simplex(search)
    if search.bilevel == "gibbs" and (search.arch_optimizer != "sgd" or search.nesterov):
        raise UserError(
            "search.bilevel: gibbs is Langevin sampling, whose noise is known for plain gradient "
            "steps only: set search.arch_optimizer: sgd and search.nesterov: false"
        )


def _check_kind(search: SearchSettings) -> None:
    kind = search.bilevel
    if search.hessian == "exact":
        if kind != "second_order":
            raise UserError(
                f"search.hessian: exact belongs to search.bilevel: second_order, not to {kind}, "
                "which takes no Hessian; leave it out"
            )
        if search.supernet == "fast":
            raise UserError(
                "search.hessian: exact differentiates twice, which the hand-written backward pass "
                f"of search.supernet: {search.supernet} does not allow; set search.supernet: plain"
            )
    if kind not in ONE_LEVEL and search.train_images == "all":
        raise UserError(
            f"search.train_images: all does not go with search.bilevel: {kind}: the weights would "
            "be trained on the images that the logits are validated on; use single_level"
        )
    if kind != "single_level" and search.logit_batch == "same":
        raise UserError(
            f"search.logit_batch: same belongs to search.bilevel: single_level, not to {kind}"
        )


def _check_simplex(search: SearchSettings) -> None:
    simplex = search.relaxation == "simplex"
    moves = search.arch_optimizer == "exponentiated_gradient"
    if simplex and not moves:
        raise UserError(
            "search.relaxation: simplex hands the gradient of the probabilities on as it is, which "
            f"{search.arch_optimizer} would take for the logits'; set search.arch_optimizer: "
            "exponentiated_gradient"
        )
    if moves and not simplex:
        raise UserError(
            "search.arch_optimizer: exponentiated_gradient steps probabilities, but "
            f"search.relaxation: {search.relaxation} gives it the gradient of logits; set "
            "search.relaxation: simplex"
        )
    if simplex and (search.temperature != "constant" or search.t0 != 1):
        raise UserError(
            "search.relaxation: simplex knows no temperature: its edge weights are the "
            "probabilities themselves; leave search.temperature and search.t0 out"
        )
