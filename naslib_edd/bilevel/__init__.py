"""How weights and logits step."""

from naslib_edd.bilevel.exponentiated_gradient import ExponentiatedGradient
from naslib_edd.bilevel.first_order import FirstOrder
from naslib_edd.bilevel.gibbs import Gibbs
from naslib_edd.bilevel.meters import Meters
from naslib_edd.bilevel.second_order import SecondOrder
from naslib_edd.bilevel.single_level import SingleLevel

__all__ = ["ExponentiatedGradient", "FirstOrder", "Gibbs", "Meters", "SecondOrder", "SingleLevel"]
