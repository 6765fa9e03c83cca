"""After each epoch on NASLib: the row, looked up in the table, in record.jsonl and errors.json.

NASLib itself queries no one-shot search before its end. The architecture is read off the logits:
no random number is drawn, nothing is unparsed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from naslib_edd.errors import Diverged
from naslib_edd.files import write_text
from naslib_edd.outcome import collapse_warning
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.queues import Queues
from naslib_edd.record import Row, RunFolder, plain
from naslib_edd.spaces import nb201

if TYPE_CHECKING:
    from naslib_edd.data import ImageSet
    from naslib_edd.tabular import Table


class Recorder:
    """Keeps the rows of a run.

    Args:
        optimizer: ours, or NASLib's own.
        folder: the run's.
        table: to look up in, if there is one.
        queues: our data loaders, if they are in use.
    """

    def __init__(
        self, *, optimizer: Any, folder: RunFolder, table: Table | None, queues: Queues | None
    ) -> None:
        self.optimizer, self.folder, self.table = optimizer, folder, table
        self.queues = queues
        self.rows: list[Row] = []
        #: How many images the halves have, once the loaders are made.
        self.images: dict[str, int] | None = None

    def catch_up(self, trajectory: Any) -> list[Row]:
        """Complete the rows that are new since the last call; returns these."""
        if isinstance(self.optimizer, Adapter):
            self.optimizer.close_epoch()
            self.rows = self.optimizer.history
        elif len(self.rows) < len(trajectory.train_acc):
            self.rows.append(foreign_row(self.optimizer, trajectory))
        new = [row for row in self.rows if "warning" not in row]
        for row in new:
            self._complete(row)
        text = "".join(json.dumps(plain(row), allow_nan=False) + "\n" for row in self.rows)
        write_text(self.folder.record, text)
        trajectory.arch_eval[:] = [plain(row) for row in self.rows]
        return new

    def accuracy(self, images: ImageSet) -> float:
        """Accuracy, %, of the discretised network with the shared weights, norms by the batch."""
        assert self.queues is not None
        optimizer, correct = self.optimizer, 0
        with torch.no_grad(), discretised(optimizer):
            for x, labels in self.queues.whole(images):
                correct += int((optimizer.graph(x).argmax(1) == labels).sum())
        return 100.0 * correct / len(images)

    def _complete(self, row: Row) -> None:
        if not all(torch.isfinite(torch.tensor(row[k])) for k in ("train_loss", "val_loss")):
            raise Diverged(
                f"the loss is not a finite number in epoch {row['epoch']}; try a lower "
                "search.learning_rate or search.grad_clip"
            )
        if isinstance(self.optimizer, Adapter) and self.queues is not None:
            row["net_val_acc_batch"] = self.accuracy(self.queues.data.val)
        if self.table is not None and "index" in row:
            row["table"] = self.table.query(row["index"]).as_dict()
        row["warning"] = collapse_warning(row) if "index" in row else None


class discretised:  # noqa: N801
    """While it lasts, the graph computes only the architecture of the logits; norms by the batch.

    Nothing of the graph is changed by a pass, not even running statistics.
    """

    def __init__(self, optimizer: Adapter) -> None:
        self.optimizer = optimizer

    def __enter__(self) -> None:
        optimizer = self.optimizer
        logits, width = optimizer.logits.detach(), optimizer.layout.operations
        chosen = optimizer.layout.chosen(optimizer.choosable_logits)
        beta = torch.zeros_like(logits)
        beta[range(len(chosen)), chosen] = 1.0
        if logits.shape[1] > width:
            beta[:, -1] = optimizer.parts.relaxation(logits, optimizer.t)[:, -1]
        self._given = optimizer.parts.weights.given(beta, chosen)
        self._given.__enter__()
        self._training = optimizer.graph.training
        optimizer.graph.eval()
        # Without running statistics, a norm in evaluation mode goes by the batch.
        self._norms = [m for m in optimizer.graph.modules() if isinstance(m, nn.BatchNorm2d)]
        self._statistics = [(norm.running_mean, norm.running_var) for norm in self._norms]
        for norm in self._norms:
            norm.running_mean = norm.running_var = None

    def __exit__(self, *error: Any) -> None:
        for norm, statistics in zip(self._norms, self._statistics, strict=True):
            norm.running_mean, norm.running_var = statistics
        self.optimizer.graph.train(self._training)
        self._given.__exit__(None, None, None)


def foreign_row(optimizer: Any, trajectory: Any) -> Row:
    """The row of an epoch of NASLib's own optimizers: what they and the Trainer tell."""
    row: Row = {
        "epoch": len(trajectory.train_acc),
        "train_loss": trajectory.train_loss[-1],
        "train_acc": trajectory.train_acc[-1],
        "val_loss": trajectory.valid_loss[-1],
        "val_acc": trajectory.valid_acc[-1],
        "seconds": round(trajectory.runtime[-1], 3),
    }
    logits = [weight.detach().cpu() for weight in getattr(optimizer, "architectural_weights", ())]
    if [tuple(weight.shape) for weight in logits] == [(5,)] * 6:
        ops = nb201.naslib_to_ops([int(weight.argmax()) for weight in logits])
        row |= {
            "arch_str": nb201.ops_to_str(ops),
            "ops": list(ops),
            "index": nb201.ops_to_index(ops),
            "skip_count": ops.count(nb201.SKIP),
            "none_count": ops.count(nb201.NONE),
        }
    return row
