"""What acts at the boundaries of epochs."""

from naslib_edd.stages.base import Search, Stage
from naslib_edd.stages.best_of import BestOf

__all__ = ["BestOf", "Search", "Stage"]
