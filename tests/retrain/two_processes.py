"""A process of a test of several: trains by torchrun's environment. Run, not imported."""

import sys

from retrain_small import run

if __name__ == "__main__":
    from pathlib import Path

    arch, recipe, out, data, *settings = sys.argv[1:]
    run(arch, recipe, settings, Path(out), data=data)
