"""Logits to edge weights: pure tensor functions that know no network and no host."""

from naslib_edd.relaxation.auxiliary_skip import AuxiliarySkip
from naslib_edd.relaxation.base import Relaxation
from naslib_edd.relaxation.concrete import Concrete
from naslib_edd.relaxation.dirichlet import Dirichlet
from naslib_edd.relaxation.edge_weights import EdgeWeights
from naslib_edd.relaxation.entropy import entropy, mean_entropy
from naslib_edd.relaxation.gumbel import Gumbel
from naslib_edd.relaxation.linear import Linear
from naslib_edd.relaxation.masked import Masked
from naslib_edd.relaxation.ordered import Ordered
from naslib_edd.relaxation.reinmax import ReinMax
from naslib_edd.relaxation.sigmoid import Sigmoid
from naslib_edd.relaxation.simplex import Simplex, SimplexEdgeWeights
from naslib_edd.relaxation.sn_softmax import SnSoftmax, gradient_terms, sn_softmax
from naslib_edd.relaxation.softmax import Softmax
from naslib_edd.relaxation.uniform import Uniform

__all__ = [
    "AuxiliarySkip",
    "Concrete",
    "Dirichlet",
    "EdgeWeights",
    "Gumbel",
    "Linear",
    "Masked",
    "Ordered",
    "ReinMax",
    "Relaxation",
    "Sigmoid",
    "Simplex",
    "SimplexEdgeWeights",
    "SnSoftmax",
    "Softmax",
    "Uniform",
    "entropy",
    "gradient_terms",
    "mean_entropy",
    "sn_softmax",
]
