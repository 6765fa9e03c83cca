"""What the weight step does to β before it trains the weights."""

from naslib_edd.bilevel.perturbed.ball import (
    AdversarialPerturbation,
    RandomPerturbation,
    to_simplex,
)
from naslib_edd.bilevel.perturbed.base import Perturbation

__all__ = ["AdversarialPerturbation", "Perturbation", "RandomPerturbation", "to_simplex"]
