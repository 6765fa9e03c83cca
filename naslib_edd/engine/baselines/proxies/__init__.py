"""Scores of untrained networks that are meant to rank what they would reach if trained.

========  =================================================================================
nwot      how differently a network's ReLUs answer to the images of a batch
synflow   how much all its weights carry from input to output, without any image
jacov     how little its input gradients of different images are correlated
========  =================================================================================

Higher is better. Each takes any network of :mod:`naslib_edd.supernet`: one architecture's own, or
a plain supernet under given edge weights.
"""

from naslib_edd.engine.baselines.proxies.jacov import jacov
from naslib_edd.engine.baselines.proxies.nwot import nwot
from naslib_edd.engine.baselines.proxies.synflow import synflow
from naslib_edd.engine.baselines.proxies.under import Under

__all__ = ["Under", "jacov", "nwot", "synflow"]
