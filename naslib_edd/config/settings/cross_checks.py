"""Settings of two parts that do not go together."""

from __future__ import annotations

from naslib_edd.config.settings.bilevel_checks import check_bilevel
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.config.settings.search import SearchSettings
from naslib_edd.errors import UserError
from naslib_edd.spaces.layout import Layout


def check_together(search: SearchSettings, layout: Layout) -> None:
    """Raise UserError for settings that do not go together, with the reason.

    Args:
        search: settings, each in its own range.
        layout: of the search space, on which some bounds depend.
    """
    search.check_network(layout)
    search.check_relaxation()
    search.check_steps()
    check_bilevel(search)
    search.check_temperature()
    search.check_regularisers()
    search.check_perturbation()
    search.check_selection(layout.decisions)
    search.check_stages()
    check_operations(search, layout)
    check_dirichlet(search)
    check_sparsity(search)
    check_progressive(search, layout)
    check_sampled(search)
    check_hardware(search)
    search.check_sampling()
    check_statistics(search)


def check_dirichlet(search: SearchSettings) -> None:
    """Raise UserError for what asks for a Dirichlet and has none."""
    if search.dirichlet_anchor and search.relaxation != "dirichlet":
        raise UserError(
            f"search.dirichlet_anchor = {search.dirichlet_anchor:g} anchors a Dirichlet: it needs "
            f"search.relaxation: dirichlet, not {search.relaxation}"
        )


def check_operations(search: SearchSettings, layout: Layout) -> None:
    """Raise UserError for parts that act on an operation that takes no part."""
    columns = search.columns_in(layout)
    if layout.skip not in columns:
        for key in ("auxiliary_skip", "identity_penalty"):
            if getattr(search, key) > 0:
                raise UserError(
                    f"search.{key} = {getattr(search, key):g} acts on skip_connect, which "
                    "search.operations leaves out; name it there, or set the other to 0"
                )
    left_out = layout.none is not None and layout.none not in columns
    if search.greedy != "off" and left_out and not search.exclude_none:
        raise UserError(
            "search.greedy ranks edges by how little `none` weighs, and search.operations leaves "
            "it out; name it there, too"
        )
    if search.greedy != "off" and len(set(columns) - {layout.none}) < 2:
        raise UserError(
            "search.greedy never chooses `none`: search.operations must name two operations or "
            "more beside it"
        )


def check_sparsity(search: SearchSettings) -> None:
    """Raise UserError for linear weights and their sparsity, where they do not go together."""
    sparse = bool(search.sparsity_l1 or search.sparsity_group)
    if sparse and search.relaxation != "linear":
        raise UserError(
            "search.sparsity_l1 and sparsity_group need search.relaxation: linear: the weights of "
            f"an edge under {search.relaxation} add up to 1, so that their sum has no say"
        )
    if search.relaxation == "linear" and (search.temperature != "constant" or search.t0 != 1):
        raise UserError(
            "search.relaxation: linear has no temperature: use search.temperature: constant with "
            "search.t0: 1"
        )
    if search.arch_optimizer == "proximal_adam" and not sparse:
        raise UserError(
            "search.arch_optimizer: proximal_adam needs search.sparsity_l1 or sparsity_group above "
            "0: there is nothing to be proximal to"
        )


def check_sampled(search: SearchSettings) -> None:
    """Raise UserError for what looks at a mixture, where each edge is one sampled operation."""
    if search.relaxation not in SAMPLED:
        return
    kind = f"search.relaxation: {search.relaxation} samples one operation an edge"
    if search.selection == "perturbation":
        raise UserError(
            f"search.selection: perturbation takes an operation out of a mixture, and {kind}: "
            "nothing would be left of the edge; use softmax or sn_softmax"
        )
    if search.early_stop == "eigenvalue":
        raise UserError(
            f"search.early_stop: eigenvalue needs the Hessian of a loss of all logits, and {kind}: "
            "it would be another's at each sample; use softmax or sn_softmax"
        )


def check_progressive(search: SearchSettings, layout: Layout) -> None:
    """Raise UserError for a second part that cannot be."""
    if search.partial_channels > 1 and search.drop_path:
        raise UserError(
            f"search.drop_path = {search.drop_path:g} does not go with search.partial_channels = "
            f"{search.partial_channels}: an edge that is dropped would take the channels with it "
            "that only pass by; set one of them back"
        )
    partial = search.progressive_partial
    if not search.progressive_keep:
        if partial:
            raise UserError(
                "search.progressive_partial is the K of a second part, and there is none: set "
                "search.progressive_keep"
            )
        return
    if partial and search.partial_channels % partial:
        raise UserError(
            f"search.progressive_partial = {partial} must divide search.partial_channels = "
            f"{search.partial_channels}: the operations' channels grow by a whole factor"
        )
    left = len(search.columns_in(layout))
    if search.progressive_keep > left:
        raise UserError(
            f"search.progressive_keep = {search.progressive_keep} is more than the {left} "
            "operations that an edge has"
        )
    if search.epochs < 2:
        raise UserError("search.progressive_keep needs search.epochs of 2 or more: two parts")


def check_hardware(search: SearchSettings) -> None:
    """Raise UserError for what bf16 cannot resolve."""
    if search.precision == "fp32":
        return
    if search.bilevel == "second_order" and search.hessian == "finite_difference":
        raise UserError(
            "search.precision: bf16 does not go with search.bilevel: second_order: its finite "
            "difference moves the weights by less than bf16 can tell apart, so that the product "
            "with the Hessian would be noise; use precision=fp32"
        )
    if search.early_stop != "off":
        raise UserError(
            "search.precision: bf16 does not go with search.early_stop: the curvature that it "
            "measures differentiates the supernet twice, whose rounding bf16 would leave nothing "
            "of; use precision=fp32"
        )


def check_statistics(search: SearchSettings) -> None:
    """Raise UserError for a pass by running statistics that are not kept."""
    if search.eval_statistics == "running" and not search.running_statistics:
        raise UserError("search.eval_statistics: running needs search.running_statistics: true")
