"""Every field of ``record.jsonl`` and ``result.json``: type, meaning, and when it is there.

The reference of what a run writes. A test holds it against the records of searches.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field: its type in JSON, what it says with its unit, and which runs have it."""

    type: str
    doc: str
    when: str = "always"


_SUPERNET = "searches with a supernet"
_TABLE = "where a benchmark table was found"
_ARCHITECTURE = {
    "arch_str": Field("text", "the architecture, as its search space writes it"),
    "ops": Field(
        "numbers",
        "its operation on each edge, by id (6 on NAS-Bench-201); null where the edge is gone",
    ),
    "index": Field(
        "number or null", "its number, 0 to 15624 on NAS-Bench-201; null where a space numbers none"
    ),
    "skip_count": Field("number or null", "edges that are skip_connect, where the space has it"),
    "none_count": Field("number or null", "edges that are none, where the space has it"),
    "warning": Field("text or null", "how the cell has collapsed, if it has"),
    "table": Field(
        "object", "what the table says of the architecture, for the record only", _TABLE
    ),
}
_FLOORS = {
    "queries": Field("number", "look-ups so far", "searches that look cells up"),
    "steered_by": Field(
        "text",
        "`table`: the search is told its accuracies; or the proxy that scores its cells",
        "searches without training",
    ),
    "query_val_acc": Field(
        "%", "validation accuracy of the best cell looked up", "searches that look cells up"
    ),
    "scored": Field("number", "architectures scored so far", "searches by a proxy"),
    "proxy_score": Field(
        "number or null", "the best score so far; null: minus infinity", "searches by a proxy"
    ),
}
_NETWORK = {
    "net_val_acc_batch": Field(
        "%",
        "accuracy of the discretised network with the supernet's weights on the whole val half, "
        "norms by the batch's statistics",
        _SUPERNET,
    ),
    "net_val_acc_running": Field(
        "%", "the same by running statistics", f"{_SUPERNET}, `running_statistics: true`"
    ),
}

#: A line of ``record.jsonl``: the state after an epoch.
ROW: dict[str, Field] = {
    "epoch": Field("number", "how many epochs are done, from 1"),
    "t": Field("number", "temperature of the epoch", _SUPERNET),
    "t_next": Field("number", "temperature of the next epoch", _SUPERNET),
    "d": Field("number or null", "EDD's step of exp(E(a)/t)", _SUPERNET),
    "entropy": Field("nats", "E[H(β)], mean over edges, at the epoch's t", _SUPERNET),
    "entropy_untempered": Field("nats", "the same of softmax(A) at t = 1", _SUPERNET),
    "learning_rate": Field("number", "of the weights, last step", _SUPERNET),
    "train_loss": Field(
        "nats", "the supernet's mean cross-entropy on the train half's batches", _SUPERNET
    ),
    "train_acc": Field("%", "the supernet's accuracy on them", _SUPERNET),
    "val_loss": Field(
        "nats", "the supernet's mean cross-entropy on the val half's batches", _SUPERNET
    ),
    "val_acc": Field("%", "the supernet's accuracy on them", _SUPERNET),
    "forward_norm": Field(
        "number or null", "mean norm of the first term of ∂l/∂logits, (1/t)·J(β_t)·g", _SUPERNET
    ),
    "noise_norm": Field("number or null", "mean norm of its noise term (sn-softmax)", _SUPERNET),
    "opposite_entries": Field(
        "0 to 1", "share of logits on which the two terms have opposite signs", _SUPERNET
    ),
    "opposite_steps": Field("0 to 1", "share of steps with at least one such logit", _SUPERNET),
    **_ARCHITECTURE,
    **_NETWORK,
    **_FLOORS,
    "logits": Field(
        "6 × 5 numbers", "logits A of the operations on the edges, after the epoch", _SUPERNET
    ),
    "edge_logits": Field(
        "6 numbers", "logits of the edges themselves", "partial channels with edge weights"
    ),
    "candidates": Field("number", "cells drawn and measured with the shared weights", "`rs_ws`"),
    "candidate_acc": Field("%", "validation accuracy of the best of them", "`rs_ws`"),
    "decided": Field(
        "6 numbers",
        "operation id of each edge that is decided, −1 where none is, null where it is gone",
        "`sgas`, `darts_pt` and their kin",
    ),
    "decision": Field(
        "object or null", "what this epoch decided", "`sgas`, `darts_pt` and their kin"
    ),
    "hessian_eigenvalue": Field(
        "number or null", "largest eigenvalue of ∇²_A of the val loss", "`darts_es`"
    ),
    "stop_epoch": Field("number", "the epoch that the search went back to", "`darts_es`, stopped"),
    "operations_left": Field(
        "6 numbers", "operations that are left on each edge", "`drnas_progressive`"
    ),
    "candidate": Field(
        "number or text", "the index (or the text) that this epoch decided on", "`zero_cost_pt`"
    ),
    "candidate_score": Field("number or null", "and its score", "`zero_cost_pt`"),
    "cells": Field("object", "operations by cell", "NASLib's engine"),
    "seconds": Field("s", "wall-clock time of the epoch; not the same in two equal runs"),
}

#: ``result.json``: what a run found.
RESULT: dict[str, Field] = {
    "optimizer": Field("text", "the method"),
    "dataset": Field("text", "the images of the search"),
    "seed": Field("number", "the run's seed"),
    "changed": Field("object", "settings of `search` off the method's own"),
    "epochs": Field("number", "how many were made"),
    "images": Field(
        "object",
        "how many the halves `train` and `val` have; on NASLib `test`, too, of which "
        "`limit_val` takes as many",
        "searches on images",
    ),
    "class_names": Field("list of texts", "in the order of the labels", "own data that name them"),
    **_ARCHITECTURE,
    **_FLOORS,
    "standing": Field(
        "object",
        "rank, regret and noise in the table, beside random search with as many look-ups",
        _TABLE,
    ),
    "tables": Field(
        "object",
        "what tables of other images say of the architecture, by name (`nb201`)",
        "data that are not NAS-Bench-201's",
    ),
    **_NETWORK,
    "net_test_acc_batch": Field(
        "%", "the same on the test images", f"{_SUPERNET}, data with test images"
    ),
    "net_test_acc_running": Field(
        "%", "the same by running statistics", f"{_SUPERNET}, data with test images"
    ),
    "engine": Field("text", "`naslib`", "NASLib's engine"),
    "final": Field("text", "the architecture as NASLib has it", "NASLib's engine"),
    "cells": Field("object", "operations by cell", "NASLib's engine"),
    "ran_on": Field(
        "list of objects",
        "program, processor, threads and kernels, and from which epoch (`from_epoch`, 0-based) on",
        "always",
    ),
    "seconds": Field("s", "the sum over epochs"),
}
