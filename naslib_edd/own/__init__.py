"""Methods of one's own: any part of a known method replaced, or added to it.

``register_method`` gives them a name, after which ``optimizer: NAME`` works as for any other.
"""

from naslib_edd.own.register import register_method

__all__ = ["register_method"]
