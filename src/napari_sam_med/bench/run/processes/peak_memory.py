"""The most memory that this process has held."""

from __future__ import annotations

import sys

KIB = 1024


def peak_memory_bytes() -> int:
    """Ask the system for the largest resident set of this process so far.

    Returns
    -------
    int
        Bytes; 0 on a system that does not tell, such as Windows.
    """
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * KIB
