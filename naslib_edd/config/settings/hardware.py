"""Settings of how a step runs: its precision, a GPU's graph, a CPU's kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting


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
