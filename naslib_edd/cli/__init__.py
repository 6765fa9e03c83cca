"""The command line: `naslib-edd`."""
