"""Settings of how a step runs: its precision, a GPU's graph, a CPU's kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from naslib_edd.config.settings.fields import setting
from naslib_edd.errors import UserError

if TYPE_CHECKING:
    from naslib_edd.config.settings.config import SearchSettings


@dataclass(frozen=True, kw_only=True)
class HardwareSettings:
    """What the mathematics does not depend on, but for rounding."""

    precision: Literal["fp32", "bf16"] = setting(
        "fp32",
        "of the supernet's convolutions and activations; weights, batch statistics, class scores, "
        "logits and optimizers are fp32 in both",
    )
    cuda_graph: Literal["auto", "on", "off"] = setting(
        "auto",
        "a step is captured once and replayed as one CUDA graph; auto: on a GPU, where nothing of "
        "the step happens on the host",
    )
    kernels: Literal["auto", "on", "off"] = setting(
        "auto",
        "C++ kernels for the passes around a CPU's convolutions; auto: where they are the faster, "
        "measured once for this processor, threads, shape and version",
    )


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
