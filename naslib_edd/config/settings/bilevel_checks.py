"""Settings of the two steps that do not go together."""

from __future__ import annotations

from naslib_edd.config.settings.bilevel import ONE_LEVEL
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.config.settings.search import SearchSettings
from naslib_edd.errors import UserError


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
        "search.perturbation": search.perturbation != "off",
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
