"""What acts at the boundaries of epochs."""

from naslib_edd.stages.base import Search, Stage
from naslib_edd.stages.best_of import BestOf
from naslib_edd.stages.early_stop import EarlyStop
from naslib_edd.stages.greedy import Greedy
from naslib_edd.stages.perturbation import PerturbationSelection

__all__ = ["BestOf", "EarlyStop", "Greedy", "PerturbationSelection", "Search", "Stage"]
