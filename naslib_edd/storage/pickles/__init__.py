"""Pickles that come from anyone, read without running what they name and within bounds.

:func:`read_pickle` reads one, :class:`Machine` several of one file. Nothing here needs PyTorch.
"""

from naslib_edd.storage.pickles.faults import Forbidden, PickleFault
from naslib_edd.storage.pickles.machine import Machine
from naslib_edd.storage.pickles.reading import read_pickle
from naslib_edd.storage.pickles.standins import PLAIN, Foreign, Holder, Maker, holder
from naslib_edd.storage.pickles.stream import Stream

__all__ = [
    "PLAIN",
    "Forbidden",
    "Foreign",
    "Holder",
    "Machine",
    "Maker",
    "PickleFault",
    "Stream",
    "holder",
    "read_pickle",
]
