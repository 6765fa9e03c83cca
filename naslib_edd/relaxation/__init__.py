"""Logits to edge weights: pure tensor functions that know no network and no host."""

from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.edge_weights import EdgeWeights
from naslib_edd.relaxation.entropy import entropy, mean_entropy
from naslib_edd.relaxation.gumbel import Gumbel
from naslib_edd.relaxation.masked import Masked
from naslib_edd.relaxation.sn_softmax import SnSoftmax, gradient_terms, sn_softmax
from naslib_edd.relaxation.softmax import Softmax
from naslib_edd.relaxation.uniform import Uniform

__all__ = [
    "EdgeWeights",
    "Gumbel",
    "Masked",
    "Relaxation",
    "SnSoftmax",
    "Softmax",
    "Uniform",
    "entropy",
    "gradient_terms",
    "mean_entropy",
    "sn_softmax",
]
