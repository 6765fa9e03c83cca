"""How weights and logits step."""

from naslib_edd.bilevel.first_order import FirstOrder
from naslib_edd.bilevel.meters import Meters

__all__ = ["FirstOrder", "Meters"]
