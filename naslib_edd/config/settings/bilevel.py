"""Settings of the bilevel kinds and of steps on the simplex, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.errors import UserError

if TYPE_CHECKING:
    from naslib_edd.config.settings.config import SearchSettings

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
    alignment: float = setting(
        0.0,
        "Lambda-DARTS: weight, in the weights' loss, of how well the cells' gradients of beta "
        "agree; rises from 0 to this; 0: none",
        at_least=0,
    )
    alignment_radius: float = setting(
        1e-4, "Lambda-DARTS: how far beta moves for the finite difference", above=0
    )
    operation_stop: float | None = setting(
        None,
        "OLES: an operation is trained no more once the mean cosine of its gradients on the two "
        "halves is below this",
        at_least=-1,
        at_most=1,
    )
    operation_stop_count: int = setting(20, "OLES: steps that the mean is over", at_least=1)
    edge_learning_rate: float = setting(
        0.1, "exponentiated_gradient: learning rate of the edge weights", above=0
    )


def check_bilevel(search: SearchSettings) -> None:
    """Raise UserError for settings of the two steps that do not go together."""
    _check_kind(search)
    _check_simplex(search)
    _check_adjusted(search)
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


def _check_adjusted(search: SearchSettings) -> None:
    """What changes the weights' gradient: alignment, and the stopping of operations."""
    aligned, stops = search.alignment > 0, search.operation_stop is not None
    if not (aligned or stops):
        return
    key = "alignment" if aligned else "operation_stop"
    refused = {
        "search.operation_stop": aligned and stops,
        f"search.bilevel: {search.bilevel}": search.bilevel != "first_order",
        f"search.relaxation: {search.relaxation}, a sample": search.relaxation in SAMPLED,
        "search.perturbation": getattr(search, "perturbation", "off") != "off",
        "search.drop_path": search.drop_path > 0,
        "search.precision: bf16": search.precision != "fp32",
        "search.progressive_keep": search.progressive_keep > 0,
    }
    for other, there in refused.items():
        if there:
            raise UserError(f"search.{key} does not go with {other}; leave one of them out")
    if stops and (search.supernet != "plain" or search.partial_channels > 1):
        raise UserError(
            "search.operation_stop needs a module an operation: search.supernet: plain, without "
            "partial_channels"
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
