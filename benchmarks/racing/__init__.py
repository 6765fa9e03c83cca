"""The speed benchmark, ``benchmarks/speed.py``: who races, how it is timed, and what is written.

From the bottom: ``steps`` (a step's shape and seconds), ``rivals``, ``floor``, ``compare`` (ratios,
goals), ``entrants`` (races), ``record`` (pieces), ``cpu`` and ``gpu`` (which pieces), ``show``.
"""
