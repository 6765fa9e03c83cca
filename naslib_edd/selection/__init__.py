"""Logits to architecture."""

from naslib_edd.selection.argmax import argmax_ops
from naslib_edd.selection.drawn import drawn
from naslib_edd.selection.early_stop import stop_epoch
from naslib_edd.selection.greedy import edge_scores
from naslib_edd.selection.perturbation import cheapest_removals, costliest_removal
from naslib_edd.selection.top_edges import top_edges

__all__ = [
    "argmax_ops",
    "cheapest_removals",
    "costliest_removal",
    "drawn",
    "edge_scores",
    "stop_epoch",
    "top_edges",
]
