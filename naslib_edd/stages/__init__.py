"""What acts at the boundaries of epochs."""

from naslib_edd.stages.base import Search, Stage

__all__ = ["Search", "Stage"]
