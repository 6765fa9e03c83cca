"""Freed memory stays: a block that was freed is there again without page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from naslib_edd.allocator import keep_freed_memory
if "keep" in sys.argv and not keep_freed_memory():
    sys.exit("no glibc")
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():  # some 100 MB in blocks of several sizes, made and freed as a training step does
    held = [torch.ones(n * 1_000_000) for n in (3, 1, 4, 2, 5, 3)]
    for place in (1, 4, 0):
        held[place] = held[place] + 1
for _ in range(10):
    step()
before = faults()
for _ in range(10):
    step()
print(faults() - before)
"""


def faults(*arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    if "no glibc" in done.stderr:
        pytest.skip("not on glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux' page faults")
def test_blocks_are_kept() -> None:
    kept = faults("keep")
    assert kept < 0.1 * faults()
