"""What a method is made of but its network and its steps: the same on both hosts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from naslib_edd.bilevel.perturbed import Perturbation
from naslib_edd.bilevel.regularisers import Regulariser
from naslib_edd.config.settings import SearchSettings
from naslib_edd.data.sampling import generator
from naslib_edd.engine.build.drop_path import make_drop_path
from naslib_edd.engine.build.perturbation import make_perturbation
from naslib_edd.engine.build.regularisers import make_regularisers
from naslib_edd.engine.build.relaxation import make_relaxation
from naslib_edd.engine.build.temperature import make_temperature
from naslib_edd.relaxation import Relaxation
from naslib_edd.spaces import Layout
from naslib_edd.supernet.drop_path import DropPath
from naslib_edd.temperature import Temperature


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a search, each of its config.

    Attributes:
        allowed: which operations take part, bool [edges, operations]; changed in place by stages.
        relaxation: logits to β.
        temperature: its schedule, or its controller.
        regularisers: what is added to the loss of the logits, in order.
        perturbation: what the weight step does to β first.
        drop_path: what drops edges in training.
    """

    allowed: Tensor
    relaxation: Relaxation
    temperature: Temperature
    regularisers: list[Regulariser]
    perturbation: Perturbation | None
    drop_path: DropPath | None


def make_parts(
    search: SearchSettings,
    *,
    seed: int,
    samples: torch.Generator,
    allowed: Tensor,
    layout: Layout,
    targets: Sequence[Hashable],
    skip: int | None,
) -> Parts:
    """The parts of a config.

    Args:
        search: the settings.
        seed: of the run; each part that draws has a stream of its own.
        samples: what the relaxation draws from.
        allowed: the mask of the operations, which the parts hold.
        layout: of the space.
        targets: the node that each row's edge enters, where the host orders rows otherwise.
        skip: the column of `skip_connect`, where it is an identity on every edge.
    """
    return Parts(
        allowed=allowed,
        relaxation=make_relaxation(
            search, generator=samples, allowed=allowed, targets=targets, skip=skip
        ),
        temperature=make_temperature(search, edges=len(targets), layout=layout),
        regularisers=make_regularisers(search, allowed=allowed, skip=skip, layout=layout),
        perturbation=make_perturbation(
            search, generator=generator(seed, "perturbation"), allowed=allowed
        ),
        drop_path=make_drop_path(search, generator=generator(seed, "drop_path")),
    )
