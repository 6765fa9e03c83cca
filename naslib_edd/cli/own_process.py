"""What a long command does to its process, since that is its own."""

from __future__ import annotations

from naslib_edd.cli.allocator import keep_freed_memory
from naslib_edd.cli.compiler import leave_compiler_out


def settle(*, compiles: bool = False) -> None:
    """Keep freed memory, and leave torch's compiler out unless something is to be compiled."""
    keep_freed_memory()
    if not compiles:
        leave_compiler_out()
