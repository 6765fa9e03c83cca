"""The parts of ``benchmarks/speed.py``: who races, how it is timed, how it is shown."""
