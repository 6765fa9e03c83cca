"""The networks: a plain supernet, the fast one that equals it, and one architecture's own."""

from naslib_edd.supernet.base import Supernet
from naslib_edd.supernet.fast import FastSupernet
from naslib_edd.supernet.network import ArchitectureNetwork, build
from naslib_edd.supernet.partial import PlainPartialSupernet
from naslib_edd.supernet.partial_fast import FastPartialSupernet
from naslib_edd.supernet.plain import PlainSupernet
from naslib_edd.supernet.skeleton import NB201Supernet

__all__ = [
    "ArchitectureNetwork",
    "FastPartialSupernet",
    "FastSupernet",
    "NB201Supernet",
    "PlainPartialSupernet",
    "PlainSupernet",
    "Supernet",
    "build",
]
