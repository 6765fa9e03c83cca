"""Logits to architecture."""

from naslib_edd.selection.argmax import argmax_ops

__all__ = ["argmax_ops"]
