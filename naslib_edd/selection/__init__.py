"""Logits to architecture."""

from naslib_edd.selection.argmax import argmax_ops
from naslib_edd.selection.early_stop import stop_epoch
from naslib_edd.selection.greedy import edge_scores
from naslib_edd.selection.perturbation import most_missed

__all__ = ["argmax_ops", "edge_scores", "most_missed", "stop_epoch"]
