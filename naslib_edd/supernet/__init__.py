"""The networks: a plain supernet, the fast one that equals it, and one architecture's own."""

from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.fast_partial import FastPartialSupernet
from naslib_edd.spaces.nb201.network import ArchitectureNetwork, build
from naslib_edd.spaces.nb201.partial import PlainPartialSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.skeleton import NB201Supernet
from naslib_edd.supernet.base import Supernet

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
