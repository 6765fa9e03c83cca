"""What the weight step does to β before it trains the weights."""

from naslib_edd.perturbation.base import Perturbation

__all__ = ["Perturbation"]
