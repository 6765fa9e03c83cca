"""Freed memory stays: in a settled heap a freed block is there again without page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Prints whether some ten rounds in a row came to touch no page anew. A block is of 64 MB: above
#: 32 MiB glibc never learns by itself to keep it. The heap may need some rounds to settle, since
#: small allocations land between the blocks.
PROGRAM = """
import resource, sys
import numpy as np
from naslib_edd.cli.allocator import keep_freed_memory
if "keep" in sys.argv and not keep_freed_memory():
    sys.exit("no glibc")
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
quiet = 0
for _ in range(100):
    before = faults()
    np.ones(16_000_000, np.float32)
    quiet = quiet + 1 if faults() - before < 10 else 0
    if quiet == 10:
        break
print(quiet == 10)
"""


def settles(*arguments: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    if "no glibc" in done.stderr:
        pytest.skip("not on glibc")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() == "True"


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux' page faults")
def test_blocks_are_kept() -> None:
    assert settles("keep")
    assert not settles()
