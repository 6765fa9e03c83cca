"""After each epoch on NASLib: the row, looked up in the table, in record.jsonl and errors.json.

NASLib itself queries no one-shot search before its end. The architecture is read off the logits:
no random number is drawn, nothing is unparsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from naslib_edd.config.settings.images import measured
from naslib_edd.errors import Diverged, UserError
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.fast import TiedSupernet
from naslib_edd.plugin.layout import SKIPS, ZEROS
from naslib_edd.plugin.queues import Queues
from naslib_edd.spaces.edge_column import split
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.collapse import warning_of
from naslib_edd.storage.files import write_text
from naslib_edd.storage.lines import line_of, read_lines
from naslib_edd.storage.record import Row, RunFolder, plain
from naslib_edd.supernet.layers import Statistics

if TYPE_CHECKING:
    from naslib_edd.data import ImageSet
    from naslib_edd.tables import Table


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
        #: How many images the halves have; of NASLib's loaders once they are made.
        self.images: dict[str, int] | None = None
        if queues is not None:
            self.images = {"train": len(queues.data.train), "val": len(queues.data.val)}

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
        write_text(self.folder.record, "".join(map(line_of, self.rows)))
        trajectory.arch_eval[:] = [plain(row) for row in self.rows]
        return new

    def check_record(self, history: Sequence[Row]) -> None:
        """Raise UserError if the record in the folder is not of the checkpoint's run.

        Args:
            history: the checkpoint's rows; the last may lack what is measured after it.
        """
        record = self.folder.record
        lines = read_lines(record) if record.exists() else []
        for line, row in zip(lines, history, strict=False):
            held = plain(row)
            if line.row is not None and any(
                line.row.get(key) != held[key] for key in ("epoch", "seconds", "logits")
            ):
                raise UserError(
                    f"line {line.number} of {record} is not what this run wrote there: the record "
                    "is another run's, or was changed by hand; take it away or put the run's own "
                    "back"
                )

    @property
    def statistics(self) -> list[Statistics]:
        """The statistics with which the discretised network is measured after each epoch.

        None without our images. ``running`` only where every norm of the graph keeps some: on
        NB201, NASLib's cells keep none.
        """
        if self.queues is None or not isinstance(self.optimizer, Adapter):
            return []
        norms = _norms(self.optimizer.graph)
        return measured(
            self.optimizer.settings.eval_statistics,
            running=all(norm.running_mean is not None for norm in norms),
        )

    def accuracy(self, images: ImageSet, statistics: Statistics) -> float:
        """Accuracy, %, of the discretised network with the shared weights."""
        assert self.queues is not None
        optimizer, correct = self.optimizer, 0
        with torch.no_grad(), scorer(optimizer, statistics) as scores:
            for x, labels in self.queues.whole(images):
                correct += int((scores(x).argmax(1) == labels).sum())
        return 100.0 * correct / len(images)

    def _complete(self, row: Row) -> None:
        if not all(torch.isfinite(torch.tensor(row[k])) for k in ("train_loss", "val_loss")):
            raise Diverged(
                f"the loss is not a finite number in epoch {row['epoch']}; try a lower "
                "search.learning_rate or search.grad_clip"
            )
        for kind in self.statistics:
            assert self.queues is not None
            row[f"net_val_acc_{kind}"] = self.accuracy(self.queues.data.val, kind)
        if self.table is not None and "index" in row:
            row["table"] = self.table.query(row["index"]).as_dict()
        row["warning"] = warning_of(row["ops"]) if "index" in row else None


@contextmanager
def scorer(optimizer: Adapter, statistics: Statistics) -> Iterator[Callable[[Tensor], Tensor]]:
    """Images → class scores of the discretised network, by the fast supernet where there is one."""
    supernet = optimizer.supernet
    if not isinstance(supernet, TiedSupernet):
        with discretised(optimizer, statistics):
            yield optimizer.graph
        return
    beta, _ = one_hot(optimizer)
    operations, edges = split(optimizer.layout.written(beta), optimizer.layout.operations)
    ops = operations.argmax(-1).tolist()
    yield lambda images: supernet.discretised(images, ops, statistics, edges)


class discretised:  # noqa: N801
    """While it lasts, the graph computes only the architecture of the logits.

    Norms go by the batch or by their running statistics. Nothing of the graph is changed by a
    pass, not even running statistics; no random number is drawn.
    """

    def __init__(self, optimizer: Adapter, statistics: Statistics) -> None:
        self.optimizer, self.by_batch = optimizer, statistics == "batch"

    def __enter__(self) -> None:
        optimizer = self.optimizer
        self._given = optimizer.parts.weights.given(*one_hot(optimizer))
        self._given.__enter__()
        self._training = optimizer.graph.training
        optimizer.graph.eval()
        self._norms = _norms(optimizer.graph) if self.by_batch else []
        self._statistics = [(norm.running_mean, norm.running_var) for norm in self._norms]
        # Without running statistics, a norm in evaluation mode goes by the batch.
        for norm in self._norms:
            norm.running_mean = norm.running_var = None

    def __exit__(self, *error: Any) -> None:
        for norm, statistics in zip(self._norms, self._statistics, strict=True):
            norm.running_mean, norm.running_var = statistics
        self.optimizer.graph.train(self._training)
        self._given.__exit__(None, None, None)


def one_hot(optimizer: Adapter) -> tuple[Tensor, list[int]]:
    """β and the operations of the discretised network with the shared weights.

    A row is one-hot; zero on an edge that the space does not keep. Edges that have weights of
    their own keep them, for the shared weights know no others.
    """
    layout, relaxation = optimizer.layout, optimizer.parts.relaxation
    logits = optimizer.logits.detach()
    chosen = optimizer.chosen()
    kept = optimizer.kept_operations()
    if layout.truncated:
        for row, edge in enumerate(layout.edges):
            free = [n for n, name in enumerate(edge.operations) if name in (*ZEROS, *SKIPS)]
            chosen[row] = kept.get(row, free[0])  # what is weighed by 0 should cost nothing
    beta = torch.zeros_like(logits)
    for row, number in kept.items():
        beta[row, number] = 1.0
    edges = relaxation.edge_weights(logits)
    if edges is not None:
        rows = list(kept)
        beta[rows, -1] = edges[rows]
    return beta, chosen


def _norms(graph: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in graph.modules() if isinstance(module, nn.BatchNorm2d)]


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
