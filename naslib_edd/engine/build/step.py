"""How the step of a config runs on a device: as one CUDA graph, or eagerly, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from naslib_edd.bilevel.first_order import FirstOrder
from naslib_edd.bilevel.graphed import CudaGraph, GraphedStep
from naslib_edd.component import Part
from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.errors import UserError
from naslib_edd.supernet.native.targets import no_bf16


@dataclass(frozen=True, kw_only=True)
class StepMode:
    """The path that steps take.

    Attributes:
        graphed: steps are replays of one graph.
        precision: of the supernet.
        why: they are not; None if they are.
    """

    graphed: bool
    precision: str
    why: str | None = None

    def __str__(self) -> str:
        if self.graphed:
            return f"one CUDA graph, {self.precision}"
        return f"eager, {self.precision} ({self.why})"


def host_work(search: SearchSettings) -> str | None:
    """What a method's step does on the host, so that no graph can hold it; None: nothing."""
    for kind in ("relaxation", "regulariser", "step"):
        name = getattr(search, f"own_{kind}")
        if name is not None:
            return f"{name} may work on the host"
    if search.relaxation in (*SAMPLED, "concrete"):
        name = "GDAS" if search.relaxation in ("gumbel", "sn_gumbel") else search.relaxation
        return f"{name} samples on the host"
    if search.alignment > 0:
        return "the alignment's weight is set on the host"
    if search.operation_stop is not None:
        return "operations are stopped on the host"
    if search.bilevel == "second_order":
        return "the second-order step reads the learning rate on the host"
    if search.bilevel == "gibbs":
        return "the noise of gibbs is drawn on the host"
    if search.perturbation != "off":
        return "the perturbation is drawn on the host"
    if search.drop_path > 0:
        return "drop path is drawn on the host"
    return None


def step_mode(search: SearchSettings, device: torch.device) -> StepMode:
    """The path of a config on a device.

    Raises:
        UserError: ``cuda_graph: on`` where there is no GPU, or the method's step does not allow
            it; bf16 on a CPU that has no instructions for it.
    """
    why = None
    if search.precision == "bf16" and device.type == "cpu" and (lacking := no_bf16()):
        raise UserError(f"search.precision: bf16 is of no use here: {lacking}; take fp32")
    if device.type != "cuda":
        why = f"on {device.type}"
    elif search.cuda_graph == "off":
        why = "search.cuda_graph: off"
    else:
        why = host_work(search)
    if why is not None and search.cuda_graph == "on":
        raise UserError(
            f"search.cuda_graph: on cannot be: {why if device.type == 'cuda' else 'no GPU is used'}"
            "; use cuda_graph=auto, which runs such steps eagerly"
        )
    return StepMode(graphed=why is None, precision=search.precision, why=why)


def make_step(
    search: SearchSettings,
    *,
    bilevel: FirstOrder,
    parts: Sequence[Part],
    device: torch.device,
    generators: Sequence[torch.Generator] = (),
) -> GraphedStep:
    """The graphed step of a config; ``generators``: those of the device that it draws from."""
    return GraphedStep(
        bilevel=bilevel,
        parts=parts,
        make_graph=lambda: CudaGraph(device=device, generators=generators),
        required=search.cuda_graph == "on",
    )
