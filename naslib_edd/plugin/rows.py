"""A row of the record for an epoch on NASLib: the fields of the built-in engine's."""

from __future__ import annotations

from typing import Any

import torch

from naslib_edd.bilevel.meters import OF_LOGIT_STEPS
from naslib_edd.plugin.adapted import Adapted
from naslib_edd.relaxation import mean_entropy
from naslib_edd.spaces.edge_column import split


def epoch_row(optimizer: Adapted) -> dict[str, Any]:
    """The row of the epoch that just ended; moves the temperature on to the next.

    ``net_val_acc_*`` are not in it: our runner adds them (:mod:`naslib_edd.plugin.recorder`), for
    it has the validation images. Under NASLib's own Trainer, or with its loaders, nobody has them
    in order and as they are.
    """
    temperature = optimizer.temperature
    t = temperature.t
    relaxation, logits = optimizer.parts.relaxation, optimizer.logits.detach()
    current = float(mean_entropy(relaxation.expected(logits, optimizer.t)))
    untempered = float(mean_entropy(relaxation.expected(logits, torch.ones_like(optimizer.t))))
    epoch = optimizer.epoch - 1
    rests = optimizer.logits_rest(epoch)
    extra = optimizer.stages.end_epoch(epoch)
    wanted = untempered if temperature.entropy_of == "untempered" else current
    # Behind the stages, which may move them.
    operations, edges = split(optimizer.layout.written(logits), optimizer.layout.operations)
    optimizer.t.fill_(temperature.update(epoch=optimizer.epoch, entropy=wanted))
    row = {
        "epoch": optimizer.epoch,
        "t": t,
        "t_next": temperature.t,
        "d": temperature.strength,
        "entropy": current,
        "entropy_untempered": untempered,
        "learning_rate": optimizer.learning_rate,
        **optimizer.meters.means(),
        # A mean over no steps is unknown, not 0.
        **dict.fromkeys(OF_LOGIT_STEPS if rests else ()),
        **optimizer.layout.describe(optimizer.kept_operations()),
        **extra,
        "logits": operations.tolist(),
    }
    if edges is not None:
        row["edge_logits"] = edges.tolist()
    return row
