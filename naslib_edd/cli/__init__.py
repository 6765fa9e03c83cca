"""The command line: `naslib-edd`."""

from naslib_edd.cli.commands import main

__all__ = ["main"]
