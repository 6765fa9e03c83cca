"""Keep freed memory instead of giving it back to the kernel after every step.

glibc maps a large block anew each time it is asked for, and every first touch of a page is a page
fault. A training step makes and frees the same blocks over and over: on a CPU the faults were a
fifth of the supernet's first stage. PyTorch has a caching allocator on GPUs only.
"""

from __future__ import annotations

import ctypes

#: Parameters of glibc's mallopt (malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: The largest values that it takes: never trim, map only blocks of a GiB and more.
_NEVER, _GIB = 2**31 - 1, 2**30


def keep_freed_memory() -> bool:
    """Ask glibc to keep what is freed, for the whole process; False where there is no glibc.

    The process then holds as much memory as it ever needed at once, to its end.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _GIB) and mallopt(_TRIM_THRESHOLD, _NEVER))
