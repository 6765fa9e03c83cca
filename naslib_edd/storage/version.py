"""The version, as records and pages carry it: its module imports nothing of the package."""

__version__ = "0.1.0"
