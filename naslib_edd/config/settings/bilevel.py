"""Settings of the bilevel kinds and of steps on the simplex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting

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
